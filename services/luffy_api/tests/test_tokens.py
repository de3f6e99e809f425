"""Access and refresh tokens: where they lie, how long they live, and what ends them."""

import threading
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from accounts import sessions
from accounts.tasks import forget_expired_tokens
from tests.people import PASSWORD, Caller, Person
from tests.stand import luffy

pytestmark = pytest.mark.django_db

REFRESH = "token/refresh/"


def claims(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def later(seconds: float) -> None:
    """As if every use of a token lay that much longer ago."""
    for used in BlacklistedToken.objects.all():
        moment = used.blacklisted_at - timedelta(seconds=seconds)
        BlacklistedToken.objects.filter(pk=used.pk).update(blacklisted_at=moment)


def test_the_refresh_token_lies_in_a_cookie_that_no_script_reads(
    caller: Caller, ann: Person
) -> None:
    answer = caller.login(ann.mobile)
    cookie = answer.cookies["luffy_refresh"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/api/v1/user/"
    assert cookie["max-age"] == 14 * 24 * 3600
    assert not cookie["secure"], "plain HTTP here"
    assert not cookie["domain"]
    assert cookie.value not in answer.content.decode()
    assert set(answer.cookies) == {"luffy_refresh"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_cookie_is_secure_where_the_site_is() -> None:
    code = (
        "from rest_framework.response import Response\n"
        "from accounts.refresh_cookie import set_refresh_cookie, drop_refresh_cookie\n"
        "for act in (lambda r: set_refresh_cookie(r, 'x'), drop_refresh_cookie):\n"
        "    response = Response()\n"
        "    act(response)\n"
        "    print(response.cookies.output())\n"
    )
    done = luffy("manage", "shell", "--command", code, variables={"PUBLIC_SCHEME": "https"})
    given, dropped = [line for line in done.stdout.splitlines() if line.startswith("Set-Cookie")]
    for part in ("HttpOnly", "Path=/api/v1/user/", "SameSite=Strict", "Secure"):
        assert part in given, done.stdout + done.stderr
    assert "Max-Age=0" in dropped


def test_an_access_token_is_short_and_says_little(caller: Caller, ann: Person) -> None:
    caller.login(ann.mobile)
    found = claims(caller.token)
    assert found["exp"] - found["iat"] == 600
    assert set(found) == {"token_type", "exp", "iat", "jti", "user_id", "hash_password"}
    assert ann.mobile not in str(found)


def test_a_refresh_gives_new_tokens_and_ends_the_old(caller: Caller, ann: Person) -> None:
    caller.login(ann.mobile)
    first = caller.refresh_token
    answer = caller.post(REFRESH)
    assert answer.status_code == 200
    assert answer.json()["username"] == ann.user.username
    assert caller.refresh_token != first
    assert caller.get("profile/").status_code == 200
    other = Caller()
    other.refresh_token = first
    answer = other.post(REFRESH)
    assert (answer.status_code, answer.json()["error"]) == (401, "refresh_refused")
    assert caller.post(REFRESH).status_code == 200, "two tabs at once are no theft"


def test_a_token_used_twice_ends_its_family_and_no_other(ann: Person) -> None:
    victim, elsewhere, thief = ann.caller(), ann.caller(), Caller()
    thief.refresh_token = victim.refresh_token
    assert victim.post(REFRESH).status_code == 200
    assert victim.post(REFRESH).status_code == 200
    later(60)
    assert thief.post(REFRESH).status_code == 401
    assert victim.post(REFRESH).status_code == 401, "its family is over"
    assert elsewhere.post(REFRESH).status_code == 200


def test_the_thief_who_was_first_is_ended_by_the_victim(ann: Person) -> None:
    victim, thief = ann.caller(), Caller()
    thief.refresh_token = victim.refresh_token
    assert thief.post(REFRESH).status_code == 200
    later(60)
    assert victim.post(REFRESH).status_code == 401
    assert thief.post(REFRESH).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_refreshes_at_once_exactly_one_succeeds() -> None:
    ann = Person.make("13800000001")
    for _round in range(3):
        token = ann.caller().refresh_token
        callers = [Caller() for _number in range(4)]
        barrier = threading.Barrier(len(callers))
        statuses: list[int] = []

        def run(caller: Caller, token: str, barrier: Any, statuses: list[int]) -> None:
            caller.refresh_token = token
            barrier.wait()
            try:
                statuses.append(caller.post(REFRESH).status_code)
            finally:
                connection.close()

        threads = [
            threading.Thread(target=run, args=(caller, token, barrier, statuses))
            for caller in callers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200, 401, 401, 401]
        (winner,) = [caller for caller in callers if caller.token]
        assert winner.post(REFRESH).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_logout_beside_a_refresh_leaves_nothing_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Person.make("13800000001")
    first, second = ann.caller(), Caller()
    second.refresh_token = first.refresh_token
    issue, began = sessions._issue, threading.Event()

    def slowly(*given: Any) -> Any:
        began.set()
        time.sleep(0.5)
        return issue(*given)

    monkeypatch.setattr(sessions, "_issue", slowly)
    statuses: list[int] = []

    def refresh() -> None:
        try:
            statuses.append(second.post(REFRESH).status_code)
        finally:
            connection.close()

    thread = threading.Thread(target=refresh)
    thread.start()
    began.wait(10)
    assert first.post("logout/").status_code == 200
    thread.join()
    assert statuses == [200], "it was first, and the logout waited for it"
    assert not OutstandingToken.objects.filter(blacklistedtoken=None).exists()


def test_a_logout_revokes_on_the_server(caller: Caller, ann: Person) -> None:
    caller.login(ann.mobile)
    token = caller.refresh_token
    caller.post(REFRESH)
    newest = caller.refresh_token
    answer = caller.post("logout/")
    assert answer.status_code == 200
    assert answer.cookies["luffy_refresh"].value == ""
    assert answer.cookies["luffy_refresh"]["path"] == "/api/v1/user/"
    for kept in (token, newest):
        other = Caller()
        other.refresh_token = kept
        assert other.post(REFRESH).status_code == 401
    assert caller.post("logout/").status_code == 200, "twice does no harm"


def test_an_old_token_of_a_family_logs_out_what_it_became(ann: Person) -> None:
    caller, old = ann.caller(), Caller()
    old.refresh_token = caller.refresh_token
    caller.post(REFRESH)
    old.post("logout/")
    assert caller.post(REFRESH).status_code == 401


def forged(ann: Person, **changes: Any) -> str:
    token = RefreshToken()
    token["user_id"] = str(ann.user.pk)
    token["jti"] = "0" * 32
    for name, value in changes.items():
        token[name] = value
    return str(token)


def test_tokens_that_are_none_are_refused(ann: Person) -> None:
    real = ann.caller()
    unsigned = jwt.encode(claims(real.refresh_token), key="", algorithm="none")
    other_key = jwt.encode(claims(real.refresh_token), "k" * 64, algorithm="HS256")
    tokens = {
        "nothing": "",
        "words": "a.b.c",
        "letters": "é.é.é",
        "cut": real.refresh_token[:-3],
        "an access token": real.token,
        "unsigned": unsigned,
        "signed by another": other_key,
        "never given": forged(ann),
        "of nobody": forged(ann, user_id="999999"),
        "of a word": forged(ann, user_id="x"),
        "expired": forged(ann, exp=1),
    }
    for name, token in tokens.items():
        caller = Caller()
        caller.refresh_token = token
        answer = caller.post(REFRESH)
        assert (answer.status_code, answer.json()["error"]) == (401, "refresh_refused"), name
        assert caller.post("logout/").status_code == 200, name
    assert real.post(REFRESH).status_code == 200


@pytest.mark.parametrize("kind", ["refresh", "unsigned", "other key"])
def test_an_access_token_has_to_be_one(ann: Person, kind: str) -> None:
    real = ann.caller()
    token = {
        "refresh": real.refresh_token,
        "unsigned": jwt.encode(claims(real.token), key="", algorithm="none"),
        "other key": jwt.encode(claims(real.token), "k" * 64, algorithm="HS256"),
    }[kind]
    answer = Caller().ask("GET", "profile/", headers={"Authorization": f"jwt {token}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("how", ["password", "locked", "deleted"])
def test_what_the_administration_does_ends_both_tokens(ann: Person, how: str) -> None:
    caller = ann.caller()
    if how == "password":
        ann.user.set_password("another-horse-8")
        ann.user.save()
    elif how == "locked":
        ann.user.is_active = False
        ann.user.save()
    else:
        ann.user.delete()
    assert caller.get("profile/").status_code == 401
    assert caller.post(REFRESH).status_code == 401


def test_the_tokens_are_not_in_the_database(ann: Person) -> None:
    caller = ann.caller()
    caller.post(REFRESH)
    rows = list(OutstandingToken.objects.all())
    assert len(rows) == 2
    assert {row.token for row in rows} == {""}
    assert {row.user_id for row in rows} == {ann.user.pk}


def test_expired_tokens_are_forgotten(ann: Person) -> None:
    ann.caller().post(REFRESH)
    kept = ann.caller()
    past = timezone.now() - timedelta(days=1)
    newest = OutstandingToken.objects.order_by("-pk").first()
    assert newest is not None
    OutstandingToken.objects.exclude(pk=newest.pk).update(expires_at=past)
    forget_expired_tokens()
    assert list(OutstandingToken.objects.all()) == [newest]
    assert kept.post(REFRESH).status_code == 200


def test_beat_has_expired_tokens_forgotten() -> None:
    tasks = {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()}
    assert forget_expired_tokens.name in tasks


def test_a_login_while_all_are_ended_survives_only_with_the_new_password(ann: Person) -> None:
    stale = sessions.begin(ann.user)
    ann.user.set_password("another-horse-8")
    ann.user.save()
    caller = Caller()
    caller.refresh_token = stale.refresh
    assert caller.post(REFRESH).status_code == 401
    assert PASSWORD not in str(claims(stale.access))
