"""One's own profile and password, the export of what is known, and leaving."""

import json
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from PIL import Image
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts import personal_data
from accounts.authentication import AccessTokenAuthentication
from accounts.codes import Purpose, make_code
from accounts.models import User
from tests.people import PASSWORD, Caller, Person
from tests.sms_provider import SmsProvider

pytestmark = pytest.mark.django_db

NEW = "another-horse-8"
SEND = "send/send_message/"


@pytest.fixture
def browser(ann: Person) -> Caller:
    """A browser in which Ann is logged in."""
    return ann.caller()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "profile/"),
        ("PATCH", "profile/"),
        ("POST", "avatar/"),
        ("POST", "password/change/"),
        ("GET", "export/"),
        ("DELETE", "account/"),
    ],
)
def test_strangers_are_refused(caller: Caller, method: str, path: str) -> None:
    answer = caller.ask(method, path, {})
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")
    assert answer.headers["Cache-Control"] == "no-store"


# --- profile --------------------------------------------------------------------------------------


def test_a_profile_is_shown_and_changed(browser: Caller, ann: Person) -> None:
    assert browser.get("profile/").json()["result"] == {
        "username": ann.user.username,
        "name": "",
        "mobile": ann.mobile,
        "email": ann.user.email,
        "icon": "",
    }
    answer = browser.ask("PATCH", "profile/", {"name": " 安 Ann ", "email": "Ann@Example.com"})
    assert answer.status_code == 200
    profile = browser.get("profile/").json()["result"]
    assert (profile["name"], profile["email"]) == ("安 Ann", "ann@example.com")
    assert Caller().login("ann@example.com").json()["name"] == "安 Ann"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 31),
        ("name", ""),
        ("name", "a\nb"),
        ("name", "abc\u202edef"),
        ("name", "a\0b"),
        ("name", ["a"]),
        ("email", "nobody"),
        ("email", "a@b\r\nBcc: c@d.example"),
        ("email", "x" * 250 + "@example.com"),
    ],
)
def test_what_a_profile_cannot_hold_is_refused(browser: Caller, field: str, value: Any) -> None:
    answer = browser.ask("PATCH", "profile/", {field: value})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}


def test_nothing_else_can_be_changed(browser: Caller, ann: Person) -> None:
    change = {
        "username": "admin",
        "mobile": "13800000099",
        "icon": "/etc/passwd",
        "is_staff": True,
        "is_superuser": True,
        "password": "x",
        "id": 1,
    }
    assert browser.ask("PATCH", "profile/", change).status_code == 200
    before = ann.user
    after = User.objects.get(pk=before.pk)
    for name in ("username", "mobile", "icon", "is_staff", "is_superuser", "password"):
        assert getattr(after, name) == getattr(before, name), name


def test_an_email_address_of_another_is_taken_without_a_word(browser: Caller) -> None:
    other = Person.make("13800000002")
    other.user.set_password(NEW)
    other.user.save()
    answer = browser.ask("PATCH", "profile/", {"email": other.user.email})
    assert answer.status_code == 200
    assert Caller().login(other.user.email, NEW).json()["username"] == other.user.username


def test_email_addresses_cannot_be_tried_in_a_row(browser: Caller) -> None:
    statuses = [
        browser.ask("PATCH", "profile/", {"email": f"a{number}@example.com"}).status_code
        for number in range(6)
    ]
    assert statuses == [200] * 5 + [429]
    assert browser.ask("PATCH", "profile/", {"name": "still"}).status_code == 200


# --- passwords ------------------------------------------------------------------------------------


def test_a_new_password_ends_every_other_login(browser: Caller, ann: Person) -> None:
    elsewhere = ann.caller()
    answer = browser.post("password/change/", old_password=PASSWORD, password=NEW)
    assert answer.status_code == 200
    assert browser.get("profile/").status_code == 200
    assert browser.post("token/refresh/").status_code == 200
    assert elsewhere.get("profile/").status_code == 401
    assert elsewhere.post("token/refresh/").status_code == 401
    assert Caller().login(ann.mobile).status_code == 401
    assert Caller().login(ann.mobile, NEW).status_code == 200


def test_a_new_password_needs_the_old_one(browser: Caller, ann: Person) -> None:
    answer = browser.post("password/change/", old_password=NEW, password=NEW)
    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_password")
    assert Caller().login(ann.mobile).status_code == 200


def test_guessing_the_old_password_is_limited_and_locks_no_login(
    browser: Caller, ann: Person
) -> None:
    statuses = [
        browser.post("password/change/", old_password=f"wrong{number}", password=NEW).status_code
        for number in range(11)
    ]
    assert statuses == [403] * 10 + [429]
    assert Caller().login(ann.mobile).status_code == 200


