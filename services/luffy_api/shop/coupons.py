"""Whether a coupon applies, and that it is never used more often than it may be.

A use is reserved when an order is placed and freed when the order ends unpaid. It is counted under
a lock of the coupon's row, so that of many buyers of the last one, one gets it.
"""

import logging
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import User
from luffy.limits import Limit, give_back, take
from shop.failures import (
    CouponMinimum,
    CouponNotForThese,
    CouponNotYet,
    CouponOver,
    CouponRefused,
    CouponUnknown,
    CouponUsedByYou,
    CouponUsedUp,
)
from shop.models import Coupon, CouponUse, Order
from shop.models.coupons import CODE_PATTERN
from shop.prices import Priced, discounted

logger = logging.getLogger(__name__)

LONGEST_TYPED = 64


def normalised(typed: str) -> str:
    """A code as it is stored, whatever case and width it was typed in, and with which blanks."""
    return "".join(unicodedata.normalize("NFKC", typed).split()).upper()


def find(code: str, *, lock: bool = False) -> Coupon:
    """The active coupon of a normalised code.

    Raises:
        CouponUnknown: there is none.
    """
    # The database would take É for E; a code has neither.
    if re.match(CODE_PATTERN, code):
        rows = Coupon.objects.select_for_update() if lock else Coupon.objects.all()
        coupon = rows.filter(code=code, active=True).first()
        if coupon is not None:
            return coupon
    raise CouponUnknown


def applied(coupon: Coupon, user: User, prices: Priced) -> Priced:
    """`prices` with what `coupon` takes off for `user`, if it may be used now.

    Raises:
        CouponRefused: it may not; each reason is a class of its own.
    """
    now = timezone.now()
    if coupon.valid_from and now < coupon.valid_from:
        raise CouponNotYet
    if coupon.valid_to and now >= coupon.valid_to:
        raise CouponOver
    check_free(coupon, user)
    if prices.amount < coupon.minimum:
        raise CouponMinimum(coupon.minimum)
    course_ids = set(coupon.courses.values_list("pk", flat=True)) or None
    cheaper = discounted(prices, coupon, course_ids)
    if not cheaper.discount:
        raise CouponNotForThese
    return cheaper


def check_free(coupon: Coupon, user: User) -> None:
    """Refuse a coupon that was used as often as it may be.

    Raises:
        CouponUsedUp, CouponUsedByYou: it was.
    """
    uses = CouponUse.objects.filter(coupon=coupon, freed=None)
    if coupon.most_uses is not None and uses.count() >= coupon.most_uses:
        raise CouponUsedUp
    own = uses.filter(user=user)
    if coupon.most_per_person is not None and own.count() >= coupon.most_per_person:
        raise CouponUsedByYou


def reserve(coupon: Coupon, order: Order) -> None:
    """Count a use by `order`. The caller holds the coupon's lock and has checked it."""
    CouponUse.objects.create(coupon=coupon, user_id=order.user_id, order=order)


def free(order: Order) -> None:
    """Let somebody else have the use of `order`."""
    CouponUse.objects.filter(order=order, freed=None).update(freed=timezone.now())


def reserve_again(order: Order, coupon: Coupon | None) -> bool:
    """Count the use of an order again that had been freed, and tell whether it was still free.

    The caller holds the coupon's lock. Its dates and the minimum are those of the order's day.
    """
    if coupon is None:
        return True
    try:
        check_free(coupon, order.user)
    except CouponRefused:
        return False
    CouponUse.objects.filter(order=order).update(freed=None)
    return True


@contextmanager
def counted_try(code: str, user: User, network: str) -> Iterator[None]:
    """Count that `code`, if there is one, was tried; a try that was not refused is taken back.

    Raises:
        TooManyRequests: too many were refused before: codes are not to be guessed.
        RedisError: they cannot be counted.
    """
    if not code:
        yield
        return
    window_s = settings.COUPON_WINDOW_S
    uses = (
        Limit("coupon-person", settings.COUPON_TRIES_PER_PERSON, window_s).by(str(user.pk)),
        Limit("coupon-address", settings.COUPON_TRIES_PER_ADDRESS, window_s).by(network),
    )
    take(*uses)
    refused = False
    try:
        yield
    except CouponRefused:
        refused = True
        raise
    finally:
        if not refused:
            try:
                give_back(*uses)
            except RedisError as error:
                # The order stands: a counter that is one too high is no reason to hide that.
                logger.warning("a try of a coupon could not be taken back: %s", error)
