"""Every change of an order's state, each in one transaction under the same locks.

    UNPAID ──── paid ────────────► PAID ◄── failed, or a part ──┐
      │ │                            │                           │
      │ └─ cancelled ─► CANCELLED    └─ asked for ─► REFUNDING ──┴─ all done ─► REFUNDED
      └─── timed out ─► TIMED_OUT

Money that comes for a CANCELLED or TIMED_OUT order is late. If all its courses can still be given,
and its coupon is still free, the order becomes PAID; else all of it is given back. Of money that
comes in time, what it can give nothing for (a course that the buyer got in between, or that was
deleted) is given back. Neither waits for anybody: a refund is recorded with the payment, and
`shop.refunds` carries it out.

Locks are taken in one order everywhere: user, courses by id, coupon, order.
"""

import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from course.models import Course
from learning.enrolment import enrol, enrolled_ids, withdraw
from learning.models import Enrolment
from shop import coupons
from shop.failures import CannotRefund, NotUnpaid
from shop.models import CartItem, Coupon, Order, OrderDetail, Payment, Refund
from shop.prices import NOTHING
from shop.transactions import in_transaction

logger = logging.getLogger(__name__)

Status = Order.Status
ENDED_UNPAID = (Status.CANCELLED, Status.TIMED_OUT)
NOTHING_TO_GIVE = "Nothing could be given for this money"
LONGEST_FAILURE = 80


class MoneyMismatchError(Exception):
    """Money does not fit its order; nothing was changed. The text tells why."""


class Settled(StrEnum):
    """What became of money."""

    PAID = "paid"
    PARTLY_RETURNED = "partly_returned"
    RETURNED = "returned"
    KNOWN = "known"


@dataclass(frozen=True)
class Money:
    """What the gateway received for an order."""

    out_trade_no: str
    trade_no: str
    amount: Decimal
    source: Payment.Source


@dataclass
class _Locked:
    """An order and all that changes with it, locked."""

    user: User
    courses: dict[int, Course]
    coupon: Coupon | None
    order: Order
    details: list[OrderDetail]

    @property
    def takeable(self) -> set[int]:
        """The courses of the order that its buyer can be given now."""
        if not self.user.is_active:
            return set()
        there = {pk for pk, course in self.courses.items() if not course.is_delete}
        return there - enrolled_ids(self.user, there)


def pay_nothing(order: Order) -> None:
    """Make an order paid that was just placed in this transaction and costs nothing."""
    locked = _lock(order.out_trade_no)
    _give(locked, locked.takeable)
    _paid(locked.order, "")
    order.refresh_from_db()


def settle(money: Money) -> Settled:
    """Record that the gateway received money, and do what follows of it. Done once, however often
    it is told.

    Raises:
        MoneyMismatchError: there is no such order, or the money is not what it costs.
    """
    settled = in_transaction(lambda: _settle(money))
    logger.info("money for order %s: %s", money.out_trade_no, settled)
    return settled


def cancel(out_trade_no: str) -> None:
    """Cancel an unpaid order; its coupon is free again.

    Raises:
        NotUnpaid: it is not unpaid.
    """
    if not in_transaction(lambda: _end_unpaid(out_trade_no, Status.CANCELLED)):
        raise NotUnpaid


def time_out(out_trade_no: str) -> bool:
    """End an order that was not paid in time, and tell whether it was this call that did."""
    return in_transaction(lambda: _end_unpaid(out_trade_no, Status.TIMED_OUT))


def begin_refund(
    out_trade_no: str,
    detail_ids: Collection[int] | None,
    reason: str,
    by: User,
    out_request_no: str,
) -> Refund:
    """Record that some details of a paid order, or all that are left, are to be given back.

    The same `out_request_no` is the same refund.

    Raises:
        CannotRefund: the order is not paid, or a detail is not its own or was refunded already.
    """

    def work() -> Refund:
        locked = _lock(out_trade_no)
        known = Refund.objects.filter(order=locked.order, out_request_no=out_request_no).first()
        if known is not None:
            return known
        if locked.order.order_status != Status.PAID:
            raise CannotRefund
        left = {detail.pk: detail for detail in locked.details if detail.refund_id is None}
        wanted = set(left) if detail_ids is None else set(detail_ids)
        if not wanted or not wanted <= set(left):
            raise CannotRefund
        chosen = [left[pk] for pk in sorted(wanted)]
        return _ask_back(locked.order, chosen, reason, by, out_request_no)

    return in_transaction(work)


def end_refund(refund: Refund, *, done: bool, failure: str = "") -> None:
    """Record that a refund is done, or that it failed for good; the first to tell is believed.

    Once it is done the buyer has the courses no more. The coupon stays used.
    """

    def work() -> None:
        locked = _lock(refund.order.out_trade_no)
        row = Refund.objects.select_for_update().get(pk=refund.pk)
        if row.state != Refund.State.ASKED:
            return
        row.state = Refund.State.DONE if done else Refund.State.FAILED
        row.failure = failure[:LONGEST_FAILURE]
        row.ended, row.next_try = timezone.now(), None
        row.save()
        details = [detail for detail in locked.details if detail.refund_id == row.pk]
        if done:
            _take_back(locked, details)
        else:
            OrderDetail.objects.filter(refund=row).update(refund=None)
        _after_refund(locked.order, row, done=done)

    in_transaction(work)


