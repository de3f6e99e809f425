"""Sends a buyer to the gateway."""

from django.utils import timezone

from shop.failures import NotUnpaid
from shop.models import Order
from shop.payment import provider
from shop.payment.provider import Bill


def can_be_paid(order: Order) -> bool:
    """Whether an order waits to be paid."""
    return order.order_status == Order.Status.UNPAID and order.expires > timezone.now()


def pay_url(order: Order) -> str:
    """Where the buyer's browser goes to pay.

    Raises:
        NotUnpaid: there is nothing to pay any more.
        PaymentNotConfigured: there is nobody to pay.
    """
    if not can_be_paid(order):
        raise NotUnpaid
    return provider().pay_url(
        Bill(order.out_trade_no, order.subject, order.total_amount, order.expires)
    )
