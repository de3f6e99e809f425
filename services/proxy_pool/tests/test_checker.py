import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from proxypool.checker import Checker
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import Store

from tests import proxies
from tests.conftest import Admin, MakeSettings, Until, listed, pool_url
from tests.judge import Judge
from tests.relay import Relay

OpenStore = Callable[[Settings], Store]
TABLE = "proxy_pool:use_proxy"
ALL = Query()


@asynccontextmanager
async def running(settings: Settings, open_store: OpenStore) -> AsyncIterator[Checker]:
    checker = Checker(settings, open_store(settings))
    task = asyncio.create_task(checker.run())
    try:
        yield checker
    finally:
        checker.stop()
        await asyncio.wait_for(task, 10)


async def test_good_is_kept_and_bad_is_not(
    judged: Settings, open_store: OpenStore, until: Until
) -> None:
    store = open_store(judged)
    async with (
        proxies.proxy(proxies.good) as good,
        proxies.proxy(proxies.transparent_address) as transparent,
        proxies.proxy(proxies.hangs) as hanging,
        running(judged, open_store),
    ):
        await store.add("siteA", listed(good, transparent, hanging, "127.0.0.1:1"))
        await store.dispatch()

        async def settled() -> object:
            return sum((await store.statistics())["checks"].values()) == 4

        await until(settled)
    records = [json.loads(record) for record in await store.all(ALL)]
    assert [(record["proxy"], record["exit_ip"]) for record in records] == [(good, proxies.EXIT)]
    statistics = await store.statistics()
    assert statistics["checks"] == {"good": 1, "refused": 1, "failed": 2}
    assert statistics["reasons"] == {"transparent": 1, "timeout": 1, "connect_refused": 1}
    assert statistics["queued"] == 0


async def test_people_are_told_how_the_judges_do(
    judged: Settings, judge: Judge, open_store: OpenStore, until: Until
) -> None:
    store = open_store(judged)

    async def seen() -> dict[str, Any]:
        statistics = await store.statistics()
        found: dict[str, Any] = statistics["judges"].get(judge.url, {})
        return found

    async def is_up() -> object:
        return (await seen()).get("up")

    async def is_down() -> object:
        return (await seen()).get("up") is False

    async with running(judged, open_store):
        await until(is_up)
        assert (await seen())["error"] == ""
        await judge.stop()
        await until(is_down)
        assert (await seen())["error"].startswith("connect_refused")


async def test_work_of_a_checker_that_was_killed_is_taken_over(
    judged: Settings, open_store: OpenStore, until: Until
) -> None:
    store = open_store(judged)
    await store.ensure_group()
    async with proxies.proxy(proxies.good) as good:
        await store.add("siteA", listed(good))
        await store.dispatch()
        assert len(await store.take("killed", 10, 0.1)) == 1
        async with running(judged, open_store):
            await until(lambda: store.get(ALL))


async def test_a_stopping_checker_returns_what_it_cannot_finish(
    judged: Settings,
    make_settings: MakeSettings,
    judge: Judge,
    open_store: OpenStore,
    admin: Admin,
    until: Until,
) -> None:
    settings = make_settings(
        JUDGE_URL=judge.url, JUDGE_DIRECT_URL=judge.url, VERIFY_TIMEOUT="30", CLAIM_IDLE="60"
    )
    store = open_store(settings)
    async with proxies.proxy(proxies.hangs) as hanging, running(settings, open_store):
        await store.add("siteA", listed(hanging))
        await store.dispatch()

        async def taken() -> bool:
            groups = await admin.xinfo_groups(f"{TABLE}:work")
            return bool(groups) and groups[0]["pending"] == 1

        await until(taken)
    statistics = await store.statistics()
    assert statistics["checks"] == {"postponed": 1}
    assert statistics["reasons"] == {"checker_stopped": 1}
    assert await admin.xinfo_consumers(f"{TABLE}:work", "checkers") == []
    assert await store.dispatch() == 1  # due at once


