"""Logging in by password: who gets in, how often one may try, and what an answer tells."""

import statistics
import time
from typing import Any

import pytest
from django.contrib.auth.hashers import get_hasher
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts import credentials
from accounts.models import User
from tests.people import PASSWORD, Caller, Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name", ["user_0001", "13800000001", "u13800000001@example.com", " USER_0001 ", "ｕser_0001"]
)
def test_name_phone_and_email_address_let_one_in(caller: Caller, ann: Person, name: str) -> None:
    answer = caller.login(name)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["code"], body["username"], body["icon"]) == (100, "user_0001", "")
    assert body["token"].count(".") == 2
    ann.user.refresh_from_db()
    assert ann.user.last_login is not None


@pytest.mark.parametrize("scheme", ["jwt", "JWT", "Bearer", "bearer"])
def test_each_word_for_the_token_is_taken(caller: Caller, ann: Person, scheme: str) -> None:
    token = caller.login(ann.mobile).json()["token"]
    headers = {"Authorization": f"{scheme} {token}"}
    assert Caller().ask("GET", "profile/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["", "jwt", "jwt ", "Basic abc", "jwt a.b.c", "jwt {token} x", "jwt {token}x", "{token}"],
)
def test_anything_else_is_a_401_of_the_one_shape(caller: Caller, ann: Person, header: str) -> None:
    token = caller.login(ann.mobile).json()["token"]
    headers = {"Authorization": header.format(token=token)}
    answer = Caller().ask("GET", "profile/", headers=headers)
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "error", "msg", "request_id"}
    assert answer.json()["error"] in ("not_authenticated", "token_invalid")
    assert answer.headers["WWW-Authenticate"].startswith("JWT")


def test_an_expired_token_is_told_in_the_callers_language(caller: Caller, ann: Person) -> None:
    headers = {"Authorization": "jwt a.b.c", "Accept-Language": "zh-CN"}
    answer = caller.ask("GET", "profile/", headers=headers)
    assert answer.json()["msg"] == "登录已过期，请重新登录。"


def test_the_answer_is_the_same_for_unknown_names_and_wrong_passwords(ann: Person) -> None:
    Person.make("13800000002", is_active=False)
    answers = [
        Caller().login(ann.mobile, "wrong-horse-7"),
        Caller().login("nobody", "wrong-horse-7"),
        Caller().login("13999999999", PASSWORD),
        Caller().login("nobody@example.com", PASSWORD),
        Caller().login("13800000002", PASSWORD),
        Caller().login("   x", PASSWORD),
    ]
    for answer in answers:
        assert answer.status_code == 401
        body = answer.json()
        assert body.pop("request_id")
        assert body == {
            "code": 401,
            "error": "wrong_credentials",
            "msg": "The name or the password is wrong.",
        }
        assert "token" not in str(answer.content)
        assert not answer.cookies


def test_an_unknown_name_takes_about_as_long(ann: Person, settings: Any) -> None:
    def duration(name: str) -> float:
        began = time.perf_counter()
        Caller().login(name, "wrong-horse-7")
        return time.perf_counter() - began

    settings.LOGIN_TRIES_PER_NAME = 100
    known, unknown = [], []
    for _number in range(9):
        known.append(duration(ann.mobile))
        unknown.append(duration("13999999999"))
    ratio = statistics.median(unknown) / statistics.median(known)
    assert 0.5 < ratio < 2, f"unknown {unknown}, known {known}"


