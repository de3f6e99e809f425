"""The audit trail: who changed what, when, from which value to which, and nothing that lets in."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import personal_data
from accounts.models import User
from course.models import Course, CourseCategory, CourseChapter
from office import audit
from office.second_factor import devices
from office.tasks import forget_expired_sessions, prune_audit
from shop.models import Order, OrderDetail, Refund
from tests.people import PASSWORD, Person
from tests.staff import give_phone, logged_in, make_boss, make_staff, shown_by_phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return make_boss()


@pytest.fixture
def office(boss: User) -> Client:
    return logged_in(boss)


def rename(office: Client, category: CourseCategory, name: str) -> None:
    page = f"/admin/course/coursecategory/{category.pk}/change/"
    answer = office.post(page, {"name": name, "orders": "0", "is_show": "on"})
    assert answer.status_code == 302, answer.content.decode()


def everything() -> str:
    """All that the trail says, as text."""
    rows = LogEntry.objects.values(
        "object_repr", "changes", "additional_data", "serialized_data", "remote_addr"
    )
    return json.dumps(list(rows), default=str, ensure_ascii=False)


def test_a_change_is_written_down_with_who_when_and_both_values(
    office: Client, boss: User, category: CourseCategory
) -> None:
    before = timezone.now()
    rename(office, category, "Seamanship")
    entry = LogEntry.objects.get()
    assert entry.changes == {"name": ["Navigation", "Seamanship"]}
    assert entry.action == LogEntry.Action.UPDATE
    assert entry.actor == boss
    assert entry.additional_data == {"actor": "boss"}
    assert entry.remote_addr == "203.0.113.5"
    assert before <= entry.timestamp <= timezone.now()
    assert entry.object_id == category.pk


def test_what_is_made_and_deleted_is_written_down_as_well(
    office: Client, category: CourseCategory
) -> None:
    form = {"name": "Knots", "orders": "3", "is_show": "on"}
    assert office.post("/admin/course/coursecategory/add/", form).status_code == 302
    made = LogEntry.objects.get(action=LogEntry.Action.CREATE)
    assert made.changes["name"] == ["None", "Knots"]
    office.post(f"/admin/course/coursecategory/{category.pk}/delete/", {"post": "yes"})
    deleted = LogEntry.objects.get(action=LogEntry.Action.DELETE)
    assert deleted.changes["name"] == ["Navigation", "None"]


def test_inlines_are_written_down(office: Client, make_course: Callable[..., Course]) -> None:
    make_course()
    chapter = CourseChapter.objects.get(chapter=1)
    sections = list(chapter.coursesections.all())
    form: dict[str, Any] = {
        "course": chapter.course_id,
        "chapter": "1",
        "name": chapter.name,
        "summary": "",
        "orders": "0",
        "is_show": "on",
        "coursesections-TOTAL_FORMS": "3",
        "coursesections-INITIAL_FORMS": "3",
    }
    for place, section in enumerate(sections):
        fields = {
            "id": section.pk,
            "chapter": chapter.pk,
            "name": "Bowline" if place == 1 else section.name,
            "section_type": section.section_type,
            "section_link": section.section_link,
            "duration": section.duration,
            "orders": section.orders,
            "is_show": "on",
        } | ({"free_trail": "on"} if section.free_trail else {})
        form |= {f"coursesections-{place}-{name}": value for name, value in fields.items()}
    answer = office.post(f"/admin/course/coursechapter/{chapter.pk}/change/", form)
    assert answer.status_code == 302, answer.content.decode()
    entry = LogEntry.objects.get()
    assert entry.changes == {"name": ["Section 1.2", "Bowline"]}
    assert entry.object_id == sections[1].pk


def test_rights_that_are_given_and_taken_are_written_down(office: Client) -> None:
    editor = make_staff("ed", "editor")
    form = {"username": "ed", "email": "ed@example.com", "is_active": "on", "is_staff": "on"}
    LogEntry.objects.all().delete()
    answer = office.post(f"/admin/accounts/user/{editor.pk}/change/", form | {"mobile": ""})
    assert answer.status_code == 302, answer.content.decode()
    changes = [entry.changes for entry in LogEntry.objects.all()]
    assert {"type": "m2m", "operation": "delete", "objects": ["editor"]} in [
        change.get("groups") for change in changes
    ]


def test_no_password_stands_in_it(office: Client) -> None:
    reader = User.objects.create_user("reader", password=PASSWORD)
    old = reader.password
    form = {
        "usable_password": "true",
        "password1": "horse-9-battery",
        "password2": "horse-9-battery",
    }
    answer = office.post(f"/admin/accounts/user/{reader.pk}/password/", form)
    assert answer.status_code == 302, answer.content.decode()
    reader.refresh_from_db()
    entry = LogEntry.objects.get(object_id=reader.pk)
    assert entry.changes == {"password": [audit.HIDDEN, audit.HIDDEN]}
    for secret in (old, reader.password, old[-20:], reader.password[-20:], "horse-9-battery"):
        assert secret not in everything()


def test_no_secret_of_a_second_factor_stands_in_it_but_that_it_changed(boss: User) -> None:
    client = logged_in(boss, verified=False)
    client.get("/admin/second-factor/phone/")
    secret = client.session["office_phone_secret"]
    code = shown_by_phone(secret)
    client.post("/admin/second-factor/phone/", {"code": code})
    with audit.watching(boss):
        codes = devices.new_backup_codes(boss)
        devices.remove(boss)
    noted = [entry.changes for entry in LogEntry.objects.order_by("pk")]
    assert {"two_factor_login": ["off", "on, with a new phone"]} in noted
    assert {"backup_codes": ["none", "new ones"]} in noted
    assert {"two_factor_login": ["on", "reset"]} in noted
    for text in (secret, code, *codes, *(devices.digest(boss, code) for code in codes)):
        assert text not in everything()


def test_a_refund_is_written_down_with_its_order_and_reason(
    office: Client, boss: User, make_course: Callable[..., Course]
) -> None:
    now = timezone.now()
    paid = Order.objects.create(
        out_trade_no="T1",
        user=boss,
        amount=0,
        total_amount=0,
        expires=now,
        pay_time=now,
        order_status=Order.Status.PAID,
    )
    detail = OrderDetail.objects.create(
        order=paid, course=make_course("Knots"), name="Knots", price=0, real_price=0
    )
    form = {"details": [detail.pk], "reason": "Too easy", "number": f"staff{'0' * 24}"}
    answer = office.post(f"/admin/shop/order/{paid.pk}/refund/", form)
    assert answer.status_code == 302, answer.content.decode()
    content_type = ContentType.objects.get_for_model(Refund)
    entry = LogEntry.objects.get(action=LogEntry.Action.CREATE, content_type=content_type)
    assert entry.changes["reason"] == ["None", "Too easy"]
    assert entry.changes["order"] == ["None", str(paid.pk)]
    assert entry.actor == boss
    text = office.get(f"/admin/auditlog/logentry/{entry.pk}/change/").content.decode()
    assert f"T1 ({paid.pk})" in text


def test_what_visitors_do_leaves_no_trace(ann: Person) -> None:
    caller = ann.caller()
    answer = caller.ask("PATCH", "profile/", {"name": "Ann", "email": "ann@example.com"})
    assert answer.status_code == 200
    assert caller.post("password/change/", old_password=PASSWORD, password="horse-9-battery")
    ann.user.refresh_from_db()
    assert ann.user.display_name == "Ann"
    assert caller.ask("DELETE", "account/", {"password": "horse-9-battery"}).status_code == 200
    assert not LogEntry.objects.exists()


def test_logging_in_and_saving_without_a_change_leave_no_trace(
    boss: User, category: CourseCategory
) -> None:
    give_phone(boss)
    client = logged_in(boss, verified=False)
    form = {"username": "boss", "password": PASSWORD, "next": "/admin/"}
    client.post("/admin/login/", form)
    client.post("/admin/second-factor/", {"code": shown_by_phone()})
    rename(client, category, category.name)
    assert not LogEntry.objects.exists()


def test_the_actors_name_stays_when_the_account_is_gone(
    boss: User, category: CourseCategory
) -> None:
    editor = make_staff("ed", "editor")
    rename(logged_in(editor), category, "Knots")
    User.objects.filter(pk=editor.pk).delete()
    entry = LogEntry.objects.get()
    assert entry.actor is None
    page = logged_in(boss).get("/admin/auditlog/logentry/").content.decode()
    assert ">ed<" in re_spaces(page)


@pytest.mark.parametrize("name", ["ed", "爱德"])
def test_it_is_searched_by_who_and_by_what(boss: User, category: CourseCategory, name: str) -> None:
    rename(logged_in(make_staff(name, "editor", email="")), category, "Knots")
    client = logged_in(boss)
    for word, found in ((name, True), ("navigat", False), ("Knots", True), ("nobody", False)):
        page = client.get("/admin/auditlog/logentry/", {"q": word})
        assert (len(page.context["cl"].result_list) == 1) is found, word


def re_spaces(page: str) -> str:
    return "".join(page.split())


def test_nobody_changes_it_in_the_administration(office: Client, category: CourseCategory) -> None:
    rename(office, category, "Knots")
    entry = LogEntry.objects.get()
    place = f"/admin/auditlog/logentry/{entry.pk}"
    page = office.get(f"{place}/change/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "Navigation" in text
    assert "Knots" in text
    assert 'name="_save"' not in text
    for answer in (
        office.post(f"{place}/change/", {"object_repr": "x"}),
        office.post(f"{place}/delete/", {"post": "yes"}),
        office.post("/admin/auditlog/logentry/add/", {"object_repr": "x"}),
    ):
        assert answer.status_code == 403
    form = {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    office.post("/admin/auditlog/logentry/", form)
    assert LogEntry.objects.get() == entry


def test_a_deleted_person_leaves_it_without_what_was_known_of_them(office: Client) -> None:
    reader = Person.make("13800000001", username="reader", display_name="Rea").user
    page = f"/admin/accounts/user/{reader.pk}/change/"
    form = {"username": "reader", "mobile": "13800000002", "email": "r@example.com"}
    answer = office.post(page, form | {"is_active": "on", "display_name": "Reader"})
    assert answer.status_code == 302, answer.content.decode()
    assert "13800000001" in everything()
    changed = personal_data.export(reader)["administration"]["changed_by_staff"]
    assert changed[0]["changes"]["mobile"] == ["13800000001", "13800000002"]
    office.post(f"/admin/accounts/user/{reader.pk}/delete/", {"post": "yes"})
    text = everything()
    for known in ("13800000001", "13800000002", "r@example.com", "reader", "Reader", "Rea"):
        assert f'"{known}"' not in text
    assert {"account": ["", "deleted"]} in [entry.changes for entry in LogEntry.objects.all()]
    office.get("/admin/")  # which shows the message about it, once
    assert "reader" not in office.get("/admin/").content.decode()


def test_entries_go_when_they_are_too_old(
    office: Client, category: CourseCategory, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_AT_ONCE", 2)
    settings.AUDIT_KEEP_DAYS = 30
    for number in range(5):
        rename(office, category, f"Name {number}")
    old = LogEntry.objects.order_by("pk")[:3]
    for entry in old:
        LogEntry.objects.filter(pk=entry.pk).update(timestamp=timezone.now() - timedelta(days=31))
    LogEntry.objects.filter(pk=LogEntry.objects.latest("pk").pk).update(
        timestamp=timezone.now() - timedelta(days=29)
    )
    prune_audit()
    assert [entry.changes["name"][1] for entry in LogEntry.objects.order_by("pk")] == [
        "Name 3",
        "Name 4",
    ]


def test_sessions_that_have_expired_are_deleted(office: Client, boss: User) -> None:
    logged_in(boss)
    Session.objects.filter(pk=office.session.session_key).update(
        expire_date=timezone.now() - timedelta(minutes=1)
    )
    forget_expired_sessions()
    assert Session.objects.count() == 1


def test_what_the_operator_does_is_told_as_the_operators(office: Client, boss: User) -> None:
    with audit.watching(None):
        devices.new_backup_codes(boss)
    assert LogEntry.objects.get().additional_data == {"actor": ""}
    assert "operator" in office.get("/admin/auditlog/logentry/").content.decode()
