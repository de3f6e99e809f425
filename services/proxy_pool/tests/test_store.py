import asyncio
import json
from collections.abc import Callable

import pytest
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import SUFFIXES, Added, Store
from proxypool.verdict import Verdict

from tests.conftest import Admin, MakeSettings, Until, listed
from tests.filled import (
    ALL,
    FAILED,
    GOOD,
    POSTPONED,
    PROXY,
    REFUSED,
    TABLE,
    check_again,
    make_due,
    settle_all,
)

OpenStore = Callable[[Settings], Store]
HTTPS = Query(protocols=(Protocol.CONNECT,), https=True)


@pytest.fixture
async def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings(MAX_FAIL_COUNT="1"))
    await opened.ensure_group()
    return opened


async def fill(store: Store, count: int, source: str = "siteA") -> list[str]:
    proxies = [f"192.0.2.{i % 250}:{1000 + i}" for i in range(count)]
    await store.add(source, listed(*proxies))
    while (await settle_all(store, GOOD))["good"]:
        pass
    return proxies


async def test_a_record_has_the_references_fields_in_order(store: Store) -> None:
    await store.add("siteA", listed(PROXY))
    await store.add("siteB", listed(PROXY))
    await settle_all(store, GOOD)
    record = json.loads(await store.get(ALL) or "")
    moment = record.pop("last_time")
    assert len(moment) == len("2026-06-09 21:03:42")
    assert list(record.items()) == [
        ("proxy", PROXY),
        ("https", False),
        ("fail_count", 0),
        ("region", ""),
        ("anonymous", "elite"),
        ("source", "siteA/siteB"),
        ("check_count", 1),
        ("last_status", True),
        ("protocols", ["http"]),
        ("exit_ip", "198.51.100.7"),
        ("asn", 0),
        ("as_name", ""),
        ("latency_ms", 12),
        ("connect_ms", 3),
        ("score", 62.8),
        ("success_rate", 0.7),
        ("first_seen", moment),
        ("last_seen", moment),
        ("https_reason", ""),
        ("last_reason", ""),
        ("failures", {}),
        ("targets", {}),
        ("expires", 0),
        ("private", False),
    ]


async def test_counts_follow_what_comes_and_goes(store: Store) -> None:
    await fill(store, 10, "siteA")
    await store.add("siteB", listed("192.0.2.0:1000"))
    assert await store.count() == (10, 0, {"siteA": 10, "siteB": 1})
    assert await store.delete("192.0.2.0:1000")
    assert await store.count() == (9, 0, {"siteA": 9})
    for _ in range(9):
        assert await store.pop(ALL)
    assert await store.count() == (0, 0, {})
    assert await store.pop(ALL) is None
    assert await store.get(ALL) is None
    assert await store.all(ALL) == []


async def test_an_https_proxy_stands_in_its_facet(store: Store) -> None:
    await fill(store, 3)
    both = (Protocol.HTTP, Protocol.CONNECT)
    secure = GOOD._replace(protocols=both, tried=both, https=True)
    await store.add("siteB", listed(PROXY))
    await settle_all(store, secure)
    assert (await store.count())[:2] == (4, 1)
    assert {json.loads(await store.get(HTTPS) or "")["proxy"] for _ in range(5)} == {PROXY}
    assert len(await store.all(HTTPS)) == 1
    popped = json.loads(await store.pop(HTTPS) or "")
    assert (popped["proxy"], popped["https"]) == (PROXY, True)
    assert await store.get(HTTPS) is None
    assert (await store.count())[:2] == (3, 0)


async def test_all_may_be_limited(store: Store) -> None:
    await fill(store, 20)
    assert len(await store.all(ALL)) == 20
    assert len(set(await store.all(ALL, 5))) == 5
    assert await store.all(HTTPS, 5) == []


async def test_32_clients_never_pop_the_same_proxy(
    open_store: OpenStore, make_settings: MakeSettings
) -> None:
    stores = [open_store(make_settings()) for _ in range(32)]
    await stores[0].ensure_group()
    proxies = await fill(stores[0], 2000)
    popped: list[str] = []

    async def client(store: Store) -> None:
        while record := await store.pop(ALL):
            popped.append(json.loads(record)["proxy"])

    await asyncio.gather(*map(client, stores))
    assert len(popped) == len(set(popped)) == 2000
    assert set(popped) == set(proxies)