def test_one_hashing_for_each_try(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    hashings: list[str] = []
    hasher = type(get_hasher())
    for name in ("encode", "verify"):
        original = getattr(hasher, name)

        def counted(self: Any, *given: Any, original: Any = original) -> Any:
            hashings.append("")
            return original(self, *given)

        monkeypatch.setattr(hasher, name, counted)
    Caller().login(ann.mobile, "wrong-horse-7")
    known = len(hashings)
    Caller().login("nobody", "wrong-horse-7")
    assert (known, len(hashings) - known) == (1, 1)


def test_a_hash_of_other_costs_is_made_anew_at_login(caller: Caller, ann: Person) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    ann.user.password = Argon2PasswordHasher().encode(PASSWORD, "saltsaltsaltsalt")
    ann.user.save()
    assert "m=102400" in ann.user.password
    assert caller.login(ann.mobile).status_code == 200
    ann.user.refresh_from_db()
    assert "m=19456,t=2,p=1" in ann.user.password
    assert caller.get("profile/").status_code == 200, "the token is of the new hash"


# --- guessing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["13800000001", "nobody"])
def test_guesses_are_limited_whether_or_not_the_name_exists(ann: Person, name: str) -> None:
    statuses = [Caller().login(name, f"wrong-horse-{number}").status_code for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    answer = Caller().login(name)
    assert answer.status_code == 429, "the right password does not get past the limit"
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    other = Caller("203.0.113.99").login(name)
    assert other.status_code == (200 if name == ann.mobile else 401), "its owner is elsewhere"


@pytest.mark.parametrize("spelling", ["USER_0001", " user_0001", "ｕser_0001"])
def test_other_spellings_give_no_more_guesses(ann: Person, spelling: str) -> None:
    for number in range(10):
        Caller().login("user_0001", f"wrong-horse-{number}")
    assert Caller().login(spelling).status_code == 429


@pytest.mark.parametrize("name", ["üser_0001", "usér_0001", "user_0001\u0301"])
def test_what_the_database_takes_for_the_same_name_is_another(ann: Person, name: str) -> None:
    assert User.objects.filter(username=name).exists() or "\u0301" in name
    assert Caller().login(name).status_code == 401


def test_a_name_is_limited_from_everywhere_too(ann: Person, settings: Any) -> None:
    settings.LOGIN_TRIES_PER_NAME = 3
    statuses = [
        Caller(f"203.0.113.{number}").login(ann.mobile, "wrong-horse-7").status_code
        for number in range(16)
    ]
    assert statuses == [401] * 15 + [429]


def test_an_address_is_limited_over_all_names(settings: Any) -> None:
    settings.LOGIN_TRIES_PER_ADDRESS = 5
    statuses = [Caller().login(f"name{number}").status_code for number in range(6)]
    assert statuses == [401] * 5 + [429]
    assert Caller("2001:db8::1").login("name1").status_code == 401


def test_no_header_but_the_edges_changes_who_is_counted(settings: Any) -> None:
    settings.LOGIN_TRIES_PER_ADDRESS = 3
    for number in range(3):
        Caller().login(f"name{number}")
    headers = {"X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6", "Client-IP": "6.6.6.6"}
    form = {"username": "x", "password": "y"}
    assert Caller().ask("POST", "login/mul_login/", form, headers=headers).status_code == 429


def test_a_login_that_succeeds_does_not_count(ann: Person) -> None:
    for _number in range(12):
        assert Caller().login(ann.mobile).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "x"},
        {"username": "x" * 255, "password": "y"},
        {"username": "x", "password": "y" * 129},
        {"username": {"$ne": 1}, "password": "y"},
        {"username": "x\0", "password": "y"},
        {"username": "\ud800", "password": "y"},
        {"username": "x", "password": "\udfff"},
        {"username": "x", "password": ["y"]},
    ],
)
def test_a_malformed_login_is_refused(caller: Caller, form: dict[str, Any]) -> None:
    answer = caller.ask("POST", "login/mul_login/", form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")


def test_an_email_address_that_another_wrote_down_lets_neither_out(ann: Person) -> None:
    other = Person.make("13800000002", email=ann.user.email)
    other.user.set_password("another-horse-8")
    other.user.save()
    assert Caller().login(ann.user.email).json()["username"] == ann.user.username
    answer = Caller().login(ann.user.email, "another-horse-8")
    assert answer.json()["username"] == other.user.username


def test_more_holders_of_an_address_cost_no_more_hashings(ann: Person) -> None:
    for number in range(5):
        Person.make(f"1380000001{number}", email="same@example.com")
    assert len(credentials._holders("same@example.com")) == credentials.MOST_HOLDERS


def test_a_blank_name_is_nobodys(caller: Caller, db: None) -> None:
    User.objects.create_user("nameless", password=PASSWORD)
    for name in ("", " ", "\u3000"):
        assert caller.login(name).status_code in (400, 401)


# --- the administration ---------------------------------------------------------------------------


def admin_login(password: str) -> Any:
    client = Client(headers={"Accept-Language": "en", "X-Forwarded-For": "203.0.113.5"})
    form = {"username": "boss", "password": password, "next": "/admin/"}
    return client.post("/admin/login/", form)


def test_the_administrations_login_is_limited_as_well() -> None:
    User.objects.create_superuser("boss", password=PASSWORD)
    assert admin_login(PASSWORD).status_code == 302
    for number in range(10):
        answer = admin_login(f"wrong-horse-{number}")
        assert "Please enter the correct username" in answer.content.decode()
    answer = admin_login(PASSWORD)
    assert answer.status_code == 200
    assert "Too many requests." in answer.content.decode()


def test_the_administration_without_redis_is_a_clean_503(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Any:
        raise RedisConnectionError("Error 111 connecting to redis:6379")

    monkeypatch.setattr("luffy.limits.redis_client", gone)
    client = Client(raise_request_exception=False)
    answer = client.post("/admin/login/", {"username": "boss", "password": PASSWORD})
    assert answer.status_code == 503
    assert "6379" not in answer.content.decode()
