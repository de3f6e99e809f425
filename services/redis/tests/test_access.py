"""Each service's user reaches its own keys and nothing else."""

from __future__ import annotations

import pytest
from conftest import Redis, docker


def test_default_user_is_off(redis: Redis) -> None:
    answer = docker_cli_without_user(redis, "get", "luffy:x")
    assert "NOAUTH" in answer, answer


def test_default_user_cannot_log_in(redis: Redis) -> None:
    assert "WRONGPASS" in redis.cli("default", "ping")


def test_wrong_password_is_refused(redis: Redis) -> None:
    answer = redis.cli("nobody", "ping")
    assert "WRONGPASS" in answer, answer


@pytest.mark.parametrize(
    ("user", "own", "other"),
    [("luffy", "luffy:a", "proxy_pool:a"), ("proxy_pool", "proxy_pool:a", "luffy:a")],
)
def test_user_reaches_its_own_keys_alone(redis: Redis, user: str, own: str, other: str) -> None:
    assert redis.cli(user, "set", own, "1") == "OK"
    assert redis.cli(user, "get", own) == "1"
    assert "NOPERM" in redis.cli(user, "set", other, "1")
    assert "NOPERM" in redis.cli(user, "get", other)


@pytest.mark.parametrize(
    "command", [("flushall",), ("config", "get", "*"), ("shutdown",), ("acl", "list")]
)
def test_service_users_have_no_dangerous_command(redis: Redis, command: tuple[str, ...]) -> None:
    for user in ("luffy", "proxy_pool"):
        assert "NOPERM" in redis.cli(user, *command), (user, command)
    assert redis.healthy()


def test_health_user_can_only_ping(redis: Redis) -> None:
    assert redis.cli("health", "ping") == "PONG"
    assert "NOPERM" in redis.cli("health", "get", "luffy:a")
    assert "NOPERM" in redis.cli("health", "info")


def docker_cli_without_user(redis: Redis, *command: str) -> str:
    """Run a command on a connection that never authenticated."""
    result = docker("exec", redis.name, "redis-cli", *command, check=False)
    return result.stdout + result.stderr