@pytest.mark.parametrize("verdict", [GOOD, FAILED, REFUSED, POSTPONED])
@pytest.mark.parametrize("first", [GOOD, FAILED])
async def test_a_proxy_deleted_during_its_check_stays_deleted(
    first: Verdict, verdict: Verdict, store: Store, admin: Admin
) -> None:
    await store.add("siteA", listed(PROXY))
    await settle_all(store, first)
    await make_due(admin)
    await store.dispatch()
    (work,) = await store.take("tester", 1, 0.1)
    assert await store.delete(PROXY) is (first is GOOD)
    assert (await store.settle([(work, verdict)]))["stale"] == 1
    assert await store.get(ALL) is None
    assert await store.count() == (0, 0, {})
    assert await store.add("siteA", listed(PROXY)) == Added(barred=1)
    await make_due(admin)
    assert await store.dispatch() == 0
    assert await admin.hlen(f"{TABLE}:known") == 0


async def test_a_proxy_popped_during_its_check_stays_out(store: Store, admin: Admin) -> None:
    await fill(store, 1)
    await make_due(admin)
    await store.dispatch()
    (work,) = await store.take("tester", 1, 0.1)
    assert await store.pop(ALL)
    assert (await store.settle([(work, GOOD)]))["stale"] == 1
    assert await store.get(ALL) is None


async def test_a_deleted_proxy_may_come_back_after_its_time(
    open_store: OpenStore, make_settings: MakeSettings
) -> None:
    store = open_store(make_settings(DELETED_FOR="0.1", POPPED_FOR="0"))
    await store.ensure_group()
    await store.add("siteA", listed(PROXY))
    await settle_all(store, GOOD)
    assert await store.delete(PROXY)
    assert (await store.add("siteA", listed(PROXY))).barred == 1
    await asyncio.sleep(0.15)
    assert (await store.add("siteA", listed(PROXY))).new == 1
    await settle_all(store, GOOD)
    assert await store.pop(ALL)
    assert (await store.add("siteA", listed(PROXY))).new == 1


async def test_deleting_what_is_not_there_leaves_nothing(store: Store, admin: Admin) -> None:
    assert not await store.delete(PROXY)
    assert await admin.exists(f"{TABLE}:deleted") == 0
    assert (await store.add("siteA", listed(PROXY))).new == 1


async def test_one_failure_does_not_drop_a_good_proxy_but_the_next_does(
    store: Store, admin: Admin
) -> None:
    await fill(store, 1)
    await make_due(admin)
    await settle_all(store, FAILED)
    record = json.loads(await store.get(ALL) or "")
    assert (record["fail_count"], record["check_count"], record["last_status"]) == (1, 2, False)
    await make_due(admin)
    await settle_all(store, FAILED)
    assert await store.get(ALL) is None
    assert await store.count() == (0, 0, {})


async def test_a_success_takes_a_failure_back(store: Store, admin: Admin) -> None:
    await fill(store, 1)
    for verdict, fail_count in ((FAILED, 1), (GOOD, 0), (FAILED, 1), (GOOD, 0)):
        await make_due(admin)
        await settle_all(store, verdict)
        assert json.loads(await store.get(ALL) or "")["fail_count"] == fail_count


async def test_a_proxy_that_turns_transparent_is_dropped_at_once(
    store: Store, admin: Admin
) -> None:
    await fill(store, 1)
    await make_due(admin)
    await settle_all(store, REFUSED)
    assert await store.get(ALL) is None
    known = json.loads((await admin.hvals(f"{TABLE}:known"))[0])
    assert (known["lane"], known["reason"]) == ("failed", "transparent")
    assert (await store.statistics())["reasons"] == {"transparent": 1}


async def test_what_broke_tls_is_not_good_before_tls_has_passed(store: Store, admin: Admin) -> None:
    await fill(store, 1)
    await check_again(store, admin, REFUSED._replace(reason="tls_broken"))
    # All TLS judges are down: the verdict says nothing about https.
    await check_again(store, admin, GOOD._replace(https_checked=False))
    assert await store.get(ALL) is None
    known = json.loads((await admin.hvals(f"{TABLE}:known"))[0])
    assert (known["lane"], known["reason"]) == ("failed", "tls_broken")
    await check_again(store, admin, GOOD._replace(https=True))
    assert json.loads(await store.get(ALL) or "")["https"] is True


async def test_a_postponed_check_changes_nothing_and_comes_again(
    store: Store, admin: Admin
) -> None:
    await fill(store, 1)
    before = await store.get(ALL)
    await make_due(admin)
    await settle_all(store, POSTPONED)
    assert await store.get(ALL) == before
    await asyncio.sleep(0.3)  # RETRY_INTERVAL is 0.2 s, spread by 20 %
    assert await store.dispatch() == 1


