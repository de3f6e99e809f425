"""Which proxies a query means, and that every way to ask says the same."""

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import SORTS, Store

from tests.conftest import Admin, MakeSettings, listed
from tests.filled import ALL, FAILED, TABLE, check_again, fill, good, settle_all

OpenStore = Callable[[Settings], Store]
HTTP, CONNECT, SOCKS4, SOCKS5 = Protocol.HTTP, Protocol.CONNECT, Protocol.SOCKS4, Protocol.SOCKS5


@pytest.fixture
async def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings())
    await opened.ensure_group()
    return opened


@pytest.fixture
async def pool(store: Store, admin: Admin) -> list[dict[str, Any]]:
    """300 proxies of every kind; their records, read around the store."""
    lots = random.Random(7)
    await store.add("siteA", listed(*(f"192.0.2.{i}:80" for i in range(200))))
    await store.add("siteB", listed(*(f"192.0.2.{i}:80" for i in range(150, 255))))
    await store.add("siteB", listed(*(f"192.0.3.{i}:80" for i in range(45))))
    await store.dispatch()
    for work in await store.take("tester", 300, 0.1):
        spoken = lots.sample((HTTP, CONNECT, SOCKS4, SOCKS5), lots.randint(1, 3))
        verdict = good(
            *spoken,
            https=spoken != [HTTP] and lots.random() < 0.6,
            anonymous=lots.choice(list(Anonymity)).value,
            region=lots.choice(("CN", "US", "")),
            asn=lots.choice((64500, 64501, 0)),
            latency_ms=lots.randint(1, 4000),
        )
        await store.settle([(work, verdict)])
    return [json.loads(text) for text in (await admin.hgetall(TABLE)).values()]


QUERIES: list[tuple[Query, Callable[[dict[str, Any]], bool]]] = [
    (ALL, lambda record: True),
    (Query(protocols=(SOCKS5,)), lambda record: "socks5" in record["protocols"]),
    (
        Query(protocols=(HTTP, CONNECT)),
        lambda record: bool({"http", "connect"} & set(record["protocols"])),
    ),
    (
        Query(protocols=(SOCKS4, SOCKS5)),
        lambda record: bool({"socks4", "socks5"} & set(record["protocols"])),
    ),
    (
        Query(protocols=(CONNECT,), https=True),
        lambda record: "connect" in record["protocols"] and record["https"],
    ),
    (Query(https=True), lambda record: record["https"]),
    (Query(https=False), lambda record: not record["https"]),
    (Query(anonymity=Anonymity.ELITE), lambda record: record["anonymous"] == "elite"),
    (Query(anonymity=Anonymity.ANONYMOUS), lambda record: record["anonymous"] != "transparent"),
    (Query(country="CN"), lambda record: record["region"] == "CN"),
    (Query(asn=64500), lambda record: record["asn"] == 64500),
    (Query(source="siteB"), lambda record: "siteB" in record["source"].split("/")),
    (Query(max_latency_ms=500), lambda record: record["latency_ms"] <= 500),
    (Query(min_score=55.5), lambda record: record["score"] >= 55.5),
    (
        Query(
            protocols=(HTTP, SOCKS5),
            https=True,
            anonymity=Anonymity.ANONYMOUS,
            country="US",
            max_latency_ms=2500,
            min_score=50.0,
            exclude=frozenset({"192.0.2.1:80"}),
        ),
        lambda record: (
            bool({"http", "socks5"} & set(record["protocols"]))
            and record["https"]
            and record["anonymous"] != "transparent"
            and record["region"] == "US"
            and record["latency_ms"] <= 2500
            and record["score"] >= 50
            and record["proxy"] != "192.0.2.1:80"
        ),
    ),
    (Query(country="XX"), lambda record: False),
    (Query(protocols=(Protocol.SOCKS4A,)), lambda record: False),
    (Query(country="CN", asn=1), lambda record: False),
]


