"""Targets in the store: which are due for whom, and which proxies work for them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import Store
from proxypool.targets import Target
from proxypool.verdict import TargetVerdict

from tests.conftest import Admin, MakeSettings, listed
from tests.filled import PROXY, TABLE, check_again, fill, good, make_due, settle_all

OpenStore = Callable[[Settings], Store]
SHOP = Target(name="shop", url="http://shop.example/", interval_s=600)
SEARCH = Target(name="search", url="http://search.example/", interval_s=600, origin="file")
WORKS = TargetVerdict(works=True, latency_ms=80)
BANNED = TargetVerdict(works=False, reason="bad_status")


@pytest.fixture
async def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings())
    await opened.ensure_group()
    return opened


def found(**targets: TargetVerdict) -> Any:
    return good(Protocol.HTTP, targets=targets)


async def due(store: Store, admin: Admin) -> tuple[str, ...]:
    """The targets that the next check of the one proxy is to try; it finds nothing out."""
    await make_due(admin)
    await store.dispatch()
    (work,) = await store.take("tester", 1, 0.1)
    await store.settle([(work, found())])
    return work.targets


async def test_a_target_is_kept_as_it_was_put(store: Store) -> None:
    await store.put_target(SHOP)
    await store.put_target(SEARCH)
    assert await store.targets() == {"shop": SHOP, "search": SEARCH}
    assert await store.delete_target("shop")
    assert not await store.delete_target("shop")
    assert await store.targets() == {"search": SEARCH}


async def test_targets_are_due_by_their_own_interval(store: Store, admin: Admin) -> None:
    await store.put_target(SHOP)
    await store.put_target(SEARCH)
    await store.add("siteA", listed(PROXY))
    assert set(await due(store, admin)) == {"shop", "search"}
    await check_again(store, admin, found(shop=WORKS))
    assert await due(store, admin) == ("search",)
    entry = json.loads(await admin.hget(f"{TABLE}:known", PROXY))
    entry["targets"]["shop"] -= 600_000
    await admin.hset(f"{TABLE}:known", PROXY, json.dumps(entry))
    assert set(await due(store, admin)) == {"shop", "search"}


async def test_the_pool_knows_who_works_for_a_target(store: Store, admin: Admin) -> None:
    await store.put_target(SHOP)
    await store.put_target(SEARCH)
    await fill(store, ["192.0.2.1:80"], found(shop=WORKS, search=BANNED))
    await fill(store, ["192.0.2.2:80"], found(shop=BANNED, search=WORKS))
    record = json.loads(await store.get(Query(target="shop")) or "")
    assert record["proxy"] == "192.0.2.1:80"
    assert record["targets"] == {
        "shop": {
            "works": True,
            "latency_ms": 80,
            "checked": record["last_time"],
            "reason": "",
        },
        "search": {
            "works": False,
            "latency_ms": 0,
            "checked": record["last_time"],
            "reason": "bad_status",
        },
    }
    await check_again(store, admin, found(shop=BANNED))
    assert await store.get(Query(target="shop")) is None
    assert (await store.facets())["target:search"] == 1


async def test_a_clients_word_on_a_target_counts(store: Store) -> None:
    await store.put_target(SHOP)
    await fill(store, [PROXY], found(shop=WORKS))
    await store.report(PROXY, False, reason="bad_status", target="shop")
    assert await store.get(Query(target="shop")) is None
    await store.report(PROXY, True, latency_ms=5, target="shop")
    assert await store.get(Query(target="shop"))
    await store.report(PROXY, True, target="nowhere")
    assert "nowhere" not in (await store.record(PROXY) or "")


async def test_what_fails_at_one_target_stays_in_the_pool_and_is_checked_soon(
    store: Store, admin: Admin
) -> None:
    await store.put_target(SHOP)
    await fill(store, [PROXY], found(shop=WORKS))
    before = json.loads(await store.record(PROXY) or "")
    due_before = await admin.zscore(f"{TABLE}:due:alive", PROXY)
    for _ in range(20):
        await store.report(PROXY, False, reason="banned", target="shop")
    after = json.loads(await store.record(PROXY) or "")
    assert (after["success_rate"], after["score"]) == (before["success_rate"], before["score"])
    assert after["targets"]["shop"]["reason"] == "banned"
    assert await admin.zscore(f"{TABLE}:due:alive", PROXY) < due_before


async def test_a_deleted_target_leaves_nothing_behind(store: Store, admin: Admin) -> None:
    await store.put_target(SHOP)
    names = [f"192.0.2.{i % 250}:{1000 + i}" for i in range(450)]
    await fill(store, names, found(shop=WORKS))
    await fill(store, [PROXY], found(shop=BANNED))
    assert (await store.facets())["target:shop"] == 450
    await store.delete_target("shop")
    assert "target:shop" not in await store.facets()
    assert not await admin.exists(f"{TABLE}:in:target:shop")
    await check_again(store, admin, found(shop=WORKS))
    assert "shop" not in (await store.record(PROXY) or "")


async def test_a_changed_target_is_asked_anew_and_a_slower_pace_is_no_change(
    store: Store, admin: Admin
) -> None:
    await store.put_target(SHOP)
    await fill(store, [PROXY], found(shop=WORKS))
    await store.put_target(SHOP.model_copy(update={"interval_s": 1200.0}))
    assert await due(store, admin) == ()
    assert await store.get(Query(target="shop"))
    await store.put_target(SHOP.model_copy(update={"expect_text": "welcome"}))
    assert await store.get(Query(target="shop")) is None
    assert await due(store, admin) == ("shop",)


async def test_one_that_comes_back_is_tried_with_all_targets(store: Store, admin: Admin) -> None:
    await store.put_target(SHOP)
    await fill(store, [PROXY], found(shop=WORKS))
    while await store.record(PROXY):
        assert await store.report(PROXY, False)
    assert await due(store, admin) == ("shop",)


async def test_the_file_is_followed_and_the_apis_stay(store: Store) -> None:
    await store.put_target(SHOP)
    mine = Target(name="shop", url="http://other.example/", origin="file")
    await store.sync_targets([SEARCH, mine])
    assert await store.targets() == {"shop": SHOP, "search": SEARCH}
    changed = SEARCH.model_copy(update={"timeout_s": 5.0})
    await store.sync_targets([changed])
    assert await store.targets() == {"shop": SHOP, "search": changed}
    await store.sync_targets([])
    assert await store.targets() == {"shop": SHOP}


async def test_a_target_that_cannot_be_read_stops_nothing(store: Store, admin: Admin) -> None:
    await store.put_target(SHOP)
    await admin.hset(f"{TABLE}:targets", "torn", "{")
    await admin.hset(f"{TABLE}:targets", "odd", '{"name":"odd"}')
    assert set(await store.targets()) == {"shop"}
    await store.add("siteA", listed(PROXY))
    assert await due(store, admin) == ("shop",)
    await settle_all(store, found(shop=WORKS))
    assert await store.delete_target("torn")
