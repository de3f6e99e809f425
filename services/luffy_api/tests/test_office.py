"""The administration's pages: they ask no other host, cost as much with many rows, and show how the
school is doing to those who may see it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from unfold.admin import ModelAdmin

from accounts.models import User
from course.models import Course, CourseCategory
from office import figures
from office.charts import Number, bars, day_chart
from office.middleware import POLICY
from shop.models import Order, OrderDetail, Refund
from tests.people import PASSWORD
from tests.staff import browser, give_phone, logged_in, make_boss, make_staff

pytestmark = pytest.mark.django_db

PAGES = (
    "/admin/",
    "/admin/login/",
    "/admin/password_change/",
    "/admin/second-factor/phone/",
    "/admin/second-factor/backup-codes/",
    "/admin/course/course/",
    "/admin/course/course/add/",
    "/admin/course/coursechapter/add/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/auth/group/",
    "/admin/auditlog/logentry/",
    "/admin/nothing/",
)


@pytest.fixture
def boss() -> User:
    return make_boss()


@pytest.fixture
def order(boss: User) -> Callable[..., Order]:
    """Makes an order over courses, paid today for 10 each unless it is told otherwise."""

    def make(*courses: Course, status: int = Order.Status.PAID, **fields: Any) -> Order:
        now = timezone.now()
        total = 10 * len(courses)
        fields = {"pay_time": now, "total_amount": total, "amount": total} | fields
        made = Order.objects.create(
            out_trade_no=f"T{Order.objects.count()}",
            user=boss,
            expires=now,
            order_status=status,
            **fields,
        )
        for course in courses:
            OrderDetail.objects.create(
                order=made, course=course, name=course.name, price=10, real_price=10
            )
        return made

    return make


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_another_host_and_the_browser_is_told_so(boss: User, path: str) -> None:
    client = browser() if path == "/admin/login/" else logged_in(boss)
    answer = client.get(path)
    assert answer.status_code in (200, 404)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Frame-Options"] in ("DENY", "SAMEORIGIN")
    page = answer.content.decode()
    asked = re.findall(r"<(?:link|script|img|iframe|source)[^>]+?(?:src|href)=\"([^\"]+)\"", page)
    assert [address for address in asked if re.match(r"(\w+:)?//", address)] == []
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>\s*\S", page), (
        "a script within the page, which the browser would refuse to run"
    )
    assert not re.search(r"\son(click|load|change|submit|error)=", page), "the same of an attribute"


def test_the_api_is_not_under_the_administrations_policy(client: Client) -> None:
    assert "Content-Security-Policy" not in client.get("/api/v1/course/category/").headers


@pytest.mark.parametrize(
    "name", ["unfold/css/styles.css", "unfold/fonts/inter/styles.css", "office/office.css"]
)
def test_no_stylesheet_asks_another_host(name: str) -> None:
    found = finders.find(name)
    assert isinstance(found, str)
    with open(found, encoding="utf-8") as file:  # noqa: PTH123 - a path as Django gives it
        text = file.read()
    assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", text)


@pytest.mark.parametrize(("language", "word"), [("en", "Overview"), ("zh-hans", "概览")])
def test_it_is_in_the_callers_language(boss: User, language: str, word: str) -> None:
    page = logged_in(boss, language=language).get("/admin/").content.decode()
    assert word in page


def test_the_language_can_be_chosen(boss: User) -> None:
    client = logged_in(boss)
    answer = client.post("/admin/language/", {"language": "zh-hans", "next": "/admin/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert "概览" in client.get("/admin/").content.decode()


def test_the_search_finds_pages_that_the_caller_may_see_and_nothing_else(boss: User) -> None:
    assert (
        "/admin/auditlog/logentry/" in logged_in(boss).get("/admin/search/?s=log").content.decode()
    )
    support = logged_in(make_staff("sue", "support"))
    for word in ("log", "cours", "zzz", "%"):
        answer = support.get("/admin/search/", {"s": word, "page": "x"})
        assert answer.status_code == 200
        assert "/admin/auditlog/" not in answer.content.decode()
        assert "/admin/course/" not in answer.content.decode()
    assert "/admin/accounts/user/" in support.get("/admin/search/?s=user").content.decode()
    assert support.get("/admin/search/").content == b""


def test_every_page_is_the_themes_and_none_holds_secrets() -> None:
    for model, page in admin.site._registry.items():
        assert isinstance(page, ModelAdmin), model
        names = {field.name for field in model._meta.get_fields()}
        assert not names & {"key", "token", "jti"}, model


def test_pages_of_libraries_that_hold_secrets_are_not_there(boss: User) -> None:
    client = logged_in(boss)
    for path in (
        "otp_totp/totpdevice",
        "otp_static/staticdevice",
        "token_blacklist/outstandingtoken",
        "token_blacklist/blacklistedtoken",
    ):
        assert client.get(f"/admin/{path}/").status_code == 404


# --- cost -----------------------------------------------------------------------------------------


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_lists_cost_as_many_queries_with_many_rows(
    boss: User, make_course: Callable[..., Course], order: Callable[..., Order]
) -> None:
    client = logged_in(boss)
    paths = (
        "/admin/",
        "/admin/course/course/",
        "/admin/course/coursechapter/",
        "/admin/course/coursesection/",
        "/admin/accounts/user/",
        "/admin/auditlog/logentry/",
        "/admin/shop/order/",
        "/admin/shop/coupon/",
    )

    def more(number: int) -> None:
        make_course(f"Course {number}")
        user = make_staff(f"staff{number}", "editor")
        give_phone(user)
        page = f"/admin/accounts/user/{user.pk}/change/"
        form = {"username": user.username, "first_name": "A", "is_active": "on", "is_staff": "on"}
        assert client.post(page, form).status_code == 302

    more(0)
    order(make_course("Bought"))
    for path in paths:
        client.get(path)
    few = {path: queries(client, path) for path in paths}
    for number in range(1, 6):
        more(number)
        order(make_course(f"Bought {number}"))
    assert {path: queries(client, path) for path in paths} == few
    assert max(few.values()) <= 20, few


# --- figures --------------------------------------------------------------------------------------


def test_who_sees_the_figures(boss: User) -> None:
    seen = {
        role: "office-chart" in logged_in(user).get("/admin/").content.decode()
        for role, user in {
            "superuser": boss,
            **{role: make_staff(role, role) for role in ("owner", "editor", "support")},
        }.items()
    }
    assert seen == {"superuser": True, "owner": True, "editor": False, "support": False}


def test_new_people_are_counted_by_the_days_of_the_site(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"
    days = figures.last_days(date(2026, 3, 3), 3)
    moments = (
        datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC),  # the day before, in Shanghai
        datetime(2026, 2, 28, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 1, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 3, 16, 0, tzinfo=UTC),  # the day after
    )
    for number, moment in enumerate(moments):
        user = User.objects.create_user(f"u{number}", password=None)
        User.objects.filter(pk=user.pk).update(date_joined=moment)
    assert figures.new_people(days) == [
        (date(2026, 3, 1), 2),
        (date(2026, 3, 2), 1),
        (date(2026, 3, 3), 0),
    ]


def test_a_day_with_another_length_is_counted_whole(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    begin, end = figures.bounds(date(2026, 3, 29))
    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=23)


def test_the_figures_take_one_query_each_however_many_days(
    django_assert_num_queries: Callable[..., Any],
) -> None:
    with django_assert_num_queries(1):
        assert len(figures.new_people(figures.last_days(days=90))) == 90
    with django_assert_num_queries(0):
        assert figures.new_people([]) == []


def test_sales_are_what_was_paid_less_what_was_given_back(
    make_course: Callable[..., Course], order: Callable[..., Order]
) -> None:
    knots, sails = make_course("Knots"), make_course("Sails")
    today = timezone.now()
    order(knots, sails)
    order(knots, pay_time=today - timedelta(days=1))
    order(knots, sails, status=Order.Status.REFUNDING, refunded_amount=Decimal("2.50"))
    order(knots, status=Order.Status.REFUNDED, refunded_amount=10)
    for unpaid in (Order.Status.UNPAID, Order.Status.CANCELLED, Order.Status.TIMED_OUT):
        order(knots, status=unpaid, pay_time=None)
    order(knots, status=Order.Status.CANCELLED)  # late money, on its way back
    order(knots, pay_time=today - timedelta(days=40))
    amounts = [amount for _day, amount in figures.sales(figures.last_days())]
    assert amounts[-2:] == [Decimal(10), Decimal("37.50")]
    assert set(amounts[:-2]) == {Decimal(0)}


def test_orders_are_counted_by_state_with_those_that_none_is_in(
    make_course: Callable[..., Course], order: Callable[..., Order]
) -> None:
    course = make_course()
    for status in (Order.Status.PAID, Order.Status.PAID, Order.Status.TIMED_OUT):
        order(course, status=status)
    assert [number for _state, number in figures.orders_by_state()] == [0, 2, 0, 1, 0, 0]


def test_the_best_courses_are_those_that_brought_most_lately(
    make_course: Callable[..., Course], order: Callable[..., Order], boss: User
) -> None:
    knots, sails, ropes = make_course("Knots"), make_course("Sails"), make_course("Ropes")
    for _number in range(3):
        order(sails)
    order(knots, sails)
    for _number in range(9):
        order(ropes, pay_time=timezone.now() - timedelta(days=40))
        order(ropes, status=Order.Status.UNPAID, pay_time=None)
    given_back = order(ropes, knots)
    refund = Refund.objects.create(
        order=given_back, out_request_no="R1", amount=10, reason="", by=boss
    )
    given_back.details.filter(course=ropes).update(refund=refund)
    days = figures.last_days()
    assert figures.best_courses(days) == [("Sails", Decimal(40)), ("Knots", Decimal(20))]
    assert figures.best_courses(days, 1) == [("Sails", Decimal(40))]
    assert figures.best_courses([]) == []


def test_the_overview_shows_money_and_states(
    boss: User, make_course: Callable[..., Course], order: Callable[..., Order]
) -> None:
    order(make_course("Knots"), total_amount=Decimal("1234.50"))
    page = logged_in(boss).get("/admin/").content.decode()
    assert page.count("¥1,234.50") >= 3
    assert "Timed out" in page


def test_an_orders_page_and_its_refund_are_the_themes(
    boss: User, make_course: Callable[..., Course], order: Callable[..., Order]
) -> None:
    client = logged_in(boss)
    paid, unpaid = order(make_course("Knots")), order(status=Order.Status.UNPAID, pay_time=None)
    page = client.get(f"/admin/shop/order/{paid.pk}/change/").content.decode()
    assert "Knots" in page
    assert f"/admin/shop/order/{paid.pk}/refund/" in page
    page = client.get(f"/admin/shop/order/{paid.pk}/refund/").content.decode()
    assert "Knots" in page
    assert 'type="checkbox"' in page
    page = client.get(f"/admin/shop/order/{unpaid.pk}/change/").content.decode()
    assert "/refund/" not in page


def test_hidden_and_offline_courses_are_not_among_the_most_taken(
    make_course: Callable[..., Course],
) -> None:
    make_course("Few", students=1)
    make_course("Many", students=9)
    make_course("Hidden", students=99, is_show=False)
    make_course("Offline", students=99, status=Course.Status.OFFLINE)
    assert figures.most_taken_courses() == [("Many", 9), ("Few", 1)]
    assert figures.most_taken_courses(1) == [("Many", 9)]


def test_a_chart_has_its_numbers_in_a_table_beside_it(boss: User, category: CourseCategory) -> None:
    User.objects.create_user("reader", password=PASSWORD)
    page = logged_in(boss).get("/admin/").content.decode()
    today = figures.last_days()[-1]
    chart = day_chart("New people", figures.new_people(figures.last_days()), str)
    assert chart.columns[-1].shown == "2"
    assert page.count("<svg") >= 1
    assert 'role="img"' in page
    assert page.count(f'<th scope="row">{chart.last}</th>') == page.count('role="img"')
    assert today == timezone.localdate()


def test_the_tallest_column_fills_the_drawing_and_nothing_is_nothing() -> None:
    days: list[tuple[date, Number]] = [
        (date(2026, 3, 1), Decimal(5)),
        (date(2026, 3, 2), Decimal(20)),
        (date(2026, 3, 3), 0),
    ]
    chart = day_chart("Sales", days, lambda value: f"¥{value}")
    assert [(column.y, column.height) for column in chart.columns] == [
        (75.0, 25.0),
        (0.0, 100.0),
        (100.0, 0.0),
    ]
    assert (chart.total, chart.highest, chart.width) == ("¥25", "¥20", 30)
    empty = day_chart("Sales", [], str)
    assert (empty.total, empty.highest, empty.first, empty.last) == ("0", "0", "", "")
    flat = day_chart("Sales", [(date(2026, 3, 1), 0)], str)
    assert flat.columns[0].height == 0.0


def test_bars_are_shares_of_the_longest() -> None:
    found = bars([("a", 10), ("b", 4), ("c", 0)], str)
    assert [(bar.label, bar.shown, bar.share) for bar in found] == [
        ("a", "10", 100.0),
        ("b", "4", 40.0),
        ("c", "0", 0.0),
    ]
    assert bars([], str) == []