async def test_every_way_to_ask_means_the_same_proxies(
    store: Store, pool: list[dict[str, Any]]
) -> None:
    for query, means in QUERIES:
        expected = {record["proxy"]: record for record in pool if means(record)}
        print(f"{query}: {len(expected)}")
        assert {json.loads(text)["proxy"] for text in await store.all(query)} == set(expected)
        total, page = await store.list(query, limit=1000)
        assert total == len(expected)
        assert {json.loads(text)["proxy"] for text in page} == set(expected)
        for _ in range(5):
            got = await store.get(query)
            assert (json.loads(got)["proxy"] in expected) if got else not expected
        best = await store.best(query)
        top = max((record["score"] for record in expected.values()), default=None)
        assert (json.loads(best)["score"] if best else None) == top


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", list(SORTS))
@pytest.mark.parametrize("query", [ALL, Query(https=True), Query(country="CN", https=False)])
async def test_pages_are_in_order_and_together_everything(
    query: Query, sort: str, descending: bool, store: Store, pool: list[dict[str, Any]]
) -> None:
    seen: list[dict[str, Any]] = []
    while True:
        total, page = await store.list(
            query, sort=sort, descending=descending, offset=len(seen), limit=70
        )
        seen += map(json.loads, page)
        if len(page) < 70:
            break
    values = [record[SORTS[sort]] for record in seen]
    assert values == sorted(values, reverse=descending)
    assert len({record["proxy"] for record in seen}) == len(seen) == total
    assert (await store.list(query, offset=total, limit=10))[1] == []
    assert (await store.list(query, limit=0)) == (total, [])


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("sort", list(SORTS))
async def test_the_pages_of_a_large_facet_are_in_order(
    sort: str, descending: bool, store: Store
) -> None:
    names = [f"198.18.{i >> 8}.{i & 255}:80" for i in range(1600)]
    await store.add("siteA", listed(*names))
    lots = random.Random(3)
    while await store.dispatch():
        work = await store.take("tester", 2000, 0.1)
        spoken = lots.choices((HTTP, SOCKS5), weights=(3, 1), k=len(work))
        await store.settle(
            (one, good(protocol, latency_ms=lots.randint(1, 9000)))
            for one, protocol in zip(work, spoken, strict=True)
        )
    query = Query(protocols=(HTTP,))
    expected = [json.loads(text) for text in await store.all(query)]
    assert len(expected) > 1000
    values = sorted((one[SORTS[sort]] for one in expected), reverse=descending)
    for offset, limit in ((0, 10), (90, 100), (400, 300), (len(expected) - 5, 10)):
        total, page = await store.list(
            query, sort=sort, descending=descending, offset=offset, limit=limit
        )
        assert total == len(expected)
        shown = [json.loads(text) for text in page]
        assert [one[SORTS[sort]] for one in shown] == values[offset : offset + limit]
        assert all(one["protocols"] == ["http"] for one in shown)


async def test_an_unknown_order_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="expected one of score, latency"):
        await store.list(ALL, sort="beauty")


async def test_a_rare_one_is_found_in_a_large_pool(store: Store) -> None:
    crowd = [f"198.18.{i >> 8}.{i & 255}:80" for i in range(1500)]
    await fill(store, crowd, good(HTTP, CONNECT, region="CN"))
    await fill(store, ["192.0.2.1:80"], good(HTTP, region="CN", https=True, latency_ms=3000))
    rare = Query(protocols=(HTTP,), country="CN", max_latency_ms=4000, exclude=frozenset(crowd[:3]))
    only = Query(protocols=(HTTP,), country="CN", https=True)
    assert await store.get(rare)
    for ask in (store.get, store.best, store.pop):
        record = await ask(only)
        assert json.loads(record or "{}").get("proxy") == "192.0.2.1:80"
    assert await store.pop(only) is None
    # Two large conditions that only their very worst fulfil, or none does.
    assert await store.get(Query(protocols=(HTTP,), country="CN", min_score=99.0)) is None
    await fill(store, ["192.0.2.2:80"], good(HTTP, region="CN", latency_ms=3000))
    worst = Query(protocols=(HTTP,), country="CN", exclude=frozenset(crowd))
    for ask in (store.get, store.best, store.pop):
        record = await ask(worst)
        assert json.loads(record or "{}").get("proxy") == "192.0.2.2:80"
    assert await store.pop(worst) is None