async def test_a_dead_one_is_asked_after_growing_intervals(
    open_store: OpenStore, make_settings: MakeSettings, admin: Admin
) -> None:
    store = open_store(make_settings(NEGATIVE_INTERVAL="100", NEGATIVE_INTERVAL_MAX="500"))
    await store.ensure_group()
    await store.add("siteA", listed(PROXY))
    for expected_s in (100, 200, 400, 500, 500):
        await settle_all(store, FAILED)
        due = await admin.zscore(f"{TABLE}:due:failed", PROXY)
        seconds, micros = await admin.time()
        wait_s = float(due) / 1000 - seconds - micros / 1e6
        assert 0.79 * expected_s < wait_s < 1.21 * expected_s
        await make_due(admin)


async def test_a_dead_one_that_no_list_names_any_more_is_forgotten(
    store: Store, admin: Admin
) -> None:
    await store.add("siteA", listed(PROXY))
    known = json.loads(await admin.hget(f"{TABLE}:known", PROXY) or "")
    known["listed"] -= 8 * 86400 * 1000
    await admin.hset(f"{TABLE}:known", PROXY, json.dumps(known))
    await settle_all(store, FAILED)
    assert await admin.hlen(f"{TABLE}:known") == 0
    assert await admin.zcard(f"{TABLE}:due:failed") == 0


async def test_no_more_are_known_than_the_limit(
    open_store: OpenStore, make_settings: MakeSettings
) -> None:
    store = open_store(make_settings(MAX_KNOWN="10"))
    proxies = [f"192.0.2.1:{port}" for port in range(1, 1300)]
    assert await store.add("siteA", listed(*proxies)) == Added(new=10, beyond=1289)
    assert await store.add("siteB", listed(*proxies[:12])) == Added(known=10, beyond=2)


@pytest.mark.parametrize(
    ("verdict", "lane", "interval_s"), [(GOOD, "alive", 300.0), (FAILED, "failed", 600.0)]
)
async def test_due_times_are_spread(
    verdict: Verdict,
    lane: str,
    interval_s: float,
    open_store: OpenStore,
    make_settings: MakeSettings,
    admin: Admin,
) -> None:
    store = open_store(make_settings(RECHECK_INTERVAL="300", NEGATIVE_INTERVAL="600"))
    await store.ensure_group()
    await store.add("siteA", listed(*(f"192.0.2.1:{port}" for port in range(1, 101))))
    seconds, micros = await admin.time()
    await settle_all(store, verdict)
    due = await admin.zrange(f"{TABLE}:due:{lane}", 0, -1, withscores=True)
    waits = [score / 1000 - seconds - micros / 1e6 for _, score in due]
    assert len(waits) == 100
    assert 0.8 * interval_s <= min(waits) <= 0.9 * interval_s
    assert 1.1 * interval_s <= max(waits) <= 1.2 * interval_s + 5


async def test_what_keeps_failing_gives_way_to_what_is_new(
    open_store: OpenStore, make_settings: MakeSettings, admin: Admin
) -> None:
    store = open_store(make_settings(MAX_KNOWN="3"))
    await store.ensure_group()
    await store.add("siteA", listed("192.0.2.1:1", "192.0.2.1:2"))
    await settle_all(store, FAILED)
    await store.add("siteA", listed("192.0.2.1:3"))
    await settle_all(store, GOOD)
    for _ in range(2):
        assert (await store.add("siteB", listed("192.0.2.2:1"))).beyond == 1, "so few are no sign"
        await make_due(admin, "failed")
        await settle_all(store, FAILED)
    assert await store.add("siteB", listed("192.0.2.2:1", "192.0.2.2:2", "192.0.2.2:3")) == Added(
        new=2, beyond=1
    )
    known = set(await admin.hkeys(f"{TABLE}:known"))
    assert known == {"192.0.2.1:3", "192.0.2.2:1", "192.0.2.2:2"}
    assert await admin.zcard(f"{TABLE}:due:failed") == 0
    assert json.loads(await admin.hget(f"{TABLE}:listed", "siteB") or "0") == 2


async def test_a_full_queue_takes_no_more(
    open_store: OpenStore, make_settings: MakeSettings
) -> None:
    store = open_store(make_settings(MAX_QUEUE="7"))
    await store.ensure_group()
    await store.add("siteA", listed(*[f"192.0.2.1:{port}" for port in range(1, 101)]))
    assert await store.dispatch() == 7
    assert await store.dispatch() == 0
    work = await store.take("tester", 3, 0.1)
    await store.settle((one, GOOD) for one in work)
    assert await store.dispatch() == 3


