"""The scheduler's own pace: samples, targets of the file, candidates without delay."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from proxypool.problems import ConfigurationError
from proxypool.scheduler import Scheduler
from proxypool.settings import Settings
from proxypool.store import Store

from tests.conftest import Admin, MakeSettings, Until, listed, pool_url
from tests.filled import PROXY, TABLE
from tests.relay import Relay

OpenStore = Callable[[Settings], Store]


@asynccontextmanager
async def running(settings: Settings, open_store: OpenStore) -> AsyncIterator[None]:
    task = asyncio.create_task(Scheduler(settings, [], open_store(settings)).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,), timeout=10)


async def test_the_history_grows(
    make_settings: MakeSettings, open_store: OpenStore, until: Until
) -> None:
    settings = make_settings(HISTORY_INTERVAL="1")
    store = open_store(settings)
    async with running(settings, open_store):

        async def two() -> object:
            return len(await store.history()) >= 2

        await until(two)


async def test_the_file_of_targets_is_followed(
    make_settings: MakeSettings,
    open_store: OpenStore,
    until: Until,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text("- {name: shop, url: 'http://shop.example/'}")
    settings = make_settings(TARGETS_FILE=str(file))
    store = open_store(settings)

    async def names() -> set[str]:
        return set(await store.targets())

    async with running(settings, open_store):

        async def shop_alone() -> object:
            return await names() == {"shop"}

        await until(shop_alone)
        file.write_text("- {name: Shop, url: 'http://shop.example/'}")

        async def told() -> object:
            return "the targets stay as they were" in caplog.text

        await until(told)
        assert await names() == {"shop"}
        file.write_text("- {name: search, url: 'http://search.example/'}")

        async def search_alone() -> object:
            return await names() == {"search"}

        await until(search_alone)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1


async def test_it_outlives_redis(
    make_settings: MakeSettings, open_store: OpenStore, relay: Relay, until: Until
) -> None:
    settings = make_settings(
        DB_CONN=pool_url(f"127.0.0.1:{relay.port}"), HISTORY_INTERVAL="1", TARGETS_FILE=""
    )
    direct = open_store(make_settings())
    await direct.ensure_group()
    async with running(settings, open_store):
        await until(direct.history)
        await relay.cut()
        await direct.add("siteA", listed(PROXY))
        await asyncio.sleep(1)
        await relay.mend()

        async def handed_out() -> object:
            return await direct.take("tester", 1, 0.1)

        await until(handed_out)


async def test_a_later_versions_pool_is_refused(
    make_settings: MakeSettings, open_store: OpenStore, admin: Admin
) -> None:
    await admin.hset(f"{TABLE}:meta", "layout", "3")
    settings = make_settings()
    with pytest.raises(ConfigurationError, match="layout 3"):
        await Scheduler(settings, [], open_store(settings)).run()
