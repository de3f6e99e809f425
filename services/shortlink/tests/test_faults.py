"""Stores that go away, and come back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from shortlink import service as service_module
from shortlink.database import Connection

from tests.conftest import ALICE, Admin, Running
from tests.relay import Relay

URL = "https://example.org/courses/7"
LEFT_ALONE_S = 1.1
"""After a failure a store is not asked for a second."""


@pytest.fixture
async def relayed(start: Callable[..., Any], through_relays: dict[str, str]) -> Running:
    found: Running = await start(**through_relays)
    return found


@pytest.fixture
async def two(
    start: Callable[..., Any], through_relays: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> tuple[Running, Running]:
    """Two processes, of which the tests themselves say when they tell Redis what it has missed."""
    monkeypatch.setattr(service_module, "_HAND_ON_S", 300.0)
    return await start(**through_relays), await start(**through_relays)


async def until(question: Callable[[], Awaitable[bool]], limit_s: float = 15.0) -> None:
    deadline = time.monotonic() + limit_s
    while not await question():
        assert time.monotonic() < deadline, f"not within {limit_s} s"
        await asyncio.sleep(0.1)


async def clicks_of(running: Running, code: str) -> int:
    answer = await running.client.get(f"/api/links/{code}/statistics", auth=ALICE)
    return int(answer.json()["clicks"]) if answer.status_code == 200 else -1


async def test_redirects_go_on_without_redis(relayed: Running, redis_relay: Relay) -> None:
    code = await relayed.code(URL)
    await redis_relay.cut()
    began = time.monotonic()
    for _ in range(20):
        assert (await relayed.client.get(f"/{code}")).headers["location"] == URL
    assert (await relayed.client.get("/unknown")).status_code == 404
    assert time.monotonic() - began < 2
    ready = await relayed.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["redis"].startswith("does not answer")
    await redis_relay.mend()
    assert (await relayed.client.get("/readyz")).json()["status"] == "ok"


async def test_links_are_made_and_limits_hold_without_redis(
    start: Callable[..., Any], through_relays: dict[str, str], redis_relay: Relay
) -> None:
    running = await start(**through_relays, RATE_LIMIT="3", UNKNOWN_LIMIT="2")
    await redis_relay.cut()
    said = [(await running.make(URL)).status_code for _ in range(4)]
    assert said == [201, 200, 200, 429]
    said = [(await running.client.get(f"/unknown{i}")).status_code for i in range(3)]
    assert said == [404, 404, 429]
    for _ in range(10):
        await running.client.get("/api/links/", auth=("alice", "x"))
    assert (await running.client.get("/api/links/", auth=("bob", "builder-2"))).status_code == 429


async def test_clicks_without_redis_go_to_mariadb(relayed: Running, redis_relay: Relay) -> None:
    code = await relayed.code(URL)
    await redis_relay.cut()
    for _ in range(3):
        await relayed.client.get(f"/{code}")
    await relayed.service.click_queue.hand_on()
    assert await clicks_of(relayed, code) == 3


async def test_links_in_redis_go_on_without_mariadb(relayed: Running, mariadb_relay: Relay) -> None:
    code = await relayed.code(URL)
    await mariadb_relay.cut()
    assert (await relayed.client.get(f"/{code}")).headers["location"] == URL
    unknown = await relayed.client.get("/unknown")
    assert (unknown.status_code, unknown.json()["name"]) == (503, "mariadb")
    assert unknown.headers["retry-after"] == "2"
    assert (await relayed.make(URL)).status_code == 503
    ready = await relayed.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    await mariadb_relay.mend()
    await asyncio.sleep(LEFT_ALONE_S)
    assert (await relayed.make(URL)).status_code == 200
    assert (await relayed.client.get("/unknown")).status_code == 404


async def test_every_failure_of_mariadb_is_counted_once(
    two: tuple[Running, Running], mariadb_relay: Relay
) -> None:
    running, _ = two

    def failures() -> float:
        return REGISTRY.get_sample_value("shortlink_mariadb_failures_total") or 0.0

    await mariadb_relay.cut()
    for ask in (
        lambda: running.client.get("/readyz"),
        lambda: running.client.get("/unknown"),
        lambda: running.make(URL),
        running.service._write,
    ):
        before = failures()
        await ask()
        assert failures() == before + 1


async def test_clicks_without_mariadb_wait_in_redis(
    relayed: Running, mariadb_relay: Relay, admin: Admin
) -> None:
    code = await relayed.code(URL)
    await mariadb_relay.cut()
    for _ in range(3):
        await relayed.client.get(f"/{code}")
    await relayed.service.click_queue.hand_on()
    assert await admin.xlen("shortlink:clicks") == 1
    await mariadb_relay.mend()
    await asyncio.sleep(LEFT_ALONE_S)
    await relayed.service.click_queue.write()
    assert await clicks_of(relayed, code) == 3
    assert await admin.xlen("shortlink:clicks") == 0


async def test_clicks_without_both_wait_in_the_process(
    relayed: Running, redis_relay: Relay, mariadb_relay: Relay
) -> None:
    code = await relayed.code(URL)
    for _ in range(3):
        await relayed.client.get(f"/{code}")
    await redis_relay.cut()
    await mariadb_relay.cut()
    ready = await relayed.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    for _ in range(30):  # more often than batches are kept one by one
        relayed.service.clicks.note(10**9, "")
        await relayed.service.click_queue.hand_on()
    assert (await relayed.client.get(f"/{code}")).status_code == 503
    assert (await relayed.client.get("/healthz")).status_code == 200
    await redis_relay.mend()
    await mariadb_relay.mend()
    await asyncio.sleep(LEFT_ALONE_S)
    await relayed.flush()
    assert await clicks_of(relayed, code) == 3


async def test_a_change_that_redis_missed_is_told_when_it_is_back(
    relayed: Running, redis_relay: Relay, admin: Admin
) -> None:
    await relayed.code(URL, name="poster")
    await redis_relay.cut()
    assert (await relayed.client.delete("/api/links/poster", auth=ALICE)).status_code == 204
    assert (await relayed.client.get("/poster")).status_code == 410
    assert (await admin.get("shortlink:link:poster")).endswith(URL)
    await redis_relay.mend()

    async def told() -> bool:
        return bool(await admin.get("shortlink:link:poster") == "gone")

    await until(told)  # the service's own loop does it


async def mend(relay: Relay, *those: Running) -> None:
    """Redis is back, and they know."""
    await relay.mend()
    for running in those:
        assert (await running.client.get("/readyz")).json()["status"] == "ok"


async def test_while_redis_is_away_the_table_decides_whoever_changed_it(
    two: tuple[Running, Running], redis_relay: Relay, admin: Admin
) -> None:
    one, other = two
    await one.code(URL, name="poster")
    await redis_relay.cut()
    new = {"url": "https://example.org/new"}
    assert (await one.client.patch("/api/links/poster", json=new, auth=ALICE)).status_code == 200
    assert (await one.client.get("/poster")).headers["location"] == new["url"]
    assert (await other.client.delete("/api/links/poster", auth=ALICE)).status_code == 204
    for running in two:
        assert (await running.client.get("/poster")).status_code == 410
    await mend(redis_relay, one, other)
    # Whoever tells it last has the older change.
    await other.service._hand_on()
    await one.service._hand_on()
    assert await admin.get("shortlink:link:poster") == "gone"
    for running in two:
        assert (await running.client.get("/poster")).status_code == 410


async def test_what_redis_missed_is_not_told_over_what_it_was_told_since(
    two: tuple[Running, Running], redis_relay: Relay, admin: Admin
) -> None:
    one, other = two
    await one.code(URL, name="poster")
    await redis_relay.cut()
    new = {"url": "https://example.org/new"}
    await one.client.patch("/api/links/poster", json=new, auth=ALICE)
    await mend(redis_relay, one, other)
    # Its own copy there is still the old one.
    assert (await one.client.get("/poster")).headers["location"] == new["url"]
    await one.client.delete("/api/links/poster", auth=ALICE)
    assert one.service.cache.owed() is None
    await one.service._hand_on()
    assert await admin.get("shortlink:link:poster") == "gone"


async def test_a_change_whose_answer_was_lost_is_told(
    two: tuple[Running, Running], mariadb_relay: Relay, admin: Admin, monkeypatch: Any
) -> None:
    one, other = two
    await one.code(URL, name="poster")
    commit = Connection.commit

    async def commit_and_cut(connection: Connection) -> None:
        await commit(connection)
        await mariadb_relay.cut()

    monkeypatch.setattr(Connection, "commit", commit_and_cut)
    assert (await one.client.delete("/api/links/poster", auth=ALICE)).status_code == 503
    monkeypatch.undo()
    await mend(mariadb_relay)
    await asyncio.sleep(LEFT_ALONE_S)
    assert (await one.client.get("/poster")).status_code == 410
    await one.service._hand_on()
    assert await admin.get("shortlink:link:poster") == "gone"
    assert (await other.client.get("/poster")).status_code == 410


async def test_a_click_whose_answer_was_lost_counts_once(
    relayed: Running, redis_relay: Relay, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await relayed.code(URL)
    await relayed.client.get(f"/{code}")
    append = relayed.service.redis.append

    async def append_and_lose(*arguments: Any) -> bool:
        await append(*arguments)
        await redis_relay.cut()
        return await append(*arguments)

    monkeypatch.setattr(relayed.service.redis, "append", append_and_lose)
    await relayed.service.click_queue.hand_on()
    monkeypatch.undo()
    assert await admin.xlen("shortlink:clicks") == 1
    await redis_relay.mend()
    await asyncio.sleep(LEFT_ALONE_S)
    await relayed.service.click_queue.write()
    assert await clicks_of(relayed, code) == 1


async def test_without_tables_it_says_what_to_do(
    start: Callable[..., Any], tables: Any, admin: Admin
) -> None:
    running = await start()
    async with tables.connection() as connection:
        await connection.change("RENAME TABLE migrations TO migrations_away")
    try:
        ready = await running.client.get("/readyz")
        assert ready.json()["mariadb"] == "4 migrations are missing: run `shortlink migrate`"
        assert ready.json()["status"] == "degraded"
    finally:
        async with tables.connection() as connection:
            await connection.change("RENAME TABLE migrations_away TO migrations")
