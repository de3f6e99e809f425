"""The shop in the administration."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from course.models import Course
from shop.models import Coupon, Order, OrderDetail, Refund
from tests.buyers import Buyer, coupon, notify, state
from tests.payment_gateway import PaymentGateway
from tests.staff import logged_in

pytestmark = pytest.mark.django_db

Make = Callable[..., Course]


@pytest.fixture
def paid(buyer: Buyer, make_course: Make, gateway: PaymentGateway) -> Order:
    """A paid order of two courses."""
    courses = make_course("Knots", price=39), make_course("Sails", price=61)
    number = gateway.pay(buyer.pay_url(*courses))
    notify(gateway.notification(number))
    return Order.objects.get(out_trade_no=number)


@pytest.fixture
def english(admin_client: Client) -> Client:
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client


def page(order: Order) -> str:
    return f"/admin/shop/order/{order.pk}/refund/"


def hidden_number(client: Client, order: Order) -> str:
    text = client.get(page(order)).content.decode()
    found = re.search(r'name="number" value="([^"]+)"', text)
    assert found, text
    return found[1]


@pytest.mark.parametrize("path", ["shop/coupon/", "shop/coupon/add/", "shop/order/"])
def test_every_list_and_form_opens(english: Client, paid: Order, path: str) -> None:
    assert english.get(f"/admin/{path}").status_code == 200
    assert english.get(f"/admin/{path}?q=x").status_code in (200, 302)


def test_an_orders_page_shows_all_of_it_and_changes_nothing(english: Client, paid: Order) -> None:
    address = f"/admin/shop/order/{paid.pk}/change/"
    text = english.get(address).content.decode()
    for shown in ("Knots", "61.00", paid.trade_no, "The gateway told", f"{paid.pk}/refund/"):
        assert shown in text, shown
    assert 'name="total_amount"' not in text
    assert english.post(address, {"total_amount": "1"}).status_code == 403
    assert english.get("/admin/shop/order/add/").status_code == 403
    assert english.post(f"/admin/shop/order/{paid.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_order_is_refunded_in_part(
    english: Client, paid: Order, gateway: PaymentGateway
) -> None:
    knots = OrderDetail.objects.get(name="Knots")
    form = {"details": [knots.pk], "reason": "Too easy", "number": hidden_number(english, paid)}
    answer = english.post(page(paid), form, follow=True)
    assert "39.00 was given back." in answer.content.decode()
    refund = Refund.objects.get()
    assert (refund.by_name, refund.reason, str(refund.amount)) == ("admin", "Too easy", "39.00")
    assert gateway.deals[paid.out_trade_no].refunds == {form["number"]: "39.00"}
    # A second click sends the same form; the course is not offered again either.
    answer = english.post(page(paid), form, follow=True)
    assert Refund.objects.count() == 1
    assert "Knots — 39.00" not in english.get(page(paid)).content.decode()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": ""}, "reason"),
        ({"details": []}, "details"),
        ({"details": ["0"]}, "details"),
        ({"number": "x"}, "number"),
    ],
)
def test_a_refund_without_all_it_needs_is_not_made(
    english: Client, paid: Order, fields: dict[str, Any], wrong: str
) -> None:
    knots = OrderDetail.objects.get(name="Knots")
    form = {"details": [knots.pk], "reason": "x", "number": hidden_number(english, paid)}
    answer = english.post(page(paid), form | fields)
    assert answer.status_code == 200
    assert wrong in answer.context["form"].errors
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"answer": (503, b"")}, "The payment gateway has not answered yet."),
        (
            {"refuses": {"alipay.trade.refund": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}},
            "The payment gateway refused to give 39.00 back: ACQ.SELLER_BALANCE_NOT_ENOUGH",
        ),
    ],
)
def test_what_came_of_a_refund_is_told(
    english: Client, paid: Order, gateway: PaymentGateway, fault: dict[str, Any], told: str
) -> None:
    for name, value in fault.items():
        setattr(gateway, name, value)
    knots = OrderDetail.objects.get(name="Knots")
    form = {"details": [knots.pk], "reason": "x", "number": hidden_number(english, paid)}
    assert told in english.post(page(paid), form, follow=True).content.decode()


def test_an_unpaid_order_cannot_be_refunded(
    english: Client, buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    buyer.order(make_course())
    order = Order.objects.get()
    form = {
        "details": [OrderDetail.objects.get().pk],
        "reason": "x",
        "number": hidden_number(english, order),
    }
    answer = english.post(page(order), form, follow=True)
    assert "This cannot be refunded now." in answer.content.decode()


def test_the_lists_action_leads_to_the_page_for_one_order(
    english: Client, paid: Order, buyer: Buyer, make_course: Make
) -> None:
    form: dict[str, Any] = {"action": "refund", "_selected_action": [paid.pk]}
    answer = english.post("/admin/shop/order/", form)
    assert answer.headers["Location"] == page(paid)
    buyer.order(make_course("Other"))
    form["_selected_action"] = [order.pk for order in Order.objects.all()]
    answer = english.post("/admin/shop/order/", form, follow=True)
    assert "Select one order to refund." in answer.content.decode()


def test_only_who_may_refund_can(paid: Order) -> None:
    user = User.objects.create_user("support", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    client = logged_in(user)
    assert client.get(f"/admin/shop/order/{paid.pk}/change/").status_code == 200
    assert (
        f"{paid.pk}/refund/"
        not in client.get(f"/admin/shop/order/{paid.pk}/change/").content.decode()
    )
    assert client.get(page(paid)).status_code == 403
    assert client.post(page(paid), {}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="refund_order"))
    assert client.get(page(paid)).status_code == 200


def test_visitors_are_sent_to_the_login(paid: Order, client: Client) -> None:
    answer = client.get(page(paid))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_a_coupon_made_in_the_administration_works(
    english: Client, buyer: Buyer, make_course: Make
) -> None:
    form = {
        "code": " spring 26 ",
        "name": "Spring",
        "kind": "percent",
        "value": "25",
        "minimum": "0",
        "active": "on",
    }
    answer = english.post("/admin/shop/coupon/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    assert Coupon.objects.get().code == "SPRING26"
    quote = buyer.post("order/quote/", courses=[make_course(price=40).pk], coupon="Spring26")
    assert quote.json()["result"]["total_amount"] == "30.00"
    answer = english.post("/admin/shop/coupon/add/", form | {"value": "101", "code": "OTHER"})
    assert answer.status_code == 200
    assert "value" in answer.context["adminform"].form.errors


def test_lists_ask_the_same_number_of_queries_however_long(
    english: Client, buyer: Buyer, make_course: Make, gateway: PaymentGateway
) -> None:
    for path in ("order", "coupon"):
        counts = []
        for number in range(3):
            coupon(f"CODE-{path}-{number}".upper(), value=Decimal(1))
            buyer.order(make_course(f"{path} {number}"))
            with CaptureQueriesContext(connection) as queries:
                assert english.get(f"/admin/shop/{path}/").status_code == 200
            counts.append(len(queries))
        assert len(set(counts[1:])) == 1, counts


def test_a_refund_shows_in_the_history(english: Client, paid: Order) -> None:
    knots = OrderDetail.objects.get(name="Knots")
    form = {"details": [knots.pk], "reason": "x", "number": hidden_number(english, paid)}
    english.post(page(paid), form)
    text = english.get(f"/admin/shop/order/{paid.pk}/history/").content.decode()
    assert f"refund {form['number']}: 39.00" in text
    assert state(paid.out_trade_no) == "PAID"