@pytest.mark.parametrize("password", ["short1", "12345678901", "password", "user_0001", ""])
def test_a_weak_new_password_is_refused(browser: Caller, password: str) -> None:
    answer = browser.post("password/change/", old_password=PASSWORD, password=password)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"password"}


def test_a_lost_password_is_reset_by_code(sms: SmsProvider, ann: Person) -> None:
    elsewhere, caller = ann.caller(), Caller()
    caller.post(SEND, phone=ann.mobile, purpose="reset")
    form = {"mobile": ann.mobile, "code": sms.code(ann.mobile), "password": NEW}
    assert caller.post("password/reset/", **form).status_code == 200
    assert Caller().login(ann.mobile, NEW).status_code == 200
    assert Caller().login(ann.mobile).status_code == 401
    assert elsewhere.post("token/refresh/").status_code == 401
    assert elsewhere.get("profile/").status_code == 401
    answer = caller.post("password/reset/", **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "wrong_code"), "a replay"


@pytest.mark.parametrize("purpose", [Purpose.LOGIN, Purpose.REGISTER, Purpose.DELETE])
def test_a_code_for_something_else_resets_nothing(ann: Person, purpose: Purpose) -> None:
    code = make_code(ann.mobile, purpose)
    answer = Caller().post("password/reset/", mobile=ann.mobile, code=code, password=NEW)
    assert answer.json()["error"] == "wrong_code"
    assert Caller().login(ann.mobile).status_code == 200


def test_a_reset_tells_nobody_who_is_registered(ann: Person) -> None:
    answers = [
        Caller().post("password/reset/", mobile=mobile, code="000000", password=NEW)
        for mobile in (ann.mobile, "13999999999")
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json()["msg"] == answers[1].json()["msg"]


def test_a_locked_user_resets_nothing(ann: Person) -> None:
    code = make_code(ann.mobile, Purpose.RESET)
    User.objects.filter(pk=ann.user.pk).update(is_active=False)
    answer = Caller().post("password/reset/", mobile=ann.mobile, code=code, password=NEW)
    assert answer.json()["error"] == "wrong_code"


# --- export ---------------------------------------------------------------------------------------


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Another app's part of what is known; the list tells whom it forgot."""
    forgotten: list[str] = []
    monkeypatch.setattr(personal_data, "_parts", [])
    personal_data.add_part(
        personal_data.Part(
            "orders",
            lambda user: [{"bought_by": user.username}],
            lambda user: forgotten.append(user.username),
        )
    )
    return forgotten


def test_everything_known_is_handed_over_as_a_file(
    browser: Caller, ann: Person, part: list[str]
) -> None:
    Person.make("13800000002")
    answer = browser.get("export/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="luffy-my-data.json"'
    data = answer.json()
    assert set(data) == {"account", "logins", "orders"}
    assert data["account"]["mobile"] == ann.mobile
    assert data["account"]["email"] == ann.user.email
    assert data["orders"] == [{"bought_by": ann.user.username}]
    assert [login["used"] for login in data["logins"]] == [False]
    text = json.dumps(data)
    assert "argon2" not in text
    assert "13800000002" not in text
    assert browser.refresh_token not in text


def test_every_field_of_a_user_is_handed_over_or_left_out_on_purpose(browser: Caller) -> None:
    handed_over = set(browser.get("export/").json()["account"])
    names = {"display_name": "name", "date_joined": "registered"}
    on_purpose = {"id", "password", "is_active", "is_staff", "is_superuser"}
    fields = {field.name for field in User._meta.local_concrete_fields}
    assert {names.get(name, name) for name in fields - on_purpose} == handed_over


def test_two_parts_of_one_name_are_a_mistake(part: list[str]) -> None:
    for name in ("orders", "account", "logins"):
        with pytest.raises(ValueError, match=f"found {name}"):
            personal_data.add_part(personal_data.Part(name, lambda user: None, lambda user: None))


# --- leaving --------------------------------------------------------------------------------------


def assert_forgotten(ann: Person) -> None:
    row = User.objects.get(pk=ann.user.pk)
    values = json.dumps({name: str(value) for name, value in row.__dict__.items()})
    for known in (ann.mobile, ann.user.username, ann.user.email, "argon2", "Annabel"):
        assert known not in values
    assert (row.is_active, row.mobile, row.email, row.last_login) == (False, None, "", None)
    assert not row.has_usable_password()
    assert not OutstandingToken.objects.filter(user=row).exists()


def test_an_account_is_deleted_by_password(browser: Caller, ann: Person, part: list[str]) -> None:
    User.objects.filter(pk=ann.user.pk).update(display_name="Annabel", first_name="Annabel")
    elsewhere, token = ann.caller(), browser.refresh_token
    answer = browser.ask("DELETE", "account/", {"password": PASSWORD})
    assert answer.status_code == 200
    assert answer.cookies["luffy_refresh"].value == ""
    assert_forgotten(ann)
    assert part == [ann.user.username]
    assert browser.get("profile/").status_code == 401
    assert elsewhere.post("token/refresh/").status_code == 401
    browser.refresh_token = token
    assert browser.post("token/refresh/").status_code == 401
    assert Caller().login(ann.mobile).status_code == 401


def test_an_account_is_deleted_by_code_and_the_number_is_free_again(
    browser: Caller, ann: Person, sms: SmsProvider, forget_limits: Callable[[], None]
) -> None:
    browser.post(SEND, phone=ann.mobile, purpose="delete")
    code = sms.code(ann.mobile)
    assert browser.ask("DELETE", "account/", {"code": code}).status_code == 200
    assert_forgotten(ann)
    forget_limits()
    caller = Caller()
    caller.post(SEND, phone=ann.mobile, purpose="register")
    form = {"mobile": ann.mobile, "code": sms.code(ann.mobile), "password": PASSWORD}
    assert caller.post("register/", **form).status_code == 200
    assert User.objects.get(mobile=ann.mobile).pk != ann.user.pk


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        ({}, 400),
        ({"password": "wrong-horse-7"}, 403),
        ({"code": "000000"}, 400),
        ({"code": "8888"}, 400),
        ({"password": PASSWORD, "code": "000000"}, 400),
    ],
)
def test_an_account_is_not_deleted_without_proof(
    browser: Caller, ann: Person, proof: dict[str, str], status: int
) -> None:
    assert browser.ask("DELETE", "account/", proof).status_code == status
    assert Caller().login(ann.mobile).status_code == 200


