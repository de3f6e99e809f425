"""A pool of the earlier layout, and the reference's, are taken over."""

import asyncio
import json
import logging
from collections.abc import Callable

import pytest
from proxypool.problems import ConfigurationError
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import Store, Work
from proxypool.verdict import Verdict

from tests.conftest import Admin, MakeSettings, pool_url
from tests.filled import ALL, FAILED, GOOD, TABLE, check_again, good, make_due

OpenStore = Callable[[Settings], Store]
HTTP = Query(protocols=(Protocol.HTTP,))
EARLIER = {
    "proxy": "",
    "https": False,
    "fail_count": 0,
    "region": "",
    "anonymous": "elite",
    "source": "siteA/siteB",
    "check_count": 7,
    "last_status": True,
    "last_time": "2026-06-09 21:03:42",
    "exit_ip": "198.51.100.7",
    "latency_ms": 412,
    "connect_ms": 80,
}


def name_of(number: int) -> str:
    return f"192.0.2.{number % 250}:{1000 + number}"


async def write_earlier(admin: Admin, count: int) -> None:
    """A pool as the earlier layout has it: `count` good ones, as many dead, and work under way."""
    for number in range(count):
        name = name_of(number)
        entry = {"sources": "siteA/siteB", "lane": "alive", "fails": 0, "reason": ""}
        entry |= {"listed": 1_700_000_000_000, "first": 1_700_000_000_000}
        await admin.hset(TABLE, name, json.dumps({**EARLIER, "proxy": name}))
        await admin.hset(f"{TABLE}:known", name, json.dumps(entry))
        await admin.zadd(f"{TABLE}:due:alive", {name: 1})
        await admin.sadd(f"{TABLE}:all", name)
        dead = name_of(number + count)
        entry |= {"sources": "siteA", "lane": "failed", "fails": 3, "reason": "timeout"}
        await admin.hset(f"{TABLE}:known", dead, json.dumps(entry))
        await admin.zadd(f"{TABLE}:due:failed", {dead: 1})
    await admin.hset(f"{TABLE}:by_source", mapping={"siteA": count, "siteB": count})
    await admin.xadd(f"{TABLE}:work", {"proxy": name_of(0), "lane": "alive"}, id="5-0")
    await admin.hset(f"{TABLE}:inflight", name_of(0), "5-0")


@pytest.fixture
def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    return open_store(make_settings(FORGET_AFTER="31536000", MAX_QUEUE="5000"))


async def test_an_earlier_pool_goes_on(store: Store, admin: Admin) -> None:
    await write_earlier(admin, 300)
    await store.ensure_group()
    assert await store.count() == (300, 0, {"siteA": 300, "siteB": 300})
    record = json.loads(await store.get(HTTP) or "")
    assert (record["protocols"], record["success_rate"]) == (["http"], 0.7)
    assert record["score"] == round(70 * (0.7 + 0.2 / 1.412), 1)
    assert (record["check_count"], record["first_seen"]) == (7, "2026-06-09 21:03:42")
    assert not await admin.exists(f"{TABLE}:all", f"{TABLE}:https", f"{TABLE}:by_source")
    assert await admin.hget(f"{TABLE}:meta", "layout") == "2"
    sources = (await store.statistics())["sources"]
    assert {name: (one["alive"], one["known"]) for name, one in sources.items()} == {
        "siteA": (300, 600),
        "siteB": (300, 300),
    }
    # Work that was handed out before is done and counts.
    (work,) = await store.take("tester", 1, 0.1)
    assert work == Work("5-0", name_of(0), was_good=True)
    assert (await store.settle([(work, good(Protocol.SOCKS5))]))["good"] == 1
    assert json.loads(await store.record(name_of(0)) or "")["protocols"] == ["socks5"]
    await store.dispatch()
    assert all(one.full for one in await store.take("tester", 5000, 0.1))


