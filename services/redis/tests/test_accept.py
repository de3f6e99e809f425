"""`redis-accept`: which passwords let a user in, while the server runs."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from conftest import ACL, PASSWORDS, Redis

OPERATOR, NEW = "an operator's password", "a 'new' $(id) one"


@pytest.fixture
def operated(prepared: Redis) -> Redis:
    """A running Redis whose ACL has the operator."""
    digest = hashlib.sha256(OPERATOR.encode()).hexdigest()
    prepared.write_acl(ACL + f"user operator on #{digest} ~* &* +@all\n")
    prepared.write_operator_password(OPERATOR)
    prepared.create()
    prepared.wait_healthy()
    return prepared


def accept(redis: Redis, user: str, *passwords: str) -> tuple[int, str]:
    done = subprocess.run(
        ["docker", "exec", "--interactive", redis.name, "redis-accept", user],
        input="".join(f"{password}\n" for password in passwords),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def ping(redis: Redis, password: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(PASSWORDS, "luffy", password)
    return redis.cli("luffy", "ping")


def test_both_let_in_then_the_new_one_alone(
    operated: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = PASSWORDS["luffy"]
    assert "WRONGPASS" in ping(operated, NEW, monkeypatch)
    assert accept(operated, "luffy", old, NEW) == (0, "")
    assert [ping(operated, each, monkeypatch) for each in (old, NEW)] == ["PONG", "PONG"]
    assert accept(operated, "luffy", NEW) == (0, "")
    assert "WRONGPASS" in ping(operated, old, monkeypatch)
    assert ping(operated, NEW, monkeypatch) == "PONG"
    assert "NOPERM" in operated.cli("luffy", "set", "proxy_pool:a", "1")
    assert operated.cli("proxy_pool", "ping") == "PONG"


def test_the_operator_changes_its_own(operated: Redis) -> None:
    assert accept(operated, "operator", OPERATOR, NEW) == (0, "")
    operated.write_operator_password(NEW)
    assert accept(operated, "operator", NEW) == (0, "")
    operated.write_operator_password(OPERATOR)
    code, text = accept(operated, "luffy", NEW)
    assert code != 0
    assert "WRONGPASS" in text or "AUTH failed" in text


@pytest.mark.parametrize(
    ("user", "passwords", "found"),
    [
        ("nobody", ("a",), "expected a user of the ACL file; found nobody"),
        ("default", ("a",), "expected the name of a user; found default"),
        ("", ("a",), "expected the name of a user; found nothing"),
        ("luffy", (), "expected a line with a password; found none"),
        ("luffy", ("a", ""), "expected a password in each line; found an empty line"),
    ],
)
def test_what_is_unclear_is_refused_and_changes_nothing(
    operated: Redis, user: str, passwords: tuple[str, ...], found: str
) -> None:
    code, text = accept(operated, user, *passwords)
    assert code == 64, text
    assert found in text
    assert operated.cli("luffy", "ping") == "PONG"
