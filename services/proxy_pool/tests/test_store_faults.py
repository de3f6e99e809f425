"""Redis away, full, or with rubbish in it."""

import json
import logging
from collections.abc import Callable

import pytest
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import UNAVAILABLE, Store

from tests.conftest import Admin, MakeSettings, listed, pool_url
from tests.filled import ALL, FAILED, GOOD, PROXY, TABLE, check_again, fill, good
from tests.relay import Relay

OpenStore = Callable[[Settings], Store]


@pytest.fixture
async def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings())
    await opened.ensure_group()
    return opened


async def test_every_method_says_that_redis_is_away_and_works_when_it_is_back(
    open_store: OpenStore, make_settings: MakeSettings, relay: Relay
) -> None:
    store = open_store(make_settings(DB_CONN=pool_url(f"127.0.0.1:{relay.port}")))
    await store.ensure_group()
    await fill(store, [PROXY])
    asked = {
        "get": lambda: store.get(ALL),
        "get by conditions": lambda: store.get(Query(min_score=1.0)),
        "best": lambda: store.best(ALL),
        "record": lambda: store.record(PROXY),
        "list": lambda: store.list(ALL),
        "all": lambda: store.all(ALL),
        "count": store.count,
        "facets": store.facets,
        "statistics": store.statistics,
        "sample": store.sample_history,
        "history": store.history,
        "targets": store.targets,
        "report": lambda: store.report(PROXY, True),
        "add": lambda: store.add("siteA", listed(PROXY)),
        "dispatch": store.dispatch,
        "settle": lambda: store.settle([]),
        "take": lambda: store.take("tester", 1, 0.01),
        "take over": lambda: store.take_over("tester", 1),
        "is short": store.is_short,
        "pop": lambda: store.pop(ALL),
        "delete": lambda: store.delete(PROXY),
    }
    await relay.cut()
    for name, ask in asked.items():
        if name != "settle":  # nothing to say, nothing to send
            with pytest.raises(UNAVAILABLE):
                await ask()
    await relay.mend()
    for name, ask in asked.items():
        print(name, await ask())
    assert (await store.list(ALL))[0] == 0


async def test_a_verdict_whose_answer_was_lost_counts_once(
    open_store: OpenStore, make_settings: MakeSettings, relay: Relay, admin: Admin
) -> None:
    store = open_store(make_settings(DB_CONN=pool_url(f"127.0.0.1:{relay.port}")))
    await store.ensure_group()
    await store.add("siteA", listed(PROXY))
    await store.dispatch()
    (work,) = await store.take("tester", 1, 0.1)
    await store.settle([(work, GOOD)])
    await relay.cut()
    with pytest.raises(UNAVAILABLE):
        await store.settle([(work, GOOD)])
    await relay.mend()
    assert (await store.settle([(work, GOOD)]))["stale"] == 1
    assert json.loads(await store.record(PROXY) or "")["check_count"] == 1


async def test_a_full_redis_refuses_writes_and_answers_reads(store: Store, admin: Admin) -> None:
    await fill(store, [f"192.0.2.{i}:80" for i in range(50)])
    try:
        await admin.config_set("maxmemory", "1mb")
        with pytest.raises(UNAVAILABLE):
            await store.add("siteA", listed("192.0.3.1:80"))
        assert await store.get(ALL)
        assert (await store.list(ALL))[0] == 50
        assert (await store.count()).total == 50
    finally:
        await admin.config_set("maxmemory", "0")
    assert (await store.add("siteA", listed("192.0.3.1:80"))).new == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "7",
        '"text"',
        "[]",
        "{}",
        '{"proxy":"203.0.113.9:80"}',
        '{"proxy":"192.0.2.1:80","protocols":"http"}',
        '{"proxy":"192.0.2.1:80","protocols":[1]}',
        '{"proxy":"192.0.2.1:80","protocols":[],"score":"high"}',
        '{"proxy":"192.0.2.1:80","protocols":[],"targets":{"shop":1}}',
        '{"proxy":"192.0.2.1:80","protocols":[],"source":null}',
    ],
)
async def test_a_damaged_record_is_logged_and_dropped_and_the_others_stay(
    text: str, store: Store, admin: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    names = [PROXY, "192.0.2.2:80", "192.0.2.3:80"]
    await fill(store, names, good(Protocol.HTTP, Protocol.SOCKS5, asn=64500))
    await admin.hset(TABLE, PROXY, text)
    await check_again(store, admin, FAILED)
    assert await store.record(PROXY) is None
    assert (await store.list(ALL))[0] == 2
    assert (await store.facets())["socks5"] == 2
    assert await admin.scard(f"{TABLE}:in:asn:64500") == 2
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == [f"dropped {PROXY}: what was stored of it cannot be read"]
    assert (await store.statistics())["checks"]["damaged"] == 1
    await check_again(store, admin, GOOD)
    assert await store.record(PROXY), "it is known still, and may prove itself again"


async def test_a_damaged_entry_of_a_known_one_is_dropped(
    store: Store, admin: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(store, [PROXY, f"user:secret@{PROXY}"])
    await admin.hset(f"{TABLE}:known", f"user:secret@{PROXY}", "{")
    await check_again(store, admin, GOOD)
    assert (await store.list(ALL))[0] == 1
    assert PROXY in caplog.text
    assert "secret" not in caplog.text
    assert (await store.add("siteA", listed(f"user:secret@{PROXY}"))).new == 1
