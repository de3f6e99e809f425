"""`luffy doctor`: tasks that wait, and queries that take long."""

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from luffy.redis_store import redis_client
from office import doctor

QUEUE = f"{settings.REDIS_KEY_PREFIX}:{settings.CELERY_TASK_DEFAULT_QUEUE}"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    kept = redis_client().lrange(QUEUE, 0, -1)
    redis_client().delete(QUEUE, doctor._LOOKED_AT)
    yield
    redis_client().delete(QUEUE, doctor._LOOKED_AT)
    if kept:
        redis_client().rpush(QUEUE, *kept)


def told() -> dict[str, dict[str, str]]:
    out = StringIO()
    call_command("doctor", stdout=out)
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(set(one) == {"check", "level", "says", "do"} for one in found)
    return {one["check"]: one for one in found}


@pytest.mark.django_db
@pytest.mark.parametrize(("waiting", "level"), [(0, "ok"), (101, "attention"), (1001, "broken")])
def test_tasks_that_wait_are_counted(waiting: int, level: str) -> None:
    if waiting:
        redis_client().rpush(QUEUE, *["{}"] * waiting)
    queue = told()["queue"]
    assert (queue["level"], queue["says"]) == (level, f"{waiting} tasks wait for a worker")
    assert ("fab logs luffy_worker" in queue["do"]) == (level != "ok")


@pytest.mark.django_db
def test_the_database_is_asked_for_slow_queries() -> None:
    queries = told()["queries"]
    assert queries["level"] == "ok"
    assert queries["says"].endswith(" slow queries within 1 h")


def test_slow_queries_are_counted_since_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"Slow_queries": 50, "Uptime": 10 * 3600}
    monkeypatch.setattr(doctor, "_status", figures.__getitem__)
    first = doctor._slow_queries(1_000_000.0)
    assert (first.level, first.says) == ("ok", "50 slow queries within 10 h")
    figures |= {"Slow_queries": 75, "Uptime": 12 * 3600}
    second = doctor._slow_queries(1_000_000.0 + 7200)
    assert (second.level, second.says) == ("attention", "25 slow queries within 2 h")
    assert "mariadb_slow_query_seconds" in second.do


def test_a_database_that_began_anew_is_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"Slow_queries": 50, "Uptime": 10 * 3600}
    monkeypatch.setattr(doctor, "_status", figures.__getitem__)
    doctor._slow_queries(1_000_000.0)
    figures |= {"Slow_queries": 30, "Uptime": 3600}
    found = doctor._slow_queries(1_000_000.0 + 7200)
    assert (found.level, found.says) == ("attention", "30 slow queries within 1 h")
