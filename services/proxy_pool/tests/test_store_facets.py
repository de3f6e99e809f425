"""Whatever happens to a pool, in whatever order: what is derived equals what the records say."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import Store
from proxypool.targets import Target
from proxypool.verdict import Outcome, TargetVerdict, Verdict

from tests.conftest import Admin, MakeSettings
from tests.filled import TABLE, make_due

OpenStore = Callable[[Settings], Store]
PROXIES = [f"192.0.2.{i}:80" for i in range(6)] + ["u:p@192.0.2.1:80", "gate.example:7000"]
TARGETS = ("shop", "search")

proxies = st.sampled_from(PROXIES)
subsets = st.sets(st.sampled_from(list(Protocol))).map(lambda spoken: tuple(sorted(spoken)))
# What checks can measure: a number of more than 64 bits is none of them.
milliseconds = st.sampled_from([0, 10, 5000])
verdicts = st.builds(
    Verdict,
    outcome=st.sampled_from([Outcome.GOOD, Outcome.GOOD, *Outcome]),
    reason=st.sampled_from(["", "timeout"]),
    protocols=subsets,
    tried=subsets,
    https=st.booleans(),
    https_reason=st.sampled_from(["", "certificate"]),
    anonymous=st.sampled_from(["", *(level.value for level in Anonymity)]),
    region=st.sampled_from(["", "CN", "US"]),
    asn=st.sampled_from([0, 64500, 4_200_000_000]),
    latency_ms=milliseconds,
    connect_ms=milliseconds,
    failures=st.dictionaries(st.sampled_from([*Protocol]), st.just("closed"), max_size=2),
    targets=st.dictionaries(
        st.sampled_from([*TARGETS, "unknown"]),
        st.builds(TargetVerdict, works=st.booleans(), latency_ms=milliseconds),
    ),
    at_once=st.booleans(),
)
additions = st.tuples(
    st.just("add"),
    st.sampled_from(["siteA", "siteB", "paid"]),
    st.lists(st.tuples(proxies, st.none() | st.sampled_from(list(Protocol))), max_size=8),
    st.booleans(),
)
steps = st.one_of(
    additions,
    st.tuples(st.just("settle"), st.lists(verdicts, min_size=8, max_size=8)),
    st.tuples(st.just("settle"), st.lists(verdicts, min_size=8, max_size=8)),
    st.tuples(st.just("report"), proxies, st.booleans(), st.sampled_from(["", *TARGETS])),
    st.tuples(st.just("delete"), proxies),
    st.tuples(st.just("pop"), subsets),
    st.tuples(st.just("put_target"), st.sampled_from(TARGETS), st.sampled_from("ab")),
    st.tuples(st.just("delete_target"), st.sampled_from(TARGETS)),
    st.tuples(st.just("expire"), proxies),
    st.tuples(st.just("damage"), proxies, st.sampled_from(["", "{", "[]", '{"proxy":"x"}'])),
)


async def play(store: Store, admin: Admin, step: tuple[Any, ...]) -> None:
    match step:
        case ("add", source, listed, private):
            candidates = [Candidate(Upstream.parse(name), said) for name, said in listed]
            await store.add(source, candidates, private=private)
        case ("settle", found):
            await make_due(admin)
            await store.dispatch()
            work = await store.take("tester", len(found), 0.001)
            await store.settle(zip(work, found, strict=False))
        case ("report", proxy, ok, target):
            await store.report(proxy, ok, latency_ms=77, target=target)
        case ("delete", proxy):
            await store.delete(proxy)
        case ("pop", protocols):
            await store.pop(Query(protocols=protocols))
        case ("put_target", name, path):
            await store.put_target(Target(name=name, url=f"http://target.example/{path}"))
        case ("delete_target", name):
            await store.delete_target(name)
        case ("expire", proxy):
            if await admin.hexists(f"{TABLE}:known", proxy):
                await admin.zadd(f"{TABLE}:expiring", {proxy: 1})
            await store.dispatch()
        case ("damage", proxy, text):
            if await admin.hexists(TABLE, proxy):
                await admin.hset(TABLE, proxy, text)
                # Whoever writes the record next finds it damaged.
                await store.report(proxy, True)


def facets_of(record: dict[str, Any]) -> set[str]:
    spoken = set(record["protocols"])
    web = bool(spoken & {"http", "connect"})
    facets = {"all", *spoken}
    facets |= {"web"} if web else set()
    facets |= {"private"} if record["private"] else set()
    if record["https"]:
        facets |= {"https"} | ({"https:connect"} if "connect" in spoken else set())
    facets |= {f"anonymity:{record['anonymous']}"} if record["anonymous"] else set()
    facets |= {f"country:{record['region']}"} if record["region"] else set()
    facets |= {f"asn:{record['asn']}"} if record["asn"] else set()
    sources = record["source"].split("/")
    facets |= {f"source:{name}" for name in sources}
    facets |= set() if web else {f"not_web:source:{name}" for name in sources}
    return facets | {f"target:{name}" for name, seen in record["targets"].items() if seen["works"]}


async def assert_consistent(store: Store, admin: Admin) -> None:
    records = {name: json.loads(text) for name, text in (await admin.hgetall(TABLE)).items()}
    known = {
        name: json.loads(text) for name, text in (await admin.hgetall(f"{TABLE}:known")).items()
    }
    expected: dict[str, set[str]] = {}
    for name, record in records.items():
        assert record["proxy"] == name
        assert 20 <= record["score"] <= 100
        for facet in facets_of(record):
            expected.setdefault(facet, set()).add(name)
    found = {}
    async for key in admin.scan_iter(f"{TABLE}:in:*"):
        facet = key.removeprefix(f"{TABLE}:in:")
        found[facet] = await admin.smembers(key)
    assert found == {facet: names for facet, names in expected.items() if facet != "all"}
    sizes = {**await admin.hgetall(f"{TABLE}:sizes"), **await admin.hgetall(f"{TABLE}:sizes:asn")}
    assert {facet: int(size) for facet, size in sizes.items()} == {
        facet: len(members) for facet, members in expected.items()
    }
    for order, field in (("score", "score"), ("latency", "latency_ms")):
        assert dict(await admin.zrange(f"{TABLE}:by:{order}", 0, -1, withscores=True)) == {
            name: record[field] for name, record in records.items()
        }
    assert set(records) <= set(known)
    assert {name for name, entry in known.items() if entry["lane"] == "alive"} >= set(records)
    lanes = {
        lane: set(await admin.zrange(f"{TABLE}:due:{lane}", 0, -1))
        for lane in ("new", "alive", "failed")
    }
    for lane, names in lanes.items():
        assert names == {name for name, entry in known.items() if entry["lane"] == lane}
    listed = Counter(name for entry in known.values() for name in entry["sources"].split("/"))
    assert {
        name: int(size) for name, size in (await admin.hgetall(f"{TABLE}:listed")).items()
    } == listed
    assert set(await admin.hkeys(f"{TABLE}:inflight")) <= set(known)
    assert set(await admin.zrange(f"{TABLE}:expiring", 0, -1)) <= set(known)
    assert (await store.count()).total == len(expected.get("web", ()))
    total = Counter(
        name
        for record in records.values()
        if {"http", "connect"} & set(record["protocols"])
        for name in record["source"].split("/")
    )
    assert (await store.count()).by_source == total


@settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(steps, max_size=14))
async def test_every_facet_equals_what_the_records_say(
    history: list[tuple[Any, ...]],
    open_store: OpenStore,
    make_settings: MakeSettings,
    admin: Admin,
) -> None:
    await admin.flushall()
    store = open_store(make_settings(POOL_SIZE_MAX="5", MAX_KNOWN="7", DELETED_FOR="0"))
    await store.ensure_group()
    start = ("add", "siteA", [(name, None) for name in PROXIES], False)
    good = Verdict(Outcome.GOOD, protocols=tuple(Protocol), tried=tuple(Protocol))
    for step in (start, ("settle", [good] * 8), *history):
        await play(store, admin, step)
    await assert_consistent(store, admin)
    await store.close()
