"""`GET status/`: what works, whatever does not."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from luffy import health, status
from luffy.heartbeat import REMEMBERED_S, beat, heartbeat_key
from luffy.redis_store import redis_client
from luffy.status import KEPT_FOR_S, Part, Status, _Kept, site_status
from tests.stand import Process, Service, wait_until

Get = Callable[..., Any]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    redis_client().delete(heartbeat_key("worker"), heartbeat_key("beat"))
    site_status.forget()
    yield
    site_status.forget()


def shown(api: Get) -> dict[str, Any]:
    answer = api("status/")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["code"] == 100
    result: dict[str, Any] = body["result"]
    assert set(result["parts"]) == {"database", "schema", "redis", "worker", "beat"}
    return result


def refuse(error: Exception) -> Any:
    def call(*_arguments: Any, **_options: Any) -> Any:
        raise error

    return call


@pytest.mark.django_db
def test_each_part_is_told_in_plain_words(api: Get) -> None:
    beat("worker")
    beat("beat")
    found = shown(api)
    assert found["state"] == "ok"
    answers = {"state": "ok", "seconds": None, "words": "Answers."}
    assert found["parts"]["database"] == found["parts"]["redis"] == answers
    assert found["parts"]["schema"]["words"] == "Has all that this release needs."
    for service in ("worker", "beat"):
        assert found["parts"][service]["state"] == "ok"
        assert 0 <= found["parts"][service]["seconds"] <= 20
        assert found["parts"][service]["words"].startswith("Was heard of ")


@pytest.mark.django_db
def test_it_speaks_chinese_also_from_what_was_kept(client: Any, api: Get) -> None:
    shown(api)
    answer = client.get("/api/v1/status/", headers={"Accept-Language": "zh-CN"})
    assert answer.json()["result"]["parts"]["database"]["words"] == "正常应答。"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("silent_s", "state", "words"),
    [
        (34, "ok", "Was heard of 34 seconds ago."),
        (36, "failing", "Has been silent for 36 seconds."),
        (4000, "failing", "Has been silent for 4000 seconds."),
        (None, "failing", "Was not heard of in the last day."),
    ],
)
def test_a_silent_worker_is_told(
    api: Get,
    silent_s: int | None,
    state: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As Redis answers: for how many milliseconds it will know of them, -2 where it does not.
    left_ms = -2 if silent_s is None else (REMEMBERED_S - silent_s) * 1000 - 1
    answer = [True, left_ms, REMEMBERED_S * 1000 - 5]
    monkeypatch.setattr("redis.client.Pipeline.execute", lambda _self: answer)
    found = shown(api)
    assert found["parts"]["worker"] == {"state": state, "seconds": silent_s, "words": words}
    assert found["state"] == state
    assert found["parts"]["beat"]["state"] == "ok"


@pytest.mark.django_db
def test_without_redis_what_is_told_there_is_unknown(
    api: Get, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        "redis.client.Pipeline.execute", refuse(RedisConnectionError("redis:6379 is gone"))
    )
    found = shown(api)
    assert found["state"] == "failing"
    assert {name: part["state"] for name, part in found["parts"].items()} == {
        "database": "ok",
        "schema": "ok",
        "redis": "failing",
        "worker": "unknown",
        "beat": "unknown",
    }
    assert found["parts"]["worker"]["words"] == "Not known while Redis does not answer."
    assert "6379" not in str(found)
    assert "redis:6379 is gone" in caplog.text


@pytest.mark.django_db
def test_without_the_database_the_schema_is_unknown(
    api: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "django.db.backends.mysql.base.DatabaseWrapper.get_new_connection",
        refuse(OperationalError(2002, "mariadb:3306 is gone")),
    )
    found = shown(api)
    assert found["parts"]["database"]["state"] == "failing"
    assert found["parts"]["schema"]["state"] == "unknown"
    assert found["parts"]["redis"]["state"] == "ok"
    assert "3306" not in str(found)


@pytest.mark.django_db
def test_a_schema_that_lacks_a_migration_is_failing(
    api: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_schema", health._Schema())
    monkeypatch.setattr(
        "django.db.migrations.executor.MigrationExecutor.migration_plan",
        lambda self, targets: [("one", False)],
    )
    found = shown(api)
    assert found["parts"]["schema"] == {
        "state": "failing",
        "seconds": None,
        "words": "Lacks changes that this release needs.",
    }


@pytest.mark.django_db
def test_it_is_looked_at_once_in_a_while(api: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown(api)
    assert shown(api)["seen"] == first["seen"]
    monkeypatch.setattr(status, "KEPT_FOR_S", 0.0)
    site_status.forget()
    second = shown(api)
    assert second["seen"] > first["seen"]
    assert shown(api)["seen"] > second["seen"]


def test_while_somebody_looks_the_others_get_what_was_seen_before() -> None:
    going_on, looks = threading.Event(), []

    def look() -> Status:
        looks.append(1)
        if len(looks) > 1:
            assert going_on.wait(10)
        return Status({"number": Part("ok", len(looks))})

    kept = _Kept(look)
    assert kept.get().parts["number"].seconds == 1
    kept._until = 0.0
    slow = threading.Thread(target=kept.get)
    slow.start()
    wait_until(lambda: len(looks) == 2, "somebody looks")
    began = time.monotonic()
    assert kept.get().parts["number"].seconds == 1
    assert time.monotonic() - began < 1
    going_on.set()
    slow.join()
    assert kept.get().parts["number"].seconds == 2
    assert len(looks) == 2


def test_many_who_come_first_look_once() -> None:
    looks, seen = [], []

    def look() -> Status:
        looks.append(1)
        time.sleep(0.2)
        return Status({})

    kept = _Kept(look)
    threads = [threading.Thread(target=lambda: seen.append(kept.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(looks), len(seen)) == (1, 8)


def test_a_look_that_fails_leaves_the_next_one_free() -> None:
    looks: list[int] = []

    def look() -> Status:
        looks.append(1)
        if len(looks) == 1:
            raise RuntimeError("a fault of ours")
        return Status({})

    kept = _Kept(look)
    with pytest.raises(RuntimeError):
        kept.get()
    assert kept.get().parts == {}


def test_a_heartbeat_that_redis_does_not_take_is_logged_and_the_file_touched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(Redis, "set", refuse(RedisConnectionError("redis:6379 is gone")))
    beat("worker")
    assert (tmp_path / "luffy-worker.heartbeat").exists()
    assert "the heartbeat of worker was not told to Redis" in caplog.text


# --- the service as it runs --------------------------------------------------------------------


def running_states(service: Service) -> dict[str, str]:
    answer = service.get("status/")
    assert answer.status_code == 200, answer.text
    return {name: part["state"] for name, part in answer.json()["result"]["parts"].items()}


def test_the_running_service_hears_of_worker_and_beat(settled: Service, tmp_path: Any) -> None:
    variables = settled.variables | {"TMPDIR": str(tmp_path)}
    processes = [Process(name, variables, tmp_path / f"{name}.log") for name in ("worker", "beat")]
    try:
        wait_until(lambda: set(running_states(settled).values()) == {"ok"}, "all parts are ok", 60)
    finally:
        for process in processes:
            process.stop()


def test_the_running_service_answers_whatever_is_gone(settled: Service) -> None:
    settled.database_relay.cut()
    settled.redis_relay.cut()
    time.sleep(KEPT_FOR_S)
    expected = {"database": "failing", "redis": "failing", "schema": "unknown"}
    expected |= {"worker": "unknown", "beat": "unknown"}
    began = time.monotonic()
    wait_until(lambda: running_states(settled) == expected, "all of it is told")
    assert time.monotonic() - began < 15
    settled.database_relay.open()
    settled.redis_relay.open()
    wait_until(lambda: running_states(settled)["database"] == "ok", "the database is back")
