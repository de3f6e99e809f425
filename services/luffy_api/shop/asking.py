"""Asks the gateway what became of an order that is not known to be paid, and does what follows.

An order is asked about after one minute, two, four …, and when its time is over; one that ended
unpaid is asked about until its trade is surely closed. `Order.next_ask` says when, and is empty
when the gateway has nothing more to tell.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from luffy.outside.failures import OutsideError, RefusedError
from shop import metrics, states
from shop.failures import PaymentNotConfigured
from shop.models import Order, Payment
from shop.payment import provider
from shop.payment.provider import Trade, TradeState
from shop.states import Money, MoneyMismatchError

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# A page that was opened late may be paid for a minute after the order's end (`payment.alipay`).
LAST_MOMENT = timedelta(minutes=2)
# With the gateway silent for so long after an order's end, its coupon is not kept any longer.
GIVE_UP_WAITING = timedelta(hours=6)
# Alipay keeps an unpaid trade for 15 days at most.
GIVE_UP_ASKING = timedelta(days=16)


def ask(order: Order) -> None:
    """Ask the gateway about `order`, and settle, close or end it by its answer.

    Raises:
        OutsideError: it did not answer, or nonsense; it is asked again later.
        PaymentNotConfigured: there is none to ask.
    """
    try:
        trade = provider().trade(order.out_trade_no)
        if trade.state == TradeState.WAITING and _is_over(order):
            trade = _closed(order)
    except (OutsideError, PaymentNotConfigured):
        _without_answer(order)
        raise
    if trade.state == TradeState.PAID:
        _settle(order, trade)
    elif trade.state == TradeState.CLOSED:
        _end(order)
        _ask_no_more(order)
    elif trade.state == TradeState.WAITING and _is_over(order):
        # It was not closed, nor paid: it may be paid yet.
        _without_answer(order)
    elif _is_over(order):
        # Absent: nobody opened its page, and that must stay so to the last moment.
        _end(order)
        if order.expires + LAST_MOMENT <= timezone.now():
            _ask_no_more(order)
        else:
            _ask_at(order, order.expires + LAST_MOMENT)
    else:
        _ask_later(order)


def first_ask(order: Order) -> None:
    """Set when an order is asked about first. It is not saved here."""
    order.next_ask = min(timezone.now() + SHORTEST_PAUSE, order.expires)


def _is_over(order: Order) -> bool:
    return order.order_status in states.ENDED_UNPAID or order.expires <= timezone.now()


def _closed(order: Order) -> Trade:
    """The trade after it was closed, or as it is if somebody paid in between."""
    gateway = provider()
    try:
        gateway.close(order.out_trade_no)
    except RefusedError as refusal:
        logger.info("order %s could not be closed: %s", order.out_trade_no, refusal.code)
        return gateway.trade(order.out_trade_no)
    return Trade(TradeState.CLOSED)


def _settle(order: Order, trade: Trade) -> None:
    money = Money(order.out_trade_no, trade.trade_no, trade.amount, Payment.Source.ASKED)
    try:
        if states.settle(money) != states.Settled.KNOWN:
            metrics.count_order("paid")
    except MoneyMismatchError as error:
        # Nothing that asking again could mend: somebody has to look.
        logger.error("the gateway's money for order %s: %s", order.out_trade_no, error)
        _ask_later(order)


def _end(order: Order) -> None:
    """End an unpaid order whose trade is closed or was never opened."""
    if order.order_status != Order.Status.UNPAID:
        return
    if states.time_out(order.out_trade_no):
        metrics.count_order("timed_out")


def _without_answer(order: Order) -> None:
    """Ask later; do not keep a coupon for an order that ended long ago."""
    if order.expires + GIVE_UP_WAITING <= timezone.now():
        _end(order)
    _ask_later(order)


def _ask_later(order: Order) -> None:
    now = timezone.now()
    if order.created + GIVE_UP_ASKING <= now:
        logger.error("order %s: the gateway was asked in vain for days", order.out_trade_no)
        _ask_no_more(order)
        return
    pause = min(SHORTEST_PAUSE * 2 ** min(order.asks, 10), LONGEST_PAUSE)
    at = now + pause
    # The end of its time is never missed.
    _ask_at(order, min(at, order.expires) if now < order.expires else at)


def _ask_at(order: Order, at: datetime) -> None:
    _open(order).update(next_ask=at, asks=order.asks + 1)


def _ask_no_more(order: Order) -> None:
    _open(order).update(next_ask=None)


def _open(order: Order) -> QuerySet[Order]:
    """The order's row while it waits for an answer: one that was paid meanwhile does not."""
    return Order.objects.filter(
        pk=order.pk, order_status__in=(Order.Status.UNPAID, *states.ENDED_UNPAID)
    )
