"""`redis-console`: a person's way in, with every right, and with a password that nobody sees."""

from __future__ import annotations

import hashlib

import pytest
from conftest import ACL, Redis, docker

PASSWORD = "an operator's password"


@pytest.fixture
def operated(prepared: Redis) -> Redis:
    """A running Redis whose ACL has the operator."""
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    prepared.write_acl(ACL + f"user operator on #{digest} ~* &* +@all\n")
    prepared.write_operator_password(PASSWORD)
    prepared.create()
    prepared.wait_healthy()
    return prepared


def console(redis: Redis, *words: str) -> str:
    return docker("exec", redis.name, "redis-console", *words).stdout.strip()


def test_the_operator_reaches_everybodys_keys_and_may_do_all(operated: Redis) -> None:
    assert operated.cli("luffy", "set", "luffy:a", "1") == "OK"
    assert console(operated, "acl", "whoami") == "operator"
    assert console(operated, "get", "luffy:a") == "1"
    assert "appendonly" in console(operated, "config", "get", "appendonly")


def test_the_password_stands_in_no_command_line(operated: Redis) -> None:
    # The client shows its own arguments while it runs: the whole process list is looked at.
    shown = docker(
        *("exec", operated.name, "sh", "-c"),
        "redis-console blpop nothing 1 & sleep 0.5; cat /proc/[0-9]*/cmdline | tr '\\0' ' '; wait",
    ).stdout
    assert "redis-cli --user operator blpop nothing" in shown
    assert PASSWORD not in shown
    assert PASSWORD not in docker("inspect", operated.name).stdout


def test_without_its_password_it_says_where_that_belongs(redis: Redis) -> None:
    done = docker("exec", redis.name, "redis-console", check=False)
    assert done.returncode == 78
    assert "/run/secrets/redis_operator_password" in done.stderr
    assert "run a deploy" in done.stderr
