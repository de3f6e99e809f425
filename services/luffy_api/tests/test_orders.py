"""Placing orders: the server's prices, each wish once, and nobody else's orders."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from course.models import Course
from learning.enrolment import enrol, is_enrolled
from learning.models import Enrolment
from shop.models import CartItem, CouponUse, Order, OrderDetail
from tests.buyers import Buyer, at_once, coupon, state
from tests.payment_gateway import PaymentGateway
from tests.people import Person

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]


def number_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return str(answer.json()["out_trade_no"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "order/"),
        ("POST", "order/quote/"),
        ("POST", "order/pay/"),
        ("GET", "order/success/?out_trade_no=x"),
        ("GET", "order/x/"),
        ("POST", "order/x/pay/"),
        ("POST", "order/x/cancel/"),
        ("POST", "order/x/ask/"),
        ("POST", "coupon/check/"),
    ],
)
def test_strangers_are_refused(buyer: Buyer, method: str, path: str) -> None:
    buyer.token = ""
    answer = buyer.ask(method, path, {} if method == "POST" else None)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")


# --- placing --------------------------------------------------------------------------------------


def test_an_order_leads_to_the_gateway(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots, sails = make_course("Knots", price=39), make_course("Sails", price="99.90")
    answer = buyer.order(sails, knots, subject="Two courses / & more")
    body = answer.json()
    assert (body["code"], body["total_amount"], body["order_status"]) == (100, "138.90", 0)
    bill = gateway.open(body["pay_url"])
    assert bill["out_trade_no"] == body["out_trade_no"]
    assert bill["total_amount"] == "138.90"
    assert bill["subject"] == "Two courses     more", "without signs that Alipay refuses"
    assert bill["notify_url"] == "http://shop.example/api/v1/order/success/"
    assert bill["return_url"] == "http://shop.example/pay/success"
    ends = timezone.localtime(Order.objects.get().expires).strftime("%Y-%m-%d %H:%M:%S")
    assert bill["time_expire"] == ends
    assert gateway.asked == [], "to place an order asks nobody"


def test_the_order_keeps_names_and_prices_of_its_day(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots = make_course(price=39)
    number = number_of(buyer.order(knots))
    Course.objects.update(price=99, name="Sails")
    shown = buyer.get(f"order/{number}/").json()["result"]
    (detail,) = shown["details"]
    assert (detail["name"], detail["price"], detail["real_price"]) == ("Knots", "39.00", "39.00")
    assert shown["total_amount"] == "39.00"
    # What is paid later is what was ordered.
    assert gateway.open(buyer.post(f"order/{number}/pay/").json()["pay_url"])["total_amount"] == (
        "39.00"
    )


def test_the_clients_total_is_not_trusted(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots = make_course(price=39)
    answer = buyer.order(knots, total="0.01")
    assert (answer.status_code, answer.json()["error"]) == (409, "price_changed")
    assert answer.json()["errors"] == {"total_amount": ["39.00"]}
    assert answer.json()["msg"].startswith("The total is 39.00 now, not 0.01.")
    assert not Order.objects.exists()


def test_a_price_that_changed_between_quote_and_placing_is_told(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots = make_course(price=39)
    quote = buyer.post("order/quote/", courses=[knots.pk]).json()["result"]
    assert quote["total_amount"] == "39.00"
    Course.objects.update(price=45)
    answer = buyer.order(knots, total=quote["total_amount"])
    assert answer.json()["errors"] == {"total_amount": ["45.00"]}
    assert buyer.order(knots, total="45.00").status_code == 200


def test_an_order_with_a_coupon_is_spread_over_its_details(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(kind="amount", value=Decimal("0.10"))
    courses = [make_course(name, price="0.10") for name in ("A", "B", "C")]
    number = number_of(buyer.order(*courses, coupon="autumn", total="0.20"))
    order = Order.objects.get(out_trade_no=number)
    assert (order.amount, order.discount, order.total_amount) == (
        Decimal("0.30"),
        Decimal("0.10"),
        Decimal("0.20"),
    )
    assert sum(row.real_price for row in order.details.all()) == order.total_amount
    assert buyer.get(f"order/{number}/").json()["result"]["coupon"] == "AUTUMN"


@pytest.mark.parametrize(
    "fields",
    [
        {"is_show": False},
        {"is_delete": True},
        {"status": Course.Status.OFFLINE},
        {"status": Course.Status.PRE},
    ],
)
def test_hidden_deleted_and_offline_courses_are_not_sold(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, fields: dict[str, Any]
) -> None:
    knots, hidden = make_course("Knots"), make_course("Hidden", **fields)
    for answer in (
        buyer.order(knots, hidden),
        buyer.post("order/quote/", courses=[knots.pk, hidden.pk]),
    ):
        assert (answer.status_code, answer.json()["error"]) == (409, "courses_unavailable")
        assert answer.json()["errors"] == {"courses": [str(hidden.pk)]}
    assert not Order.objects.exists()


def test_a_course_that_one_has_is_not_sold_again(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots = make_course()
    enrol(buyer.user, [knots.pk], Enrolment.Source.BOUGHT)
    answer = buyer.order(knots)
    assert (answer.status_code, answer.json()["error"]) == (409, "already_bought")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("courses", []),
        ("courses", [1, 1]),
        ("courses", ["x"]),
        ("courses", "1"),
        ("courses", [0]),
        ("courses", [2**63]),
        ("courses", list(range(1, 52))),
        ("courses", None),
        ("total_amount", "-1"),
        ("total_amount", "NaN"),
        ("total_amount", "1.001"),
        ("total_amount", "123456789.00"),
        ("total_amount", None),
        ("pay_type", 2),
        ("subject", "x" * 129),
        ("subject", "a\nb"),
        ("subject", "abc\u202edef"),
        ("coupon", "x" * 65),
        ("coupon", ["A"]),
    ],
)
def test_malformed_orders_are_refused_by_their_field(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, field: str, value: Any
) -> None:
    body = {"courses": [make_course().pk], "total_amount": "39.00", "pay_type": 1, "subject": ""}
    answer = buyer.post("order/pay/", **(body | {field: value}))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")
    assert set(answer.json()["errors"]) == {field}


def test_without_a_gateway_nothing_is_placed_that_costs(
    buyer: Buyer, make_course: Make, settings: Any
) -> None:
    settings.ALIPAY = None
    answer = buyer.order(make_course(price=39))
    assert (answer.status_code, answer.json()["error"]) == (503, "payment_not_configured")
    assert not Order.objects.exists()


# --- what costs nothing ---------------------------------------------------------------------------


def test_free_courses_are_given_at_once_without_a_gateway(
    buyer: Buyer, make_course: Make, settings: Any
) -> None:
    settings.ALIPAY = None
    knots = make_course(price=0)
    buyer.post("cart/", course=knots.pk)
    body = buyer.order(knots).json()
    assert (body["pay_url"], body["order_status"]) == ("", Order.Status.PAID)
    assert Enrolment.objects.get().source == Enrolment.Source.FREE
    assert not CartItem.objects.exists(), "what was bought leaves the cart"
    answer = buyer.get(f"order/success/?out_trade_no={body['out_trade_no']}")
    assert answer.json()["code"] == 100


def test_a_coupon_that_takes_all_makes_it_paid_at_once(
    buyer: Buyer, make_course: Make, settings: Any
) -> None:
    settings.ALIPAY = None
    coupon(value=Decimal(100))
    knots = make_course(price=39)
    body = buyer.order(knots, coupon="AUTUMN", total="0.00").json()
    assert (body["pay_url"], body["order_status"]) == ("", Order.Status.PAID)
    assert Enrolment.objects.get().source == Enrolment.Source.BOUGHT
    assert CouponUse.objects.get().freed is None


# --- each wish once -------------------------------------------------------------------------------


def test_the_same_key_and_body_is_the_same_order(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots, sails = make_course("Knots"), make_course("Sails")
    first = buyer.order(knots, sails, key="k-1")
    assert number_of(buyer.order(sails, knots, key="k-1")) == number_of(first)
    number = number_of(first)
    assert buyer.post(f"order/{number}/cancel/").status_code == 200
    again = buyer.order(knots, sails, key="k-1").json()
    assert (again["out_trade_no"], again["pay_url"]) == (number, ""), "whatever became of it"
    assert number_of(buyer.order(knots, sails, key="k-2")) != number
    assert number_of(buyer.order(knots, sails, key="K-1")) != number, "keys are told apart by case"


def test_the_same_key_with_another_body_is_refused(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots, sails = make_course("Knots"), make_course("Sails")
    buyer.order(knots, key="k-1")
    for answer in (
        buyer.order(sails, key="k-1"),
        buyer.order(knots, key="k-1", subject="other"),
        buyer.order(knots, key="k-1", coupon="AUTUMN"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (422, "idempotency_key_reused")
    bob = Buyer.of(Person.make("13800000002"))
    assert bob.order(sails, key="k-1").status_code == 200, "keys are their owners'"


@pytest.mark.parametrize("key", ["x" * 65, "a b", "a\tb", "é"])
def test_a_malformed_key_is_refused(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, key: str
) -> None:
    answer = buyer.order(make_course(), key=key)
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"key"})


def test_the_same_courses_again_hand_back_the_unpaid_order(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    coupon(most_per_person=2)
    knots, sails = make_course("Knots"), make_course("Sails")
    first = number_of(buyer.order(knots, sails))
    assert number_of(buyer.order(sails, knots)) == first
    assert number_of(buyer.order(knots)) != first, "other courses"
    with_coupon = number_of(buyer.order(knots, sails, coupon="AUTUMN", total="70.20"))
    assert with_coupon != first
    assert number_of(buyer.order(knots, sails, coupon="AUTUMN", total="70.20")) == with_coupon
    assert CouponUse.objects.count() == 1


def test_a_new_price_replaces_the_unpaid_order(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots = make_course(price=39)
    old = number_of(buyer.order(knots))
    Course.objects.update(price=45)
    assert buyer.order(knots, total="39.00").json()["error"] == "price_changed"
    assert state(old) == "UNPAID", "a refused order changes nothing"
    assert number_of(buyer.order(knots, total="45.00")) != old
    assert state(old) == "CANCELLED"


def test_an_expired_order_is_not_handed_back(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    knots = make_course()
    old = number_of(buyer.order(knots))
    Order.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert number_of(buyer.order(knots)) != old
    answer = buyer.post(f"order/{old}/pay/")
    assert (answer.status_code, answer.json()["error"]) == (409, "order_not_unpaid")


@pytest.mark.parametrize("setting", ["MOST_UNPAID_ORDERS", "MOST_ORDERS_AN_HOUR"])
def test_nobody_places_orders_without_end(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, settings: Any, setting: str
) -> None:
    setattr(settings, setting, 2)
    courses = [make_course(name) for name in ("A", "B", "C")]
    answers = [buyer.order(course) for course in courses]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["error"] == "too_many_orders"
    assert answers[2].headers["Retry-After"]


def test_keys_of_one_buyer_have_an_end_too(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway, settings: Any
) -> None:
    settings.MOST_KEYS_AN_HOUR = 3
    knots = make_course()
    answers = [buyer.order(knots, key=f"k-{number}") for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert buyer.order(knots, key="k-0").status_code == 200, "one that is known"


# --- looking at them, and cancelling --------------------------------------------------------------


def test_ones_own_orders_in_pages(buyer: Buyer, make_course: Make, gateway: PaymentGateway) -> None:
    numbers = [number_of(buyer.order(make_course(f"Course {n}"))) for n in range(3)]
    buyer.post(f"order/{numbers[0]}/cancel/")
    page = buyer.get("order/?page_size=2").json()["result"]
    assert page["count"] == 3
    assert [row["out_trade_no"] for row in page["results"]] == [numbers[2], numbers[1]]
    assert "page=2" in page["next"]
    assert page["previous"] is None
    page = buyer.get("order/?page_size=2&page=2").json()["result"]
    assert [row["out_trade_no"] for row in page["results"]] == [numbers[0]]
    assert page["next"] is None
    assert page["previous"]
    cancelled = buyer.get("order/?order_status=2").json()["result"]
    assert [row["order_status_name"] for row in cancelled["results"]] == ["Cancelled"]
    assert buyer.get("order/?page=9").status_code == 404
    for wrong in ("order_status=9", "order_status=paid", "page=0", "page_size=x"):
        assert buyer.get(f"order/?{wrong}").status_code == 400, wrong


def test_nobody_sees_or_changes_another_ones_order(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    number = number_of(buyer.order(make_course()))
    bob = Buyer.of(Person.make("13800000002"))
    assert bob.get("order/").json()["result"]["count"] == 0
    for method, path in (
        ("GET", f"order/{number}/"),
        ("GET", f"order/success/?out_trade_no={number}"),
        ("POST", f"order/{number}/pay/"),
        ("POST", f"order/{number}/cancel/"),
        ("POST", f"order/{number}/ask/"),
    ):
        answer = bob.ask(method, path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path
    assert state(number) == "UNPAID"
    assert buyer.get(f"order/{number.upper()}/").status_code == 404


def test_the_number_of_queries_of_a_page_does_not_grow(
    buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    counts = []
    for number in range(3):
        buyer.order(*(make_course(f"Course {number}.{n}") for n in range(number + 1)))
        with CaptureQueriesContext(connection) as queries:
            assert buyer.get("order/").status_code == 200
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts


def test_cancelling_once(buyer: Buyer, make_course: Make, gateway: PaymentGateway) -> None:
    number = number_of(buyer.order(make_course()))
    answer = buyer.post(f"order/{number}/cancel/")
    assert answer.json()["result"]["order_status_name"] == "Cancelled"
    assert not answer.json()["result"]["can_pay"]
    for path in ("cancel", "pay"):
        answer = buyer.post(f"order/{number}/{path}/")
        assert (answer.status_code, answer.json()["error"]) == (409, "order_not_unpaid")


# --- at once --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_same_order_placed_at_once_is_one(make_course: Make, gateway: PaymentGateway) -> None:
    buyer = Buyer.of(Person.make("13800000001"))
    knots, sails = make_course("Knots"), make_course("Sails")
    answers = at_once(
        *(
            lambda pair=pair: buyer.order(*pair, total="78.00")
            for pair in [(knots, sails), (sails, knots)] * 3
        )
    )
    assert len({number_of(answer) for answer in answers}) == 1
    assert Order.objects.count() == 1
    assert OrderDetail.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_is_one_order(make_course: Make, gateway: PaymentGateway) -> None:
    buyer = Buyer.of(Person.make("13800000001"))
    knots = make_course()
    answers = at_once(*(lambda: buyer.order(knots, key="k-1") for _ in range(6)))
    assert len({number_of(answer) for answer in answers}) == 1
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_buyers_of_one_free_course_at_once_all_get_it(make_course: Make) -> None:
    knots = make_course(price=0)
    buyers = [Buyer.of(Person.make(f"1370000{n:04}")) for n in range(12)]
    answers = at_once(*(lambda one=one: one.order(knots) for one in buyers))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert all(is_enrolled(one.user, knots.pk) for one in buyers)
    assert Course.objects.get(pk=knots.pk).students == 12