async def test_a_dead_judge_never_empties_the_pool(
    judged: Settings,
    judge: Judge,
    open_store: OpenStore,
    admin: Admin,
    until: Until,
) -> None:
    store = open_store(judged)
    async with proxies.proxy(proxies.good) as good, running(judged, open_store):
        await store.add("siteA", listed(good))
        await store.dispatch()
        await until(lambda: store.get(ALL))
        await judge.stop()
        for _ in range(15):
            await admin.zadd(f"{TABLE}:due:alive", {good: 0})
            await store.dispatch()
            await asyncio.sleep(0.2)
        record = json.loads(await store.get(ALL) or "")
        assert (record["fail_count"], record["check_count"]) == (0, 1)
        assert "failed" not in (await store.statistics())["checks"]

        await judge.start()

        async def checked_again() -> bool:
            await store.dispatch()
            return bool(json.loads(await store.get(ALL) or "{}").get("check_count", 0) >= 2)

        await until(checked_again)


async def test_a_checker_outlives_redis_and_says_so(
    make_settings: MakeSettings,
    judge: Judge,
    open_store: OpenStore,
    relay: Relay,
    until: Until,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    settings = make_settings(
        JUDGE_URL=judge.url,
        JUDGE_DIRECT_URL=judge.url,
        DB_CONN=pool_url(f"127.0.0.1:{relay.port}"),
    )
    direct = open_store(make_settings())
    await relay.cut()
    async with (
        proxies.proxy(proxies.good) as first,
        proxies.proxy(proxies.good) as second,
        running(settings, open_store),
    ):
        await asyncio.sleep(0.5)  # Redis is not there yet when it starts
        await relay.mend()
        await direct.add("siteA", listed(first))
        await direct.dispatch()
        await until(lambda: direct.get(ALL))
        await relay.cut()
        await direct.add("siteA", listed(second))
        await direct.dispatch()
        await asyncio.sleep(2)
        assert (await direct.count())[0] == 1
        await relay.mend()

        async def both() -> bool:
            return (await direct.count())[0] == 2

        await until(both)
    messages = [record.getMessage() for record in caplog.records]
    assert any("redis does not serve" in message for message in messages)
    assert any("again after" in message for message in messages)


async def test_no_more_checks_are_under_way_than_allowed(
    make_settings: MakeSettings, judge: Judge, open_store: OpenStore, admin: Admin, until: Until
) -> None:
    settings = make_settings(JUDGE_URL=judge.url, JUDGE_DIRECT_URL=judge.url, CHECK_CONCURRENCY="5")
    store = open_store(settings)
    asked: Counter[str] = Counter()
    most_checked = most_held = 0

    async def hangs(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal most_checked
        address = writer.get_extra_info("sockname")[0]
        asked[address] += 1
        most_checked = max(most_checked, len(+asked))
        try:
            await proxies.hangs(head, reader, writer)
        finally:
            asked[address] -= 1

    async with proxies.proxy(hangs, "0.0.0.0") as hanging, running(settings, open_store):
        port = hanging.rpartition(":")[2]
        await store.add("siteA", listed(*[f"127.0.1.{i}:{port}" for i in range(1, 31)]))
        await store.dispatch()

        async def done() -> object:
            nonlocal most_held
            for group in await admin.xinfo_groups(f"{TABLE}:work"):
                most_held = max(most_held, group["pending"])
            return (await store.statistics())["queued"] == 0

        await until(done)
    assert most_checked == 5
    # As many verdicts may wait for Redis as checks are under way.
    assert 5 <= most_held <= 10


async def test_the_heartbeat_shows_work(
    judged: Settings, open_store: OpenStore, until: Until
) -> None:
    async with running(judged, open_store):

        async def beaten() -> bool:
            return judged.heartbeat_file.exists()

        await until(beaten)