async def test_better_ones_are_got_more_often(store: Store) -> None:
    await fill(store, [f"192.0.2.{i}:80" for i in range(50)], good(HTTP, latency_ms=10))
    await fill(store, [f"192.0.3.{i}:80" for i in range(50)], good(HTTP, latency_ms=5000))
    got = [
        json.loads(await store.get(Query(protocols=(HTTP,))) or "")["latency_ms"]
        for _ in range(400)
    ]
    fast = got.count(10)
    # The best of three is a fast one with 1 - (1/2)^3 = 87.5 %; 75 % is 7 sigma away.
    print(f"{fast} of 400 were fast")
    assert 300 < fast < 400


async def test_32_clients_never_pop_the_same_proxy_by_conditions(
    open_store: OpenStore, make_settings: MakeSettings
) -> None:
    stores = [open_store(make_settings()) for _ in range(32)]
    await stores[0].ensure_group()
    await fill(stores[0], [f"192.0.2.{i}:80" for i in range(200)], good(HTTP, region="CN"))
    await fill(stores[0], [f"192.0.3.{i}:80" for i in range(200)], good(HTTP, SOCKS5, region="CN"))
    popped: list[str] = []

    async def client(store: Store) -> None:
        while record := await store.pop(Query(protocols=(SOCKS5,), country="CN")):
            popped.append(json.loads(record)["proxy"])

    await asyncio.gather(*map(client, stores))
    assert len(popped) == len(set(popped)) == 200
    assert (await stores[0].list(ALL))[0] == 200


async def test_the_references_counts_leave_out_what_its_clients_cannot_use(store: Store) -> None:
    await fill(store, ["192.0.2.1:80"], good(HTTP))
    await fill(store, ["192.0.2.2:80"], good(CONNECT, https=True))
    await fill(store, ["192.0.2.3:80"], good(SOCKS5, https=True))
    await store.add("siteB", listed("192.0.2.3:80"))
    assert await store.count() == (2, 1, {"siteA": 2})
    facets = await store.facets()
    assert facets == {
        "all": 3,
        "anonymity:elite": 3,
        "connect": 1,
        "http": 1,
        "https": 2,
        "socks5": 1,
        "source:siteA": 3,
        "source:siteB": 1,
        "web": 2,
    }


async def test_a_proxy_moves_between_facets_with_what_it_speaks(store: Store, admin: Admin) -> None:
    await fill(store, ["192.0.2.1:80"], good(HTTP, SOCKS5, region="CN"))
    quick = good(SOCKS5, region="US")
    await check_again(store, admin, quick)
    assert await store.get(Query(protocols=(HTTP,))) is None
    assert await store.get(Query(country="CN")) is None
    record = json.loads(await store.get(Query(protocols=(SOCKS5,), country="US")) or "")
    assert record["protocols"] == ["socks5"]


async def test_a_pool_that_empties_leaves_no_facet(store: Store, admin: Admin) -> None:
    await fill(store, ["192.0.2.1:80"], good(HTTP, SOCKS5, https=True, region="CN", asn=64500))
    for _ in range(6):
        await check_again(store, admin, FAILED)
    assert await store.facets() == {}
    assert not [key async for key in admin.scan_iter(f"{TABLE}:in:*")]
    assert not await admin.exists(f"{TABLE}:sizes:asn", f"{TABLE}:by:latency", f"{TABLE}:by:score")
    await settle_all(store, FAILED)
