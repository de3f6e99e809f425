"""What the shop hands over of a person, and what is left of one who leaves."""

from collections.abc import Callable

import pytest

from accounts import personal_data
from course.models import Course
from shop.models import CartItem, CouponUse, Order, OrderKey, Payment
from shop.tasks import finish_refunds
from tests.buyers import Buyer, coupon, notify, state
from tests.payment_gateway import PaymentGateway

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]


def test_orders_and_cart_are_handed_over(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon()
    knots, sails = make_course("Knots", price=39), make_course("Sails")
    buyer.post("cart/", course=sails.pk)
    paid = gateway.pay(buyer.pay_url(knots, coupon="AUTUMN", total="35.10", subject="For Ann"))
    notify(gateway.notification(paid))
    buyer.order(sails)
    shop = buyer.get("user/export/").json()["shop"]
    assert shop["cart"] == ["Sails"]
    first, second = shop["orders"]
    assert first["number"] == paid
    assert (first["subject"], first["total"], first["coupon"]) == ("For Ann", "35.10", "AUTUMN")
    assert first["gateway_number"] == gateway.deals[paid].trade_no
    assert first["courses"] == [{"name": "Knots", "price": "39.00", "paid": "35.10"}]
    assert (second["paid"], second["gateway_number"], second["coupon"]) == (None, None, None)


def test_who_leaves_leaves_the_money_records_without_a_name(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon()
    knots, sails = make_course("Knots", price=39), make_course("Sails", price=39)
    buyer.post("cart/", course=sails.pk)
    paid = gateway.pay(buyer.pay_url(knots, subject="For Ann", key="anns-key"))
    notify(gateway.notification(paid))
    open_url = buyer.pay_url(sails, coupon="AUTUMN", total="35.10")
    unpaid = gateway.open(open_url)["out_trade_no"]
    personal_data.forget(buyer.user)
    assert not CartItem.objects.exists()
    assert not OrderKey.objects.exists()
    assert set(Order.objects.values_list("subject", flat=True)) == {""}
    assert Order.objects.get(out_trade_no=paid).user.username.startswith("deleted_")
    assert str(Payment.objects.get().amount) == "39.00"
    assert state(unpaid) == "CANCELLED"
    assert CouponUse.objects.get().freed is not None
    # Money that comes yet goes back: there is nobody to give a course to.
    gateway.pay(open_url)
    assert notify(gateway.notification(unpaid)) == "success"
    finish_refunds()
    assert state(unpaid) == "REFUNDED"
