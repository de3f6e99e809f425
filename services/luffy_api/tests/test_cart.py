"""The cart: what one means to buy, at today's prices."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from course.models import Course
from learning.enrolment import enrol
from learning.models import Enrolment
from shop.models import CartItem
from tests.buyers import Buyer, at_once
from tests.people import Person

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]


def shown(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    return dict(answer.json()["result"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "cart/"), ("POST", "cart/"), ("DELETE", "cart/"), ("DELETE", "cart/1/")],
)
def test_strangers_have_no_cart(method: str, path: str, buyer: Buyer) -> None:
    buyer.token = ""
    answer = buyer.ask(method, path, {"course": 1})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (401, "no-store")


def test_courses_are_added_removed_and_cleared(buyer: Buyer, make_course: Make) -> None:
    knots, sails = make_course("Knots", price=39), make_course("Sails", price="10.50")
    shown(buyer.post("cart/", course=knots.pk))
    cart = shown(buyer.post("cart/", course=sails.pk))
    assert [item["name"] for item in cart["items"]] == ["Sails", "Knots"]
    assert cart["items"][1] == {
        "course": knots.pk,
        "name": "Knots",
        "course_img": "/media/course/knots.webp",
        "course_img_set": [],
        "price": "39.00",
        "available": True,
        "why_not": "",
    }
    assert cart["total_amount"] == "49.50"
    cart = shown(buyer.ask("DELETE", f"cart/{knots.pk}/"))
    assert [item["course"] for item in cart["items"]] == [sails.pk]
    assert shown(buyer.ask("DELETE", f"cart/{knots.pk}/")) == cart, "it is out already"
    assert shown(buyer.ask("DELETE", "cart/")) == {"items": [], "total_amount": "0.00"}


def test_a_course_lies_in_a_cart_once(buyer: Buyer, make_course: Make) -> None:
    knots = make_course()
    for _time in range(2):
        cart = shown(buyer.post("cart/", course=knots.pk))
    assert len(cart["items"]) == 1


def test_prices_are_those_of_today(buyer: Buyer, make_course: Make) -> None:
    knots = make_course(price=39)
    buyer.post("cart/", course=knots.pk)
    Course.objects.update(price=45)
    assert shown(buyer.get("cart/"))["total_amount"] == "45.00"


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"is_show": False}, 404, "not_found"),
        ({"is_delete": True}, 404, "not_found"),
        ({"status": Course.Status.OFFLINE}, 404, "not_found"),
        ({"status": Course.Status.PRE}, 409, "courses_unavailable"),
    ],
)
def test_what_is_not_for_sale_is_not_taken(
    buyer: Buyer, make_course: Make, fields: dict[str, Any], status: int, error: str
) -> None:
    course = make_course(**fields)
    answer = buyer.post("cart/", course=course.pk)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not CartItem.objects.exists()


@pytest.mark.parametrize("course", [0, -1, "x", None, 2**63, [1], 1.5])
def test_what_is_no_course_is_refused(buyer: Buyer, course: Any) -> None:
    answer = buyer.post("cart/", course=course)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")
    assert "course" in answer.json()["errors"]


def test_what_one_has_is_not_taken(buyer: Buyer, make_course: Make) -> None:
    knots = make_course()
    enrol(buyer.user, [knots.pk], Enrolment.Source.GIVEN)
    answer = buyer.post("cart/", course=knots.pk)
    assert (answer.status_code, answer.json()["error"]) == (409, "already_bought")
    assert answer.json()["errors"] == {"courses": [str(knots.pk)]}


def test_a_course_that_went_offline_shows_so_and_costs_nothing(
    buyer: Buyer, make_course: Make
) -> None:
    knots, sails, ropes = (make_course(name) for name in ("Knots", "Sails", "Ropes"))
    for course in (knots, sails, ropes):
        buyer.post("cart/", course=course.pk)
    Course.objects.filter(pk=knots.pk).update(status=Course.Status.OFFLINE)
    enrol(buyer.user, [sails.pk], Enrolment.Source.GIVEN)
    cart = shown(buyer.get("cart/"))
    found = {item["name"]: (item["available"], item["why_not"]) for item in cart["items"]}
    assert found == {
        "Knots": (False, "not_for_sale"),
        "Sails": (False, "already_bought"),
        "Ropes": (True, ""),
    }
    assert cart["total_amount"] == "39.00"


def test_a_cart_holds_so_many_and_no_more(buyer: Buyer, make_course: Make, settings: Any) -> None:
    settings.CART_SIZE = 2
    courses = [make_course(name) for name in ("A", "B", "C")]
    for course in courses[:2]:
        shown(buyer.post("cart/", course=course.pk))
    answer = buyer.post("cart/", course=courses[2].pk)
    assert (answer.status_code, answer.json()["error"]) == (409, "cart_full")
    shown(buyer.post("cart/", course=courses[0].pk))


def test_carts_are_their_owners(buyer: Buyer, make_course: Make) -> None:
    knots = make_course()
    bob = Buyer.of(Person.make("13800000002"))
    buyer.post("cart/", course=knots.pk)
    assert shown(bob.get("cart/"))["items"] == []
    bob.ask("DELETE", f"cart/{knots.pk}/")
    bob.ask("DELETE", "cart/")
    assert len(shown(buyer.get("cart/"))["items"]) == 1


def test_the_number_of_queries_does_not_grow(buyer: Buyer, make_course: Make) -> None:
    counts = []
    for number in range(4):
        buyer.post("cart/", course=make_course(f"Course {number}").pk)
        with CaptureQueriesContext(connection) as queries:
            buyer.get("cart/")
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts


@pytest.mark.django_db(transaction=True)
def test_adding_at_once_keeps_the_limit_and_makes_no_double(
    make_course: Make, settings: Any
) -> None:
    settings.CART_SIZE = 3
    buyer = Buyer.of(Person.make("13800000001"))
    courses = [make_course(f"Course {number}") for number in range(4)]
    answers = at_once(
        *(lambda pk=course.pk: buyer.post("cart/", course=pk) for course in courses * 2)
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert CartItem.objects.count() == 3
