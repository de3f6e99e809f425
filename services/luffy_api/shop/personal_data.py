"""What the shop knows of a person."""

from typing import Any

from accounts.models import User
from shop import states
from shop.models import CartItem, Order, OrderKey


def export(user: User) -> dict[str, Any]:
    """The cart and every order, with what was paid and given back."""
    cart = CartItem.objects.filter(user=user).select_related("course").order_by("pk")
    orders = Order.objects.filter(user=user).select_related("coupon", "payment").order_by("pk")
    return {
        "cart": [row.course.name for row in cart],
        "orders": [_order(order) for order in orders.prefetch_related("details", "refunds")],
    }


def forget(user: User) -> None:
    """Cancel what is unpaid and forget the cart. Orders stay as the accounts need them: they lead
    to a row without a name, and hold no word that the person wrote."""
    unpaid = Order.objects.filter(user=user, order_status=Order.Status.UNPAID)
    for number in unpaid.order_by("pk").values_list("out_trade_no", flat=True):
        states.cancel(number)
    CartItem.objects.filter(user=user).delete()
    OrderKey.objects.filter(user=user).delete()
    Order.objects.filter(user=user).update(subject="")


def _order(order: Order) -> dict[str, Any]:
    payment = getattr(order, "payment", None)
    return {
        "number": order.out_trade_no,
        "subject": order.subject,
        "placed": order.created.isoformat(),
        "state": order.get_order_status_display(),
        "total": str(order.total_amount),
        "discount": str(order.discount),
        "coupon": order.coupon.code if order.coupon else None,
        "paid": order.pay_time.isoformat() if order.pay_time else None,
        "gateway_number": payment.trade_no if payment else None,
        "courses": [
            {"name": row.name, "price": str(row.price), "paid": str(row.real_price)}
            for row in order.details.all()
        ],
        "refunds": [
            {"amount": str(row.amount), "state": row.state, "asked": row.created.isoformat()}
            for row in order.refunds.all()
        ],
    }