def _lock(out_trade_no: str) -> _Locked:
    """Lock an order and all that changes with it.

    Raises:
        Order.DoesNotExist: there is none.
    """
    # An order's user, courses and coupon never change: they may be read before it is locked.
    found = Order.objects.get(out_trade_no=out_trade_no)
    user = User.objects.select_for_update().get(pk=found.user_id)
    course_ids = list(found.details.values_list("course_id", flat=True))
    courses = Course.objects.select_for_update().filter(pk__in=course_ids).order_by("pk")
    by_id = {course.pk: course for course in courses.defer("details")}
    coupon = None
    if found.coupon_id is not None:
        coupon = Coupon.objects.select_for_update().get(pk=found.coupon_id)
    order = Order.objects.select_for_update().get(pk=found.pk)
    order.user = user
    return _Locked(user, by_id, coupon, order, list(order.details.order_by("pk")))


def _settle(money: Money) -> Settled:
    try:
        locked = _lock(money.out_trade_no)
    except Order.DoesNotExist:
        raise MoneyMismatchError("there is no such order") from None
    order = locked.order
    known = Payment.objects.filter(order=order).first()
    if money.amount != order.total_amount:
        raise MoneyMismatchError(f"expected {order.total_amount}, found {money.amount}")
    if known is not None:
        if known.trade_no != money.trade_no:
            raise MoneyMismatchError(f"it was paid by {known.trade_no}, found {money.trade_no}")
        return Settled.KNOWN
    late = order.order_status in ENDED_UNPAID
    if order.order_status != Status.UNPAID and not late:
        raise MoneyMismatchError("it was paid without money")
    Payment.objects.create(
        order=order,
        trade_no=money.trade_no,
        amount=money.amount,
        source=money.source,
        late=late,
    )
    takeable = locked.takeable
    if late and not _revive(locked, takeable):
        takeable = set()
    _give(locked, takeable)
    _paid(order, money.trade_no)
    rest = [detail for detail in locked.details if not detail.enrolled]
    if not rest:
        return Settled.PAID
    if not sum((detail.real_price for detail in rest), NOTHING):
        return Settled.PAID  # nothing was paid for what is not given
    _ask_back(order, rest, NOTHING_TO_GIVE, None, f"auto{secrets.token_hex(14)}")
    return Settled.PARTLY_RETURNED if takeable else Settled.RETURNED


def _revive(locked: _Locked, takeable: set[int]) -> bool:
    """Whether late money can still do what it was paid for: all of it."""
    if takeable != set(locked.courses):
        return False
    return coupons.reserve_again(locked.order, locked.coupon)


def _give(locked: _Locked, course_ids: set[int]) -> None:
    """Enrol the buyer, note which details gave a course, and take these out of the cart."""
    given = [detail for detail in locked.details if detail.course_id in course_ids]
    for source, is_free in ((Enrolment.Source.FREE, True), (Enrolment.Source.BOUGHT, False)):
        ids = {detail.course_id for detail in given if (detail.price == 0) == is_free}
        if ids:
            enrol(locked.user, ids, source)
    for detail in given:
        detail.enrolled = True
    OrderDetail.objects.filter(pk__in=[detail.pk for detail in given]).update(enrolled=True)
    CartItem.objects.filter(user=locked.user, course_id__in=course_ids).delete()


def _paid(order: Order, trade_no: str) -> None:
    order.order_status = Status.PAID
    order.trade_no = trade_no
    order.pay_time = timezone.now()
    order.next_ask = None
    order.save(update_fields=["order_status", "trade_no", "pay_time", "next_ask"])


def _end_unpaid(out_trade_no: str, status: Order.Status) -> bool:
    order = _lock(out_trade_no).order
    if order.order_status != Status.UNPAID:
        return False
    order.order_status = status
    order.closed = timezone.now()
    # The gateway is to close its trade too, and is asked until that is sure.
    order.next_ask, order.asks = order.closed, 0
    order.save(update_fields=["order_status", "closed", "next_ask", "asks"])
    coupons.free(order)
    return True


def _ask_back(
    order: Order, details: list[OrderDetail], reason: str, by: User | None, out_request_no: str
) -> Refund:
    refund = Refund.objects.create(
        order=order,
        out_request_no=out_request_no,
        amount=sum((detail.real_price for detail in details), NOTHING),
        reason=reason,
        by=by,
        by_name=by.username if by else "",
        next_try=timezone.now(),
    )
    OrderDetail.objects.filter(pk__in=[detail.pk for detail in details]).update(refund=refund)
    order.order_status = Status.REFUNDING
    order.save(update_fields=["order_status"])
    return refund


def _take_back(locked: _Locked, details: list[OrderDetail]) -> None:
    """End what this order gave. What the buyer has for another reason stays."""
    withdraw(locked.user, [detail.course_id for detail in details if detail.enrolled])
    OrderDetail.objects.filter(pk__in=[detail.pk for detail in details]).update(enrolled=False)


def _after_refund(order: Order, refund: Refund, *, done: bool) -> None:
    if done:
        order.refunded_amount = F("refunded_amount") + refund.amount
    left = order.details.filter(refund=None).exists()
    order.order_status = Status.PAID if left or not done else Status.REFUNDED
    order.save(update_fields=["order_status", "refunded_amount"])
