"""`/healthz` and `/readyz`."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from luffy import health


def refuse(error: Exception) -> Any:
    def call(*_arguments: Any, **_options: Any) -> Any:
        raise error

    return call


def test_alive_needs_nothing_and_any_name_will_do(client: Client) -> None:
    answer = client.get("/healthz", headers={"Host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.django_db
def test_ready_names_each_dependency(client: Client) -> None:
    answer = client.get("/readyz", headers={"Host": "10.0.0.7:8000"})
    assert answer.status_code == 200
    checks = {"database": "ok", "schema": "ok", "redis": "ok"}
    assert answer.json() == {"status": "ready", "checks": checks}


@pytest.mark.django_db
def test_without_redis_the_service_is_degraded_and_stays_in_rotation(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Redis,
        "ping",
        refuse(RedisConnectionError("redis:6379 is gone")),
    )
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["checks"]["redis"] == "unavailable (ConnectionError)"


def test_without_the_database_the_service_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_ask_database", refuse(OperationalError(2002, "mariadb is gone")))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "checks": {
            "database": "unavailable (OperationalError)",
            "schema": "not asked",
            "redis": "ok",
        },
    }


@pytest.mark.django_db
def test_a_schema_that_lacks_a_migration_is_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = health._Schema()
    monkeypatch.setattr(health, "_schema", schema)
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan",
        lambda self, targets: [("one", False)],
    )
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["schema"] == "1 migrations are missing; run `luffy migrate`"
