"""Places orders, each wish once however often it is sent."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from accounts.authentication import locked
from accounts.models import User
from shop import asking, coupons, metrics, states
from shop.failures import KeyReused, PriceChanged, TooManyOrders
from shop.models import Coupon, Order, OrderDetail, OrderKey
from shop.offers import to_buy
from shop.payment import provider
from shop.prices import Priced, priced
from shop.transactions import in_transaction

LONGEST_SUBJECT = 128


@dataclass(frozen=True)
class Wish:
    """What a buyer wants to order; `total` is what they saw, `coupon` a normalised code or
    nothing, `key` the `Idempotency-Key` or nothing."""

    course_ids: frozenset[int]
    total: Decimal
    coupon: str = ""
    subject: str = ""
    key: str = ""

    @property
    def digest(self) -> str:
        """The same for wishes that say the same."""
        said = [sorted(self.course_ids), f"{self.total:.2f}", self.coupon, self.subject]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True)
class Quote:
    """What courses cost a buyer now, and the coupon that counts in."""

    prices: Priced
    coupon: Coupon | None


def quote(user: User, course_ids: frozenset[int], code: str, *, lock: bool = False) -> Quote:
    """What `user` would pay now. `lock`: as it stays until the transaction ends.

    Raises:
        CoursesUnavailable, AlreadyBought: some courses are not for sale to them.
        CouponRefused: the coupon does not apply.
    """
    prices = priced(to_buy(user, course_ids, lock=lock))
    if not code:
        return Quote(prices, None)
    coupon = coupons.find(code, lock=lock)
    return Quote(coupons.applied(coupon, user, prices), coupon)


def place(user: User, wish: Wish) -> Order:
    """The order of `wish`, new or placed before.

    The same key is the same order, whatever became of it. Without a key, or with another, an unpaid
    order of the same courses with the same coupon and total is handed back; if the total is another
    by now it is cancelled, so that nobody pays a price of the past beside one of today. An order of
    nothing is paid at once.

    Raises:
        KeyReused: the key came with another wish.
        PriceChanged: the buyer saw another total.
        TooManyOrders: more than anybody needs.
        CoursesUnavailable, AlreadyBought, CouponRefused, PaymentNotConfigured: as they say.
    """

    def work() -> Order:
        owner = locked(user)
        known = _by_key(owner, wish)
        if known is not None:
            return known
        order = _open_one(owner, wish) or _new(owner, wish)
        if wish.key:
            _keep_key(owner, wish, order)
        return order

    return in_transaction(work)


def _by_key(user: User, wish: Wish) -> Order | None:
    if not wish.key:
        return None
    known = OrderKey.objects.filter(user=user, key=wish.key).select_related("order").first()
    if known is None:
        return None
    if known.digest != wish.digest:
        raise KeyReused
    return known.order


def _keep_key(user: User, wish: Wish, order: Order) -> None:
    """Remember the key; a buyer who sends ever new ones for the same order has enough of them."""
    of_late = timezone.now() - timedelta(hours=1)
    if (
        OrderKey.objects.filter(user=user, created__gt=of_late).count()
        >= settings.MOST_KEYS_AN_HOUR
    ):
        raise TooManyOrders
    OrderKey.objects.create(user=user, key=wish.key, digest=wish.digest, order=order)


def _open_one(user: User, wish: Wish) -> Order | None:
    """The unpaid order of the same wish, if it costs what it did."""
    rows = Order.objects.filter(
        user=user, order_status=Order.Status.UNPAID, expires__gt=timezone.now()
    )
    for order in rows.select_related("coupon").prefetch_related("details"):
        code = order.coupon.code if order.coupon else ""
        same_courses = {detail.course_id for detail in order.details.all()} == wish.course_ids
        if not same_courses or code != wish.coupon:
            continue
        if order.total_amount == wish.total and _still_costs(order, user, wish):
            return order
        states.cancel(order.out_trade_no)
        metrics.count_order("cancelled")
    return None


def _still_costs(order: Order, user: User, wish: Wish) -> bool:
    """Whether each course's price is what it was. The coupon was counted in when it was placed."""
    today = {course.pk: course.price for course in to_buy(user, wish.course_ids)}
    return all(today[detail.course_id] == detail.price for detail in order.details.all())


def _new(user: User, wish: Wish) -> Order:
    _refuse_too_many(user)
    found = quote(user, wish.course_ids, wish.coupon, lock=True)
    prices = found.prices
    if prices.total != wish.total:
        raise PriceChanged(prices.total, wish.total)
    if prices.total:
        provider()  # or nobody could pay it
    now = timezone.now()
    order = Order(
        out_trade_no=secrets.token_hex(16),
        user=user,
        subject=wish.subject or _subject(prices),
        amount=prices.amount,
        discount=prices.discount,
        total_amount=prices.total,
        coupon=found.coupon,
        expires=now + timedelta(seconds=settings.ORDER_LIFETIME_S),
    )
    if prices.total:
        asking.first_ask(order)
    order.save()
    OrderDetail.objects.bulk_create(
        OrderDetail(
            order=order,
            course_id=line.course_id,
            name=line.name,
            price=line.price,
            real_price=line.real_price,
        )
        for line in prices.lines
    )
    if found.coupon is not None:
        coupons.reserve(found.coupon, order)
    metrics.count_order("placed")
    if not prices.total:
        states.pay_nothing(order)
        metrics.count_order("paid")
    return order


def _refuse_too_many(user: User) -> None:
    orders = Order.objects.filter(user=user)
    unpaid = orders.filter(order_status=Order.Status.UNPAID)
    of_late = orders.filter(created__gt=timezone.now() - timedelta(hours=1))
    if (
        unpaid.count() >= settings.MOST_UNPAID_ORDERS
        or of_late.count() >= settings.MOST_ORDERS_AN_HOUR
    ):
        raise TooManyOrders


def _subject(prices: Priced) -> str:
    """What the gateway shows: the first course, and how many more."""
    first, more = prices.lines[0].name, len(prices.lines) - 1
    ending = f" +{more}" if more else ""
    return first[: LONGEST_SUBJECT - len(ending)] + ending
