"""Refunds: given back once, by the gateway first, and known to the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from course.models import Course
from learning.enrolment import enrolled_ids
from learning.models import Enrolment
from shop import refunds
from shop.failures import CannotRefund
from shop.models import CouponUse, Order, OrderDetail, Refund
from shop.payment.alipay import alipay_circuit
from shop.tasks import finish_refunds
from tests.buyers import Buyer, at_once, coupon, notify, state
from tests.payment_gateway import PaymentGateway
from tests.people import Person

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("cashier", password="x", is_staff=True)


@pytest.fixture
def courses(make_course: Make) -> list[Course]:
    return [make_course("Knots", price=39), make_course("Sails", price=61)]


@pytest.fixture
def paid(buyer: Buyer, courses: list[Course], gateway: PaymentGateway) -> str:
    """The number of a paid order of both courses."""
    coupon()
    number = gateway.pay(buyer.pay_url(*courses, coupon="AUTUMN", total="90.00"))
    assert notify(gateway.notification(number)) == "success"
    return number


def details(number: str) -> list[int]:
    return list(
        OrderDetail.objects.filter(order__out_trade_no=number)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def taken(buyer: Buyer, courses: list[Course]) -> set[int]:
    return enrolled_ids(buyer.user, [course.pk for course in courses])


def later() -> None:
    """As if the pause of every open refund was over."""
    Refund.objects.update(next_try=timezone.now())
    alipay_circuit.succeeded()


def test_a_whole_order_is_given_back(
    buyer: Buyer, paid: str, courses: list[Course], gateway: PaymentGateway, staff: User
) -> None:
    row = refunds.refund(paid, None, "Not as described", staff, "staff-1")
    assert (row.state, str(row.amount), row.by, row.by_name, row.reason) == (
        "done",
        "90.00",
        staff,
        "cashier",
        "Not as described",
    )
    assert gateway.deals[paid].refunds == {"staff-1": "90.00"}
    order = Order.objects.get()
    assert (order.order_status, str(order.refunded_amount)) == (5, "90.00")
    assert taken(buyer, courses) == set()
    assert {course.students for course in Course.objects.all()} == {0}
    assert CouponUse.objects.get().freed is None, "the coupon stays used"


def test_a_part_is_given_back_and_then_the_rest(
    buyer: Buyer, paid: str, courses: list[Course], gateway: PaymentGateway, staff: User
) -> None:
    knots, _sails = details(paid)
    refunds.refund(paid, [knots], "Too easy", staff, "staff-1")
    assert state(paid) == "PAID"
    assert gateway.deals[paid].refunds == {"staff-1": "35.10"}, "what was paid for it"
    assert taken(buyer, courses) == {courses[1].pk}
    with pytest.raises(CannotRefund):
        refunds.refund(paid, [knots], "Again", staff, "staff-2")
    refunds.refund(paid, None, "All", staff, "staff-3")
    assert state(paid) == "REFUNDED"
    assert gateway.deals[paid].refunds == {"staff-1": "35.10", "staff-3": "54.90"}
    assert taken(buyer, courses) == set()


def test_the_same_number_is_the_same_refund(
    paid: str, gateway: PaymentGateway, staff: User
) -> None:
    knots = details(paid)[:1]
    first = refunds.refund(paid, knots, "Once", staff, "staff-1")
    assert refunds.refund(paid, knots, "Once", staff, "staff-1").pk == first.pk
    assert gateway.deals[paid].refunds == {"staff-1": "35.10"}


@pytest.mark.parametrize("what", ["unpaid", "nothing", "another ones", "cancelled"])
def test_what_cannot_be_refunded_is_not(
    buyer: Buyer, make_course: Make, paid: str, gateway: PaymentGateway, staff: User, what: str
) -> None:
    other = buyer.order(make_course("Other")).json()["out_trade_no"]
    if what == "cancelled":
        buyer.post(f"order/{other}/cancel/")
    number, chosen = {
        "unpaid": (other, None),
        "cancelled": (other, None),
        "nothing": (paid, []),
        "another ones": (paid, details(other)),
    }[what]
    with pytest.raises(CannotRefund):
        refunds.refund(number, chosen, "Why not", staff, "staff-1")
    assert not Refund.objects.exists()
    assert "alipay.trade.refund" not in gateway.asked


@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_answer_that_is_lost_leaves_it_open_and_it_is_finished_once(
    buyer: Buyer,
    paid: str,
    courses: list[Course],
    gateway: PaymentGateway,
    staff: User,
    lost: str,
) -> None:
    if lost == "before":
        gateway.answer = (503, b"")
    else:
        gateway.loses = {"alipay.trade.refund"}
    row = refunds.refund(paid, None, "Lost", staff, "staff-1")
    assert (row.state, state(paid)) == ("asked", "REFUNDING")
    assert len(taken(buyer, courses)) == 2, "nobody knows yet"
    assert buyer.get(f"order/success/?out_trade_no={paid}").json()["code"] == 100
    with pytest.raises(CannotRefund):
        refunds.refund(paid, None, "Impatient", staff, "staff-2")
    gateway.reset_faults()
    finish_refunds()
    assert Refund.objects.get().state == "asked", "not before its pause is over"
    later()
    finish_refunds()
    assert (Refund.objects.get().state, state(paid)) == ("done", "REFUNDED")
    assert gateway.deals[paid].refunds == {"staff-1": "90.00"}
    asked = len(gateway.asked)
    later()
    finish_refunds()
    assert len(gateway.asked) == asked


def test_a_refusal_is_recorded_and_leaves_all_as_it_was(
    buyer: Buyer, paid: str, courses: list[Course], gateway: PaymentGateway, staff: User
) -> None:
    gateway.refuses = {"alipay.trade.refund": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}
    row = refunds.refund(paid, None, "No money", staff, "staff-1")
    assert (row.state, row.failure) == ("failed", "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    assert state(paid) == "PAID"
    assert len(taken(buyer, courses)) == 2
    gateway.reset_faults()
    assert refunds.refund(paid, None, "Money again", staff, "staff-2").state == "done"


def test_the_shops_own_refund_is_tried_for_a_week(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    paid = gateway.pay(buyer.pay_url(make_course(price=39)))
    Course.objects.update(is_delete=True)
    notify(gateway.notification(paid))
    gateway.refuses = {"alipay.trade.refund": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}
    finish_refunds()
    row = Refund.objects.get()
    assert (row.state, row.failure) == ("asked", "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    assert row.next_try is not None
    assert row.next_try > timezone.now()
    Refund.objects.update(created=timezone.now() - timedelta(days=8))
    later()
    finish_refunds()
    assert (Refund.objects.get().state, state(paid)) == ("failed", "PAID")


def test_what_cost_nothing_is_taken_back_without_a_gateway(
    buyer: Buyer, make_course: Make, staff: User, settings: Any
) -> None:
    settings.ALIPAY = None
    knots = make_course(price=0)
    number = buyer.order(knots).json()["out_trade_no"]
    row = refunds.refund(number, None, "Mistake", staff, "staff-1")
    assert (row.state, str(row.amount), state(number)) == ("done", "0.00", "REFUNDED")
    assert taken(buyer, [knots]) == set()


def test_who_was_refunded_can_buy_again(
    buyer: Buyer, paid: str, courses: list[Course], gateway: PaymentGateway, staff: User
) -> None:
    refunds.refund(paid, None, "Changed their mind", staff, "staff-1")
    number = gateway.pay(buyer.pay_url(*courses))
    notify(gateway.notification(number))
    assert state(number) == "PAID"
    assert len(taken(buyer, courses)) == 2
    assert Enrolment.objects.count() == 2
    # A notification of long ago that comes once more does no harm either.
    gateway.deals[paid].state = "TRADE_SUCCESS"
    assert notify(gateway.notification(paid)) == "success"
    assert state(paid) == "REFUNDED"


@pytest.mark.django_db(transaction=True)
def test_refunds_of_the_same_at_once_give_it_back_once(
    make_course: Make, gateway: PaymentGateway
) -> None:
    staff = User.objects.create_user("cashier", password="x", is_staff=True)
    buyer = Buyer.of(Person.make("13800000001"))
    number = gateway.pay(buyer.pay_url(make_course(price=39)))
    notify(gateway.notification(number))
    outcomes = at_once(
        *(
            lambda n=n: refunds.refund(number, None, "At once", staff, f"staff-{n}").state
            for n in range(4)
        )
    )
    assert outcomes.count("done") == 1
    assert sum(isinstance(one, CannotRefund) for one in outcomes) == 3
    assert list(gateway.deals[number].refunds.values()) == ["39.00"]
    assert Course.objects.get().students == 0


@pytest.mark.django_db(transaction=True)
def test_workers_that_finish_the_same_refund_at_once_do_it_once(
    make_course: Make, gateway: PaymentGateway
) -> None:
    buyer = Buyer.of(Person.make("13800000001"))
    number = gateway.pay(buyer.pay_url(make_course(price=39)))
    Course.objects.update(is_delete=True)
    notify(gateway.notification(number))
    assert at_once(finish_refunds, finish_refunds, finish_refunds) == [None] * 3
    assert list(gateway.deals[number].refunds.values()) == ["39.00"]
    order = Order.objects.get()
    assert (order.order_status, str(order.refunded_amount)) == (5, "39.00")