async def test_taking_over_may_be_repeated_and_interrupted(store: Store, admin: Admin) -> None:
    await write_earlier(admin, 250)
    running = asyncio.create_task(store.migrate())
    await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.gather(store.migrate(), store.migrate())
    assert await store.migrate() == 0
    assert (await store.count()).total == 250
    assert int(await admin.hget(f"{TABLE}:listed", "siteA")) == 500


@pytest.mark.parametrize("verdict", [GOOD, FAILED])
async def test_a_verdict_before_the_taking_over_breaks_nothing(
    verdict: Verdict, store: Store, admin: Admin
) -> None:
    await write_earlier(admin, 5)
    work = Work("5-0", name_of(0))
    assert (await store.settle([(work, verdict)]))["stale"] == 0
    await store.report(name_of(1), False)
    await store.delete(name_of(2))
    await store.ensure_group()
    assert (await store.count()).total == 4
    assert {json.loads(text)["protocols"][0] for text in await store.all(ALL)} == {"http"}
    assert int(await admin.hget(f"{TABLE}:listed", "siteA")) == 9
    await make_due(admin)
    await check_again(store, admin, FAILED)
    assert (await store.count()).total == 4


async def test_records_that_the_earlier_version_wrote_in_between_are_taken_in(
    store: Store, admin: Admin, open_store: OpenStore, make_settings: MakeSettings
) -> None:
    await store.ensure_group()
    await write_earlier(admin, 3)
    # It also took one out, without knowing of facets.
    await admin.zadd(f"{TABLE}:by:score", {"192.0.2.99:80": 50.0})
    await admin.hset(f"{TABLE}:sizes", "all", 1)
    again = open_store(make_settings())
    await again.ensure_group()
    assert (await again.list(ALL))[0] == 3
    assert (await again.facets())["all"] == 3


async def test_damaged_records_are_logged_and_dropped(
    store: Store, admin: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    await write_earlier(admin, 3)
    await admin.hset(TABLE, name_of(0), "{")
    await admin.hset(TABLE, name_of(1), json.dumps({**EARLIER, "proxy": name_of(2)}))
    await admin.hset(f"{TABLE}:known", name_of(4), "null")
    await store.ensure_group()
    assert (await store.count()).total == 1
    assert not await admin.hexists(f"{TABLE}:known", name_of(4))
    named = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    print(named)
    assert all(any(name_of(number) in line for line in named) for number in (0, 1, 4))


async def test_a_later_layout_is_refused_and_left_alone(store: Store, admin: Admin) -> None:
    await admin.hset(f"{TABLE}:meta", "layout", "3")
    with pytest.raises(ConfigurationError, match="layout 3, of a later version"):
        await store.ensure_group()
    with pytest.raises(ConfigurationError):
        await store.dispatch()


async def test_the_references_pool_is_taken_over_as_candidates(
    store: Store, admin: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    await store.ensure_group()
    await admin.select(1)
    for number in range(1200):
        name = name_of(number)
        await admin.hset("use_proxy", name, json.dumps({"proxy": name, "https": False}))
    await admin.hset("use_proxy", "999.1.1.1:99999", "{}")
    await admin.select(0)
    elsewhere = pool_url().replace("proxy_pool:pool", "admin:admin").removesuffix("/0") + "/1"
    added = await store.import_reference(url=elsewhere)
    assert (added.new, added.known) == (1200, 0)
    assert "left out 1 entries" in caplog.text
    assert (await store.import_reference("use_proxy", url=elsewhere)).known == 1200
    await store.dispatch()
    work = await store.take("tester", 3, 0.1)
    # What speaks HTTP is asked for a tunnel too.
    assert {one.hint for one in work} == {(Protocol.HTTP, Protocol.CONNECT)}


async def test_the_references_pool_in_the_same_redis_is_taken_over(
    store: Store, admin: Admin
) -> None:
    await admin.hset("proxy_pool:reference", "192.0.2.1:80", "{}")
    assert (await store.import_reference("proxy_pool:reference")).new == 1
