"""The history of sizes, and the statistics that people read."""

import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from proxypool.protocol import Protocol
from proxypool.settings import Settings
from proxypool.store import Store

from tests.conftest import Admin, MakeSettings, listed
from tests.filled import FAILED, PROXY, TABLE, fill, good, settle_all

OpenStore = Callable[[Settings], Store]
DAY_S = 86400


@pytest.fixture
async def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings(HISTORY_INTERVAL="60"))
    await opened.ensure_group()
    return opened


async def test_a_sample_holds_the_sizes(store: Store, admin: Admin) -> None:
    await fill(store, ["192.0.2.1:80"], good(Protocol.HTTP, anonymous="elite"))
    await fill(store, ["192.0.2.2:80"], good(Protocol.SOCKS5, https=True, anonymous="anonymous"))
    assert await store.sample_history()
    (sample,) = await store.history(1)
    assert abs(sample.pop("time") - (await admin.time())[0]) < 10
    assert sample == {
        "good": 2,
        "https": 1,
        "known": 2,
        "protocols": {"http": 1, "connect": 0, "socks4": 0, "socks4a": 0, "socks5": 1},
        "anonymity": {"transparent": 0, "anonymous": 1, "elite": 1},
    }


async def test_two_schedulers_make_one_history(store: Store) -> None:
    assert [await store.sample_history() for _ in range(3)] == [True, False, False]
    assert len(await store.history()) == 1


async def test_a_weeks_history_is_bounded_and_thinned_with_age(store: Store, admin: Admin) -> None:
    now = (await admin.time())[0]
    # Eight days of a sample a minute, and the scheduler's samples in the order of time.
    recent = {
        json.dumps({"time": time, "good": 1}): time for time in range(now - 8 * DAY_S, now, 60)
    }
    for start in range(0, len(recent), 1000):
        await admin.zadd(f"{TABLE}:history", dict([*recent.items()][start : start + 1000]))
    await admin.zremrangebyscore(f"{TABLE}:history", now - 60, "+inf")
    samples = 0
    while await admin.zcount(f"{TABLE}:history", "-inf", now - DAY_S - 10):
        assert await store.sample_history()
        newest = await admin.zrange(f"{TABLE}:history", -1, -1)
        await admin.zrem(f"{TABLE}:history", *newest)
        samples += 1
        assert samples < 200, "at most 100 are moved by one sample"
    assert await store.sample_history()
    day = await store.history(24)
    assert 1435 < len(day) <= 1442
    week = await store.history(24 * 7)
    times = [sample["time"] for sample in week if sample["time"] < now - DAY_S - 10]
    assert 570 <= len(times) <= 577
    assert min(after - before for before, after in pairwise(times)) >= 900
    assert await admin.zcount(f"{TABLE}:history:old", "-inf", now - 7 * DAY_S - 10) == 0
    assert [sample["time"] for sample in week] == sorted(sample["time"] for sample in week)


async def test_statistics_say_why_and_from_where(store: Store) -> None:
    await store.add("siteB", listed(PROXY))
    await fill(store, [f"192.0.3.{i}:80" for i in range(3)], good(Protocol.HTTP))
    await store.add("siteA", listed("192.0.4.1:80"))
    await settle_all(store, FAILED)
    await store.finish_crawl("siteA", {"fetched": 5}, 60)
    await store.note_judges({"http://judge/": {"up": True}})
    statistics = await store.statistics()
    assert statistics["good"] == 4
    assert statistics["known"] == 5
    assert statistics["reasons"] == {"timeout": 1}
    assert statistics["checks"] == {"failed": 1, "good": 4}
    assert statistics["waiting"] == {"new": 0, "alive": 4, "failed": 1}
    assert statistics["sources"] == {
        "siteA": {"fetched": 5, "alive": 3, "known": 4, "yield": 0.75},
        "siteB": {"alive": 1, "known": 1, "yield": 1.0},
    }
    assert statistics["facets"]["http"] == 4
    judge = statistics["judges"]["http://judge/"]
    assert judge["up"] is True
    await store.delete("192.0.3.0:80")
    assert (await store.statistics())["sources"]["siteA"]["known"] == 3


async def test_a_judge_that_nobody_reports_any_more_is_not_shown(
    store: Store, admin: Admin
) -> None:
    await store.note_judges({"http://judge/": {"up": True}})
    old = {"up": True, "reported": (await admin.time())[0] - 4000}
    await admin.hset(f"{TABLE}:judges", "http://gone/", json.dumps(old))
    assert set((await store.statistics())["judges"]) == {"http://judge/"}


async def test_a_pool_that_runs_dry_crawls_sources_that_work_sooner(
    open_store: OpenStore, make_settings: MakeSettings, admin: Admin
) -> None:
    store = open_store(make_settings(POOL_SIZE_MIN="2"))
    await store.ensure_group()
    for source, failures in (("works", 0), ("fails", 3)):
        assert await store.claim_crawl(source, 9000, 30) == 0
        await store.finish_crawl(source, {"failures": failures}, 3000)
    assert await store.is_short()
    assert 30 < await store.claim_crawl("works", 9000, 30) <= 60
    assert await store.claim_crawl("fails", 9000, 30) > 2900
    await admin.hset(f"{TABLE}:crawled", "works", 1)
    assert await store.claim_crawl("works", 9000, 30) == 0
    assert await store.claim_crawl("works", 9000, 30) > 20, "one scheduler has it"
    await store.finish_crawl("works", {}, 3000)
    await admin.hset(f"{TABLE}:crawled", "works", 1)
    await fill(store, ["192.0.2.1:80", "192.0.2.2:80"])
    assert not await store.is_short()
    assert await store.claim_crawl("works", 9000, 30) > 2900


async def test_a_removed_source_is_forgotten(store: Store) -> None:
    await store.finish_crawl("siteA", {}, 60)
    await store.note_source_removed("siteA")
    assert (await store.statistics())["sources"] == {}
