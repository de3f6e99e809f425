"""What a success rate, a latency and an age are worth, and when a proxy goes."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import Added, Report, Store
from proxypool.verdict import Outcome, Verdict

from tests.conftest import Admin, MakeSettings, listed
from tests.filled import (
    ALL,
    FAILED,
    GOOD,
    PROXY,
    REFUSED,
    TABLE,
    check_again,
    fill,
    good,
    make_due,
    settle_all,
)

OpenStore = Callable[[Settings], Store]
Opener = Callable[..., Any]
HTTP, SOCKS5 = Protocol.HTTP, Protocol.SOCKS5


@pytest.fixture
async def opened(open_store: OpenStore, make_settings: MakeSettings) -> Opener:
    async def open_(**changes: str) -> Store:
        store = open_store(make_settings(**changes))
        await store.ensure_group()
        return store

    return open_


@pytest.fixture
async def store(opened: Opener) -> Store:
    store: Store = await opened()
    return store


async def read(store: Store, proxy: str = PROXY) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(await store.record(proxy) or "{}")
    return record


async def grow_older(admin: Admin, hours: float) -> None:
    for proxy, text in (await admin.hgetall(f"{TABLE}:known")).items():
        entry = json.loads(text)
        entry["alive"] -= hours * 3_600_000
        await admin.hset(f"{TABLE}:known", proxy, json.dumps(entry))


async def test_the_score_weighs_success_speed_and_age(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY], good(HTTP, latency_ms=1000))
    # 100 × 0.7 × (0.7 + 0.2 / (1 + 1 s) + 0.1 × 0 h / 24 h)
    assert (await read(store))["score"] == 56.0
    await grow_older(admin, 12)
    await check_again(store, admin, good(HTTP, latency_ms=250))
    # the rate is 0.7 × 0.7 + 0.3 × 1 = 0.79
    record = await read(store)
    assert record["success_rate"] == 0.79
    assert record["score"] == round(100 * 0.79 * (0.7 + 0.2 / 1.25 + 0.1 / 2), 1) == 71.9
    await grow_older(admin, 500)
    await check_again(store, admin, FAILED)
    record = await read(store)
    assert record["success_rate"] == 0.553
    assert record["score"] == round(100 * 0.553 * (0.7 + 0.2 / 1.25 + 0.1), 1)


async def test_a_few_failures_are_forgiven_and_many_are_not(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY])
    scores = []
    while record := await read(store):
        scores.append(record["score"])
        await check_again(store, admin, FAILED)
    print(scores)
    assert len(scores) == 4
    assert min(scores) >= 20
    assert (await store.facets()) == {}


async def test_a_proven_one_is_forgiven_more(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY])
    for _ in range(20):
        await check_again(store, admin, GOOD)
    failures = 0
    while await store.record(PROXY):
        await check_again(store, admin, FAILED)
        failures += 1
    assert failures == 5


async def test_the_least_score_is_a_setting(opened: Opener, admin: Admin) -> None:
    store = await opened(EVICT_BELOW="60")
    await fill(store, [PROXY])
    await check_again(store, admin, FAILED)
    assert await store.record(PROXY) is None


async def test_strikes_are_counted_in_a_row_where_that_is_set(opened: Opener, admin: Admin) -> None:
    store = await opened(MAX_FAIL_COUNT="0")
    await fill(store, [PROXY])
    await check_again(store, admin, FAILED)
    assert await store.record(PROXY) is None
    store = await opened(MAX_FAIL_COUNT="1")
    await check_again(store, admin, GOOD)
    for verdict in (FAILED, GOOD, FAILED):
        await check_again(store, admin, verdict)
    assert (await read(store))["fail_count"] == 1


async def test_what_does_harm_goes_at_once_however_good_it_was(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY])
    for _ in range(10):
        await check_again(store, admin, GOOD)
    await check_again(store, admin, REFUSED)
    assert await store.record(PROXY) is None


async def test_beyond_the_pools_size_the_worst_go(opened: Opener, admin: Admin) -> None:
    store = await opened(POOL_SIZE_MAX="5")
    for number, latency_ms in enumerate((900, 100, 700, 300, 500, 200, 800, 400)):
        await fill(store, [f"192.0.2.{number}:80"], good(HTTP, latency_ms=latency_ms))
        assert (await store.list(ALL))[0] <= 5
    records = [json.loads(text) for text in await store.all(ALL)]
    assert sorted(record["latency_ms"] for record in records) == [100, 200, 300, 400, 500]
    entry = json.loads(await admin.hget(f"{TABLE}:known", "192.0.2.0:80"))
    assert (entry["lane"], entry["reason"]) == ("failed", "pool_full")


async def test_a_lowered_size_is_kept_from_then_on(opened: Opener) -> None:
    wide = await opened()
    await fill(wide, [f"192.0.2.{i}:80" for i in range(250)])
    await fill(wide, [f"192.0.3.{i}:80" for i in range(250)])
    narrow = await opened(POOL_SIZE_MAX="30")
    await narrow.dispatch()
    assert (await narrow.list(ALL))[0] == 30


async def test_a_quick_check_changes_what_it_tried_and_nothing_else(
    store: Store, admin: Admin
) -> None:
    full = good(HTTP, SOCKS5, https=True, failures={"socks4": "closed", "connect": "bad_status"})
    await fill(store, [PROXY], full)
    await make_due(admin)
    await store.dispatch()
    (work,) = await store.take("tester", 1, 0.1)
    assert (work.hint, work.full) == ((HTTP, SOCKS5), False)
    quick = Verdict(
        Outcome.GOOD,
        protocols=(SOCKS5,),
        tried=(HTTP, SOCKS5),
        https=True,
        failures={"http": "timeout"},
        latency_ms=40,
    )
    await store.settle([(work, quick)])
    record = await read(store)
    assert record["protocols"] == ["socks5"]
    assert record["failures"] == {"socks4": "closed", "connect": "bad_status", "http": "timeout"}
    assert record["https"] is True
    assert (record["anonymous"], record["exit_ip"]) == ("elite", "198.51.100.7")
    assert await store.get(Query(protocols=(HTTP,))) is None
    assert await store.get(Query(protocols=(SOCKS5,)))


async def test_a_check_without_a_tunnel_says_nothing_of_https(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY], good(HTTP, Protocol.CONNECT, https=True))
    silent = GOOD._replace(tried=(HTTP,), protocols=(HTTP,), https_checked=False)
    await check_again(store, admin, silent)
    assert (await read(store))["https"] is True
    failed = good(HTTP, https=False, https_reason="certificate")
    await check_again(store, admin, failed)
    record = await read(store)
    assert (record["https"], record["https_reason"]) == (False, "certificate")
    assert (await store.statistics())["https_reasons"] == {"certificate": 1}


async def test_all_protocols_are_tried_when_nothing_is_said_and_then_each_interval(
    opened: Opener, admin: Admin
) -> None:
    store = await opened(FULL_CHECK_INTERVAL="1000")
    await store.add("siteA", listed(PROXY))
    await store.add("siteA", [Candidate(Upstream.parse("192.0.2.2:1080"), SOCKS5)])
    await store.dispatch()
    work = {one.proxy: one for one in await store.take("tester", 10, 0.1)}
    assert (work[PROXY].hint, work[PROXY].full) == ((), True)
    assert (work["192.0.2.2:1080"].hint, work["192.0.2.2:1080"].full) == ((SOCKS5,), False)
    await store.settle([(work[PROXY], good(HTTP)), (work["192.0.2.2:1080"], FAILED)])

    async def next_work() -> dict[str, Any]:
        await make_due(admin)
        await store.dispatch()
        taken = {one.proxy: one for one in await store.take("tester", 10, 0.1)}
        await store.settle((one, good(HTTP)) for one in taken.values())
        return taken

    second = await next_work()
    assert (second[PROXY].hint, second[PROXY].full) == ((HTTP,), False)
    # What it is said to speak proved wrong: now everything is tried.
    assert (second["192.0.2.2:1080"].hint, second["192.0.2.2:1080"].full) == ((SOCKS5,), True)
    entry = json.loads(await admin.hget(f"{TABLE}:known", PROXY))
    entry["full"] -= 1_000_000
    await admin.hset(f"{TABLE}:known", PROXY, json.dumps(entry))
    assert (await next_work())[PROXY].full is True
    assert (await next_work())[PROXY].full is False


async def test_clients_reports_move_the_score_and_may_evict(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY], good(HTTP, latency_ms=100))
    before = await read(store)
    assert await store.report(PROXY, True, latency_ms=1100)
    record = await read(store)
    assert record["success_rate"] == 0.79
    assert record["latency_ms"] == 400  # 0.7 × 100 + 0.3 × 1100
    assert (record["check_count"], record["last_time"]) == (1, before["last_time"])
    assert await store.report(PROXY, False, reason="timeout")
    record = await read(store)
    assert (record["success_rate"], record["last_reason"]) == (0.553, "timeout")
    assert await store.get(Query(min_score=record["score"]))
    assert await store.get(Query(min_score=record["score"] + 0.1)) is None
    reports = 0
    while await store.record(PROXY):
        assert await store.report(PROXY, False, reason="timeout", source="gateway")
        reports += 1
    assert 2 <= reports <= 4
    assert not await store.report(PROXY, True)
    assert await store.record(PROXY) is None
    assert (await store.statistics())["reports"] == {
        "client failed": 1,
        "client ok": 1,
        "gateway failed": reports,
    }
    # It is checked soon, so a client's word alone does not keep it out for long.
    due = float(await admin.zscore(f"{TABLE}:due:failed", PROXY)) / 1000
    assert due - (await admin.time())[0] < 2


async def test_a_failed_report_brings_the_next_check_forward(opened: Opener, admin: Admin) -> None:
    store = await opened(RECHECK_INTERVAL="1000")
    await fill(store, [PROXY])
    far = float(await admin.zscore(f"{TABLE}:due:alive", PROXY))
    assert await store.report(PROXY, True)
    assert float(await admin.zscore(f"{TABLE}:due:alive", PROXY)) == far
    assert await store.report(PROXY, False)
    assert float(await admin.zscore(f"{TABLE}:due:alive", PROXY)) < far - 700_000


async def test_a_report_on_a_deleted_proxy_does_nothing(store: Store, admin: Admin) -> None:
    await fill(store, [PROXY])
    assert await store.delete(PROXY)
    assert not await store.report(PROXY, True)
    assert await store.record(PROXY) is None
    assert await admin.hlen(f"{TABLE}:known") == 0


async def test_many_reports_go_together(store: Store) -> None:
    names = [f"192.0.2.{i}:80" for i in range(250)]
    await fill(store, names)
    reports = [Report(name, True, source="gateway") for name in names]
    assert await store.report_many([*reports, Report("192.0.3.1:80", True)]) == 250
    assert {json.loads(text)["success_rate"] for text in await store.all(ALL)} == {0.79}


async def test_what_a_client_writes_is_not_kept_as_it_is(store: Store) -> None:
    await fill(store, [PROXY])
    await store.report(PROXY, False, reason="<script>alert(1)</script>")
    assert (await read(store))["last_reason"] == "reported"
    with pytest.raises(ValueError, match="source"):
        await store.report(PROXY, True, source="no word")


async def test_credentials_are_part_of_a_proxys_name(store: Store, admin: Admin) -> None:
    names = [PROXY, f"user:one@{PROXY}", f"user:two@{PROXY}"]
    assert await store.add("paid", listed(*names), private=True) == Added(new=3)
    await settle_all(store, GOOD)
    assert {json.loads(text)["proxy"] for text in await store.all(ALL)} == set(names)
    assert await store.delete(names[1])
    assert {json.loads(text)["proxy"] for text in await store.all(ALL)} == {names[0], names[2]}
    assert {json.loads(text)["private"] for text in await store.all(ALL)} == {True}
    await store.add("public", listed(PROXY))
    assert (await read(store))["private"] is False
    assert (await store.facets())["private"] == 1


async def test_what_expires_is_not_used_any_more(store: Store, admin: Admin) -> None:
    seconds = (await admin.time())[0]
    soon = Candidate(Upstream.parse(PROXY), expires=seconds + 3600)
    over = Candidate(Upstream.parse("192.0.2.2:80"), expires=seconds - 1)
    assert await store.add("paid", [soon, over]) == Added(new=1, expired=1)
    await settle_all(store, GOOD)
    assert (await read(store))["expires"] == seconds + 3600
    await admin.zadd(f"{TABLE}:expiring", {PROXY: 1})
    for query in (ALL, Query(protocols=(HTTP,)), Query(min_score=1.0)):
        assert await store.get(query) is None, "not even before the sweep"
    await store.dispatch()
    assert await store.record(PROXY) is None
    assert await admin.hlen(f"{TABLE}:known") == 0
    assert not await admin.exists(f"{TABLE}:expiring")


async def test_an_expiry_may_be_put_off(store: Store, admin: Admin) -> None:
    seconds = (await admin.time())[0]
    upstream = Upstream.parse(PROXY)
    await store.add("paid", [Candidate(upstream, expires=seconds + 60)])
    await settle_all(store, GOOD)
    await store.add("paid", [Candidate(upstream, expires=seconds + 600)])
    assert (await read(store))["expires"] == seconds + 600
    assert await admin.zscore(f"{TABLE}:expiring", PROXY) == (seconds + 600) * 1000


async def test_times_are_in_the_zone_that_is_set(opened: Opener) -> None:
    store = await opened(TIMEZONE="Asia/Shanghai")
    await fill(store, [PROXY])
    record = await read(store)
    shown = time.mktime(time.strptime(record["last_time"], "%Y-%m-%d %H:%M:%S"))
    here = time.mktime(time.gmtime())
    assert abs(shown - here - 8 * 3600) < 60
    assert record["first_seen"] == record["last_seen"] == record["last_time"]
