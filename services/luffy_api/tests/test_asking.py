"""Asking the gateway about orders, and ending those whose time is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from course.models import Course
from learning.enrolment import is_enrolled
from luffy.celery import app
from shop import tasks
from shop.models import CouponUse, Order, OrderKey, Payment
from shop.payment import alipay
from shop.tasks import expire_orders, reconcile
from tests.buyers import Buyer, coupon, state
from tests.payment_gateway import PaymentGateway

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def placed(buyer: Buyer, make_course: Make, gateway: PaymentGateway) -> str:
    """The number of an unpaid order whose page nobody opened."""
    return str(buyer.order(make_course(price=39)).json()["out_trade_no"])


def pay_url(buyer: Buyer, number: str) -> str:
    return str(buyer.post(f"order/{number}/pay/").json()["pay_url"])


def pass_time(**of: Any) -> None:
    """As if so much time had passed for every order."""
    for order in Order.objects.all():
        order.created -= timedelta(**of)
        order.expires -= timedelta(**of)
        if order.next_ask:
            order.next_ask -= timedelta(**of)
        order.save()


def test_a_payment_that_nobody_told_of_is_found(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    gateway.pay(pay_url(buyer, placed))
    reconcile()
    assert state(placed) == "UNPAID", "not before its minute"
    pass_time(minutes=1)
    reconcile()
    assert state(placed) == "PAID"
    assert Payment.objects.get().source == "asked"
    assert is_enrolled(buyer.user, Course.objects.get().pk)
    asked = len(gateway.asked)
    pass_time(hours=2)
    reconcile()
    expire_orders()
    assert len(gateway.asked) == asked, "a paid order is not asked about"


def test_pauses_grow_and_the_end_is_not_missed(
    placed: str, gateway: PaymentGateway, settings: Any
) -> None:
    pauses = []
    for _time in range(5):
        Order.objects.update(next_ask=timezone.now())
        reconcile()
        order = Order.objects.get()
        assert order.next_ask is not None
        pauses.append(round((order.next_ask - timezone.now()) / MINUTE))
    assert pauses == [1, 2, 4, 8, 16]
    Order.objects.update(next_ask=timezone.now())
    reconcile()
    order = Order.objects.get()
    assert order.next_ask == order.expires


def test_those_that_waited_longest_are_asked_about_first_and_few_at_once(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "AT_ONCE", 2)
    for number in range(3):
        buyer.order(make_course(f"Course {number}"))
    orders = list(Order.objects.order_by("pk"))
    for minutes, order in enumerate(orders, start=1):
        order.next_ask = timezone.now() - MINUTE * minutes
        order.save()
    reconcile()
    asks = list(Order.objects.order_by("pk").values_list("asks", flat=True))
    assert asks == [0, 1, 1]


def test_an_order_that_nobody_paid_ends_and_frees_its_coupon(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    number = buyer.order(make_course(price=39), coupon="AUTUMN", total="35.10").json()[
        "out_trade_no"
    ]
    gateway.open(pay_url(buyer, number))
    expire_orders()
    assert state(number) == "UNPAID"
    pass_time(minutes=31)
    expire_orders()
    assert state(number) == "TIMED_OUT"
    assert gateway.deals[number].state == "TRADE_CLOSED", "nobody can pay any more"
    assert gateway.asked == ["alipay.trade.query", "alipay.trade.close"]
    assert CouponUse.objects.get().freed is not None
    assert Order.objects.get().next_ask is None


def test_an_order_that_was_paid_in_its_last_moment_is_paid(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    gateway.pay(pay_url(buyer, placed))
    pass_time(minutes=31)
    expire_orders()
    assert state(placed) == "PAID"
    assert not Payment.objects.get().late


def test_an_order_paid_between_the_question_and_the_closing_is_paid(
    buyer: Buyer, placed: str, gateway: PaymentGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.open(pay_url(buyer, placed))
    pass_time(minutes=31)
    close = alipay.Alipay.close

    def pays_first(self: alipay.Alipay, number: str) -> None:
        gateway.deals[number].state = "TRADE_SUCCESS"
        close(self, number)

    monkeypatch.setattr(alipay.Alipay, "close", pays_first)
    expire_orders()
    assert state(placed) == "PAID"


def test_a_trade_that_the_gateway_does_not_close_keeps_its_order_open(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    gateway.open(pay_url(buyer, placed))
    gateway.refuses = {"alipay.trade.close": "ACQ.TRADE_STATUS_ERROR"}
    pass_time(minutes=31)
    expire_orders()
    assert state(placed) == "UNPAID", "it may be paid yet"
    gateway.reset_faults()
    pass_time(minutes=5)
    expire_orders()
    assert (state(placed), gateway.deals[placed].state) == ("TIMED_OUT", "TRADE_CLOSED")


def test_a_page_that_nobody_opened_is_watched_to_the_last_moment(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    url = pay_url(buyer, placed)
    pass_time(minutes=30)
    expire_orders()
    assert state(placed) == "TIMED_OUT"
    gateway.pay(url)
    pass_time(minutes=3)
    reconcile()
    assert state(placed) == "PAID"
    assert Payment.objects.get().late
    assert Order.objects.get().next_ask is None


def test_a_gateway_that_is_silent_ends_no_order_for_hours(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    url = buyer.pay_url(make_course(price=39), coupon="AUTUMN", total="35.10")
    number = gateway.pay(url)
    gateway.answer = (503, b"")
    pass_time(minutes=31)
    expire_orders()
    assert state(number) == "UNPAID", "somebody may have paid"
    assert CouponUse.objects.get().freed is None
    pass_time(hours=7)
    alipay.alipay_circuit.succeeded()
    expire_orders()
    assert state(number) == "TIMED_OUT", "a coupon is not kept for ever"
    assert CouponUse.objects.get().freed is not None
    gateway.answer = None
    alipay.alipay_circuit.succeeded()
    pass_time(hours=2)
    reconcile()
    assert state(number) == "PAID", "the money was not lost"


def test_one_order_without_an_answer_holds_up_no_other(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    one, two = (buyer.pay_url(make_course(name, price=39)) for name in ("A", "B"))
    first, second = gateway.pay(one), gateway.pay(two)
    gateway.deals[first].state = "TRADE_MAYBE"
    pass_time(minutes=2)
    reconcile()
    assert (state(first), state(second)) == ("UNPAID", "PAID")


def test_a_gateway_that_tells_another_amount_changes_nothing_and_is_logged(
    buyer: Buyer, placed: str, gateway: PaymentGateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.pay(pay_url(buyer, placed))
    gateway.lies = {"total_amount": "0.01"}
    pass_time(minutes=2)
    reconcile()
    assert state(placed) == "UNPAID"
    assert "expected 39.00, found 0.01" in caplog.text
    assert Order.objects.get().next_ask is not None


def test_a_cancelled_order_is_closed_at_the_gateway_too(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    gateway.open(pay_url(buyer, placed))
    buyer.post(f"order/{placed}/cancel/")
    reconcile()
    assert gateway.deals[placed].state == "TRADE_CLOSED"
    assert state(placed) == "CANCELLED"
    assert Order.objects.get().next_ask is None


def test_a_trade_that_was_closed_elsewhere_ends_the_order(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    gateway.open(pay_url(buyer, placed))
    gateway.deals[placed].state = "TRADE_CLOSED"
    pass_time(minutes=2)
    reconcile()
    assert state(placed) == "TIMED_OUT"


def test_without_a_gateway_orders_are_left_as_they_are_and_end_in_time(
    placed: str, settings: Any
) -> None:
    settings.ALIPAY = None
    pass_time(minutes=31)
    expire_orders()
    assert state(placed) == "UNPAID"
    pass_time(hours=7)
    expire_orders()
    assert state(placed) == "TIMED_OUT"


def test_it_is_not_asked_for_ever(placed: str, gateway: PaymentGateway) -> None:
    gateway.answer = (503, b"")
    pass_time(days=17)
    expire_orders()
    reconcile()
    assert state(placed) == "TIMED_OUT"
    assert Order.objects.get().next_ask is None


def test_what_is_scheduled_exists(settings: Any) -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"shop.expire_orders", "shop.reconcile", "shop.finish_refunds"} <= scheduled
    app.loader.import_default_modules()
    assert scheduled <= set(app.tasks)


def test_a_slow_gateway_does_not_use_up_a_tasks_time(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LONGEST_S", 0.2)
    for number in range(3):
        buyer.order(make_course(f"Course {number}"))
    Order.objects.update(next_ask=timezone.now())
    gateway.delay_s = 0.3
    reconcile()
    assert len(gateway.asked) == 1


def test_keys_are_forgotten_after_a_week(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    buyer.order(make_course(), key="k-1")
    expire_orders()
    assert OrderKey.objects.count() == 1
    OrderKey.objects.update(created=timezone.now() - timedelta(days=8))
    expire_orders()
    assert OrderKey.objects.count() == 0


# --- asked for by the buyer -----------------------------------------------------------------------


def test_a_buyer_can_have_the_gateway_asked_now(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    assert buyer.post(f"order/{placed}/ask/").json()["result"]["order_status"] == 0
    gateway.pay(pay_url(buyer, placed))
    result = buyer.post(f"order/{placed}/ask/").json()["result"]
    assert result["order_status_name"] == "Paid"
    asked = len(gateway.asked)
    assert buyer.post(f"order/{placed}/ask/").status_code == 200
    assert len(gateway.asked) == asked, "of a paid order it has nothing to tell"


def test_a_buyer_cannot_have_it_asked_without_end(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    statuses = [buyer.post(f"order/{placed}/ask/").status_code for _time in range(13)]
    assert statuses == [200] * 12 + [429]


def test_a_gateway_that_does_not_answer_is_told_plainly(
    buyer: Buyer, placed: str, gateway: PaymentGateway
) -> None:
    gateway.answer = (500, b"")
    answer = buyer.post(f"order/{placed}/ask/")
    assert (answer.status_code, answer.json()["error"]) == (503, "payment_unavailable")
    assert answer.headers["Retry-After"] == "30"