def test_a_code_for_logging_in_deletes_nothing(browser: Caller, ann: Person) -> None:
    code = make_code(ann.mobile, Purpose.LOGIN)
    assert browser.ask("DELETE", "account/", {"code": code}).status_code == 400
    assert Caller().login(ann.mobile).status_code == 200


def test_a_user_without_a_phone_cannot_send_a_code(ann: Person, browser: Caller) -> None:
    User.objects.filter(pk=ann.user.pk).update(mobile=None)
    answer = browser.ask("DELETE", "account/", {"code": "123456"})
    assert answer.json()["error"] == "wrong_code"


def test_staff_is_not_deleted_here(browser: Caller, ann: Person) -> None:
    User.objects.filter(pk=ann.user.pk).update(is_staff=True)
    answer = browser.ask("DELETE", "account/", {"password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]) == (403, "staff_account")
    assert User.objects.get(pk=ann.user.pk).is_active


@pytest.mark.parametrize("change", ["profile", "avatar", "password"])
def test_a_change_that_comes_late_writes_nothing_upon_a_deleted_account(
    browser: Caller, ann: Person, media: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    late = User.objects.get(pk=ann.user.pk)
    personal_data.forget(late)
    # The request was let in before that.
    monkeypatch.setattr(AccessTokenAuthentication, "authenticate", lambda *given: (late, None))
    if change == "profile":
        answer = browser.ask("PATCH", "profile/", {"name": "Annabel"})
    elif change == "password":
        answer = browser.post("password/change/", old_password=PASSWORD, password=NEW)
    else:
        picture = BytesIO()
        Image.new("RGB", (4, 4)).save(picture, "PNG")
        picture.seek(0)
        picture.name = "me.png"
        answer = browser.client.post("/api/v1/user/avatar/", {"file": picture})
    assert (answer.status_code, answer.json()["error"]) == (401, "token_invalid")
    assert not media.exists()
    assert_forgotten(ann)


def test_a_locked_user_who_logs_out_is_out_when_unlocked(browser: Caller, ann: Person) -> None:
    token = browser.refresh_token
    User.objects.filter(pk=ann.user.pk).update(is_active=False)
    browser.post("logout/")
    User.objects.filter(pk=ann.user.pk).update(is_active=True)
    browser.refresh_token = token
    assert browser.post("token/refresh/").status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_deletion_that_fails_deletes_nothing(
    monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    ann = Person.make("13800000001")
    ann.user.icon.save("x.webp", ContentFile(b"x"))
    browser = ann.caller()
    browser.client.raise_request_exception = False

    def broken(user: User) -> None:
        raise RuntimeError("the last step fails")

    monkeypatch.setattr(User, "set_unusable_password", broken)
    assert browser.ask("DELETE", "account/", {"password": PASSWORD}).status_code == 500
    assert (media / "icon" / "x.webp").exists()
    assert browser.get("profile/").json()["result"]["mobile"] == ann.mobile
    assert browser.post("token/refresh/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_deletions_at_once_end_as_one(part: list[str]) -> None:
    ann = Person.make("13800000001")
    browsers = [ann.caller(), ann.caller()]
    statuses: list[int] = []

    def run(browser: Caller) -> None:
        try:
            answer = browser.ask("DELETE", "account/", {"password": PASSWORD})
            statuses.append(answer.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 401, 403}
    assert_forgotten(ann)