async def test_each_lane_has_its_share_when_all_are_full(
    open_store: OpenStore, make_settings: MakeSettings, admin: Admin
) -> None:
    wide = open_store(make_settings(MAX_QUEUE="1000"))
    await wide.ensure_group()
    for verdict, port in ((GOOD, 1000), (FAILED, 2000)):
        await wide.add("siteA", listed(*([f"192.0.2.1:{port + i}" for i in range(100)])))
        await settle_all(wide, verdict)
    await wide.add("siteA", listed(*([f"192.0.2.1:{3000 + i}" for i in range(100)])))
    await make_due(admin)
    narrow = open_store(make_settings(MAX_QUEUE="100"))
    assert await narrow.dispatch() == 100
    lanes = [fields["lane"] for _, fields in await admin.xrange(f"{TABLE}:work")]
    assert {lane: lanes.count(lane) for lane in set(lanes)} == {
        "alive": 50,
        "new": 30,
        "failed": 20,
    }


async def test_no_proxy_is_handed_out_twice_at_once(
    store: Store, make_settings: MakeSettings, admin: Admin
) -> None:
    await store.add("siteA", listed(PROXY))
    assert await store.dispatch() == 1
    await make_due(admin)
    assert await store.dispatch() == 0  # still in the stream
    (work,) = await store.take("tester", 1, 0.1)
    await make_due(admin)
    assert await store.dispatch() == 0  # with a checker
    await store.settle([(work, GOOD)])
    await make_due(admin)
    assert await store.dispatch() == 1


async def test_work_that_was_lost_with_the_stream_is_handed_out_again(
    store: Store, admin: Admin
) -> None:
    await store.add("siteA", listed(PROXY))
    await store.dispatch()
    await admin.delete(f"{TABLE}:work")
    assert await store.take("tester", 1, 0.1) == []  # makes the group again
    await make_due(admin)
    assert await store.dispatch() == 1
    assert len(await store.take("tester", 1, 0.1)) == 1


async def test_work_of_a_dead_consumer_is_taken_over_and_its_late_word_is_stale(
    open_store: OpenStore, make_settings: MakeSettings, until: Until
) -> None:
    store = open_store(make_settings(CLAIM_IDLE="1", VERIFY_TIMEOUT="1"))
    await store.ensure_group()
    await store.add("siteA", listed(PROXY))
    await store.dispatch()
    (lost,) = await store.take("dead", 1, 0.1)
    assert await store.take_over("heir", 10) == []
    (taken,) = await until(lambda: store.take_over("heir", 10))
    assert taken == lost
    assert (await store.settle([(taken, GOOD)]))["good"] == 1
    assert (await store.settle([(lost, FAILED)]))["stale"] == 1
    assert json.loads(await store.get(ALL) or "")["last_status"] is True


async def test_only_consumers_without_work_are_buried(store: Store, admin: Admin) -> None:
    await store.add("siteA", listed(PROXY))
    await store.dispatch()
    (work,) = await store.take("busy", 1, 0.1)
    await store.take("idle", 1, 0.1)
    await store.leave("busy")
    await store.leave("idle")
    consumers = await admin.xinfo_consumers(f"{TABLE}:work", "checkers")
    assert [consumer["name"] for consumer in consumers] == ["busy"]
    await store.settle([(work, GOOD)])
    await store.leave("busy")
    assert await admin.xinfo_consumers(f"{TABLE}:work", "checkers") == []


async def test_scripts_are_loaded_again_after_redis_forgot_them(store: Store, admin: Admin) -> None:
    await fill(store, 1)
    await admin.script_flush()
    assert await store.get(ALL)
    assert await store.pop(ALL)


async def test_a_crawl_is_claimed_by_one_and_comes_again(store: Store) -> None:
    assert await store.claim_crawl("siteA", 60, 30) == 0
    assert 0 < await store.claim_crawl("siteA", 60, 30) <= 30
    await store.finish_crawl("siteA", {"fetched": 5}, 50)
    assert 30 < await store.claim_crawl("siteA", 60, 30) <= 50
    assert await store.claim_crawl("siteA", 10, 30) == 0  # the interval was shortened
    assert (await store.statistics())["sources"]["siteA"] == {
        "fetched": 5,
        "alive": 0,
        "known": 0,
        "yield": 0.0,
    }


async def test_all_keys_begin_with_the_tables_name(store: Store, admin: Admin) -> None:
    await fill(store, 3)
    await store.delete("192.0.2.0:1000")
    await store.finish_crawl("siteA", {}, 1)
    keys = await admin.keys("*")
    others = {key for key in keys if not key.startswith(f"{TABLE}:in:")}
    assert others <= {TABLE + suffix for suffix in SUFFIXES}
    assert all(key.startswith("proxy_pool:") for key in keys)
