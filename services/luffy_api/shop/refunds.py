"""Gives money back through the gateway, once for each refund, until it is known what came of it."""

import logging
from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from luffy.outside.failures import OutsideError, RefusedError
from shop import metrics, states
from shop.failures import PaymentNotConfigured
from shop.models import Refund
from shop.payment import provider

logger = logging.getLogger(__name__)

SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
# The shop's own refunds are asked for again although they were refused: money may be short today.
GIVE_UP = timedelta(days=7)


def refund(
    out_trade_no: str,
    detail_ids: Collection[int] | None,
    reason: str,
    by: User,
    out_request_no: str,
) -> Refund:
    """Give back what some details of an order cost, or all that are left, and tell what came of it.

    `out_request_no` is the caller's: the same is the same refund, however often it is asked for.
    An answer that is lost leaves it `ASKED`; `shop.finish_refunds` goes on with it.

    Raises:
        CannotRefund: the order is not paid, or a detail is not its own or was refunded already.
    """
    row = states.begin_refund(out_trade_no, detail_ids, reason, by, out_request_no)
    metrics.refunds.labels("asked").inc()
    if row.state == Refund.State.ASKED:
        carry_out(row)
    row.refresh_from_db()
    return row


def carry_out(row: Refund) -> None:
    """Have the gateway give it back, and record what is known then."""
    if not row.amount:
        _end(row, done=True)
        return
    order = row.order
    try:
        provider().refund(order.out_trade_no, row.out_request_no, row.amount, row.reason)
    except RefusedError as refusal:
        logger.error("refund %s was refused: %s", row.out_request_no, refusal.code)
        if row.by_name or row.created + GIVE_UP <= timezone.now():
            _end(row, done=False, failure=refusal.code)
        else:
            _try_later(row, refusal.code)
    except (OutsideError, PaymentNotConfigured) as error:
        logger.warning("refund %s is left open: %s", row.out_request_no, error)
        _try_later(row, "")
    else:
        _end(row, done=True)


def _end(row: Refund, *, done: bool, failure: str = "") -> None:
    states.end_refund(row, done=done, failure=failure)
    metrics.refunds.labels("done" if done else "failed").inc()


def _try_later(row: Refund, failure: str) -> None:
    pause = min(SHORTEST_PAUSE * 2 ** min(row.tries, 10), LONGEST_PAUSE)
    Refund.objects.filter(pk=row.pk, state=Refund.State.ASKED).update(
        next_try=timezone.now() + pause, tries=row.tries + 1, failure=failure[:80]
    )
    metrics.refunds.labels("left_open").inc()
