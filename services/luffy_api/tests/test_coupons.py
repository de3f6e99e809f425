"""Coupons: what they take off, from whom, and how often at most."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from course.models import Course
from shop.models import Coupon, CouponUse, Order
from tests.buyers import Buyer, at_once, coupon, people
from tests.payment_gateway import PaymentGateway
from tests.people import Person

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]
HOUR = timedelta(hours=1)


def check(buyer: Buyer, code: str, *courses: Course) -> Any:
    return buyer.post("coupon/check/", code=code, courses=[course.pk for course in courses])


def test_a_check_tells_what_it_takes_off(buyer: Buyer, make_course: Make) -> None:
    coupon()
    knots, sails = make_course("Knots", price=39), make_course("Sails", price=61)
    result = check(buyer, " autumn ", knots, sails).json()["result"]
    assert result == {
        "courses": [
            {"course": knots.pk, "name": "Knots", "price": "39.00", "real_price": "35.10"},
            {"course": sails.pk, "name": "Sails", "price": "61.00", "real_price": "54.90"},
        ],
        "amount": "100.00",
        "discount": "10.00",
        "total_amount": "90.00",
        "coupon": "AUTUMN",
        "coupon_name": "Autumn",
    }


def test_without_courses_it_is_of_the_cart(buyer: Buyer, make_course: Make) -> None:
    coupon()
    answer = buyer.post("coupon/check/", code="AUTUMN")
    assert answer.json()["errors"] == {"courses": ["There is nothing in the cart to buy."]}
    knots, sails = make_course("Knots"), make_course("Sails")
    for course in (knots, sails):
        buyer.post("cart/", course=course.pk)
    Course.objects.filter(pk=sails.pk).update(status=Course.Status.OFFLINE)
    assert buyer.post("coupon/check/", code="AUTUMN").json()["result"]["amount"] == "39.00"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"active": False}, "coupon_unknown"),
        ({"valid_from": timezone.now() + HOUR}, "coupon_not_yet"),
        ({"valid_to": timezone.now() - HOUR}, "coupon_over"),
        ({"most_uses": 0}, "coupon_used_up"),
        ({"most_per_person": 0}, "coupon_used_by_you"),
        ({"minimum": Decimal("39.01")}, "coupon_minimum"),
    ],
)
def test_a_coupon_that_does_not_apply_says_why(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, fields: dict[str, Any], error: str
) -> None:
    coupon(**fields)
    knots = make_course(price=39)
    quote = buyer.post("order/quote/", courses=[knots.pk], coupon="AUTUMN")
    order = buyer.order(knots, coupon="AUTUMN", total="35.10")
    for answer in (check(buyer, "AUTUMN", knots), quote, order):
        assert (answer.status_code, answer.json()["error"]) == (409, error)
    assert not Order.objects.exists()


@pytest.mark.parametrize("code", ["WINTER", "ÀUTUMN", "AUTUMN'--", "-AUTUMN", "x", "\u202eAUTUMN"])
def test_a_code_that_is_none_is_unknown(buyer: Buyer, make_course: Make, code: str) -> None:
    coupon()
    answer = check(buyer, code, make_course())
    assert (answer.status_code, answer.json()["error"]) == (409, "coupon_unknown")


def test_a_coupon_for_certain_courses(buyer: Buyer, make_course: Make) -> None:
    knots, sails = make_course("Knots", price=40), make_course("Sails", price=60)
    coupon().courses.add(knots)
    assert check(buyer, "AUTUMN", knots, sails).json()["result"]["discount"] == "4.00"
    answer = check(buyer, "AUTUMN", sails)
    assert answer.json()["error"] == "coupon_not_for_these"


def test_a_coupon_takes_nothing_off_what_costs_nothing(buyer: Buyer, make_course: Make) -> None:
    coupon()
    assert check(buyer, "AUTUMN", make_course(price=0)).json()["error"] == "coupon_not_for_these"


def test_codes_cannot_be_guessed(
    buyer: Buyer, make_course: Make, settings: Any, forget_limits: Callable[[], None]
) -> None:
    settings.COUPON_TRIES_PER_PERSON = 4
    coupon()
    knots = make_course()
    for _number in range(6):
        assert check(buyer, "AUTUMN", knots).status_code == 200, "good ones are not counted"
    for number in range(4):
        path, fields = (
            ("coupon/check/", {"code": f"GUESS-{number}"})
            if number % 2
            else ("order/quote/", {"coupon": f"GUESS-{number}"})
        )
        assert buyer.post(path, courses=[knots.pk], **fields).status_code == 409
    for answer in (check(buyer, "AUTUMN", knots), buyer.order(knots, coupon="AUTUMN")):
        assert (answer.status_code, answer.json()["error"]) == (429, "throttled")
        assert int(answer.headers["Retry-After"]) > 0
    assert buyer.post("order/quote/", courses=[knots.pk]).status_code == 200, "without a coupon"
    forget_limits()
    assert check(buyer, "AUTUMN", knots).status_code == 200


def test_codes_are_not_guessed_by_many_from_one_address_either(
    make_course: Make, settings: Any
) -> None:
    settings.COUPON_TRIES_PER_ADDRESS = 3
    knots = make_course()
    statuses = [check(Buyer.of(one), "GUESS", knots).status_code for one in people(4)]
    assert statuses == [409, 409, 409, 429]


def test_a_use_is_reserved_at_placing_and_freed_with_the_order(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    bob = Buyer.of(Person.make("13800000002"))
    knots = make_course(price=39)
    number = buyer.order(knots, coupon="autumn", total="35.10").json()["out_trade_no"]
    assert check(bob, "AUTUMN", knots).json()["error"] == "coupon_used_up"
    assert buyer.post(f"order/{number}/cancel/").status_code == 200
    assert CouponUse.objects.get().freed is not None
    assert check(bob, "AUTUMN", knots).status_code == 200


def test_one_person_uses_it_so_often(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_per_person=1)
    knots, sails = make_course("Knots", price=39), make_course("Sails", price=39)
    assert buyer.order(knots, coupon="AUTUMN", total="35.10").status_code == 200
    answer = buyer.order(sails, coupon="AUTUMN", total="35.10")
    assert answer.json()["error"] == "coupon_used_by_you"


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "aut"},
        {"code": "Autumn"},
        {"code": "AUT UMN"},
        {"value": Decimal("100.01")},
        {"value": Decimal(0)},
        {"valid_from": timezone.now(), "valid_to": timezone.now() - HOUR},
    ],
)
def test_a_coupon_that_cannot_be_right_is_refused(fields: dict[str, Any]) -> None:
    usual = {"code": "AUTUMN", "name": "Autumn", "value": Decimal(10)}
    with pytest.raises(ValidationError) as refusal:
        Coupon(**(usual | fields)).full_clean()
    assert set(refusal.value.message_dict) == {list(fields)[-1]}


@pytest.mark.django_db(transaction=True)
def test_the_last_coupon_by_twenty_buyers_at_once_goes_to_one(
    make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_uses=1)
    knots = make_course(price=39)
    buyers = [Buyer.of(person) for person in people(20)]
    answers = at_once(
        *(lambda one=one: one.order(knots, coupon="AUTUMN", total="35.10") for one in buyers)
    )
    found = sorted((answer.status_code, answer.json().get("error", "")) for answer in answers)
    assert found == [(200, "")] + [(409, "coupon_used_up")] * 19
    assert CouponUse.objects.count() == Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_persons_only_use_is_not_had_twice_at_once(
    make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_per_person=1)
    buyer = Buyer.of(Person.make("13800000001"))
    courses = [make_course(f"Course {number}", price=39) for number in range(6)]
    answers = at_once(
        *(
            lambda course=course: buyer.order(course, coupon="AUTUMN", total="35.10")
            for course in courses
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
