"""What is done for the shop in the background, each minute, a bounded number at a time."""

import logging
import time
from datetime import timedelta

from django.utils import timezone

from luffy.celery import app
from luffy.outside.failures import OutsideError
from shop import asking, metrics, refunds
from shop.failures import PaymentNotConfigured
from shop.models import Order, OrderKey, Refund

logger = logging.getLogger(__name__)

AT_ONCE = 100
# Half the time limit of a task: the last order may need three questions, each answered late.
LONGEST_S = 30.0
KEYS_KEPT = timedelta(days=7)


@app.task(name="shop.expire_orders")
def expire_orders() -> None:
    """End the orders whose time is over, after the gateway said that nobody paid."""
    now = timezone.now()
    due = Order.objects.filter(order_status=Order.Status.UNPAID, expires__lte=now)
    due = due.filter(next_ask__lte=now)
    asked = _ask_about(list(due.order_by("expires", "pk")[:AT_ONCE]))
    logger.info("%d orders whose time is over were asked about", asked)
    OrderKey.objects.filter(created__lte=now - KEYS_KEPT).delete()
    metrics.hand_over()


@app.task(name="shop.reconcile")
def reconcile() -> None:
    """Ask the gateway about orders that it may know more of, those that waited longest first."""
    now = timezone.now()
    due = Order.objects.filter(next_ask__lte=now)
    due = due.exclude(order_status=Order.Status.UNPAID, expires__lte=now)
    asked = _ask_about(list(due.order_by("next_ask", "pk")[:AT_ONCE]))
    logger.info("%d orders were asked about", asked)
    metrics.hand_over()


@app.task(name="shop.finish_refunds")
def finish_refunds() -> None:
    """Go on with refunds that the gateway has not answered."""
    began = time.monotonic()
    due = Refund.objects.filter(state=Refund.State.ASKED, next_try__lte=timezone.now())
    tried = 0
    for refund in due.select_related("order").order_by("next_try", "pk")[:AT_ONCE]:
        if time.monotonic() - began > LONGEST_S:
            break
        refunds.carry_out(refund)
        tried += 1
    logger.info("%d open refunds were gone on with", tried)
    metrics.hand_over()


def _ask_about(orders: list[Order]) -> int:
    began = time.monotonic()
    for number, order in enumerate(orders):
        if time.monotonic() - began > LONGEST_S:
            return number
        try:
            asking.ask(order)
        except (OutsideError, PaymentNotConfigured) as error:
            logger.warning("order %s: no answer yet: %s", order.out_trade_no, error)
    return len(orders)
