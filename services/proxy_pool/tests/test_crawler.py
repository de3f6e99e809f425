"""The crawler with a real store, and sites on loopback."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from proxypool.crawler import FILES, Crawler
from proxypool.source_health import FAILURES_UNTIL_DEAD
from proxypool.sources import SourceFiles
from proxypool.store import Store

from tests.conftest import MakeSettings, Until
from tests.site import page, site

OpenStore = Callable[..., Store]


@pytest.fixture
def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    return open_store(make_settings(ALLOWED_UPSTREAM_NETWORKS="192.0.2.0/24"))


@asynccontextmanager
async def crawling(store: Store, settings: Any, folder: Path) -> AsyncIterator[None]:
    files = SourceFiles(folder)
    crawler = Crawler(settings, files.load(), store, files=files, look_s=0.1)
    running = asyncio.create_task(crawler.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled() and running.exception():
            raise running.exception()  # type: ignore[misc]


def write(folder: Path, *entries: dict[str, Any]) -> None:
    """The sources, put in place at once: JSON is YAML."""
    text = json.dumps([{"interval_s": 3600, "parser": {"type": "text"}, **one} for one in entries])
    (folder / "new").write_text(text)
    (folder / "new").rename(folder / "sources.yaml")


async def sources_of(store: Store) -> dict[str, Any]:
    statistics: dict[str, Any] = (await store.statistics())["sources"]
    return statistics


def reporting(store: Store, name: str, **wanted: object) -> Callable[[], Any]:
    async def report() -> Any:
        numbers = (await sources_of(store)).get(name, {})
        print(name, numbers)
        return numbers if numbers.get("finished") and wanted.items() <= numbers.items() else None

    return report


async def test_a_crawl_is_reported_by_its_source(
    store: Store, make_settings: MakeSettings, tmp_path: Path, until: Until
) -> None:
    body = b"192.0.2.1:80 192.0.2.2:80 192.0.2.2:80 127.0.0.1:80 10.0.0.1:80 999.1.1.1:99999"
    async with site(page(body)) as address:
        write(tmp_path, {"name": "a", "urls": [address], "protocol": "socks5"})
        settings = make_settings(ALLOWED_UPSTREAM_NETWORKS="192.0.2.0/24")
        async with crawling(store, settings, tmp_path):
            numbers = await until(reporting(store, "a", new=2))
    expected = {
        "kind": "urls",
        "fetched": 4,
        "not_allowed": 2,
        "by_protocol": {"socks5": 4},
        "pages": 1,
        "state": "ok",
        "failures": 0,
        "error": "",
        "last_error": "",
        "known": 2,
        "alive": 0,
    }
    assert expected.items() <= numbers.items()


async def test_changed_sources_take_effect_and_removed_ones_stop(
    store: Store, make_settings: MakeSettings, tmp_path: Path, until: Until
) -> None:
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address:
        keeps = {"name": "keeps", "urls": [f"{address}/keeps"]}
        goes = {"name": "goes", "urls": [f"{address}/goes"], "interval_s": 5}
        changes = {"name": "changes", "urls": [f"{address}/old"]}
        write(tmp_path, keeps, goes, changes)
        async with crawling(store, make_settings(), tmp_path):
            for name in ("keeps", "goes", "changes"):
                await until(reporting(store, name))
            comes = {"name": "comes", "urls": [f"{address}/comes"]}
            write(tmp_path, keeps, {**changes, "urls": [f"{address}/new"]}, comes)
            await until(reporting(store, "comes"))
            await until(reporting(store, "changes"))

            async def asked_anew() -> bool:
                return any("/new " in head for head in heads)

            await until(asked_anew)

            async def gone() -> bool:
                return not (await sources_of(store)).get("goes", {}).get("finished")

            await until(gone)
            asked = len([head for head in heads if "/goes " in head])
            await asyncio.sleep(6)  # its interval is 5 s
            assert len([head for head in heads if "/goes " in head]) == asked
    assert len([head for head in heads if "/keeps " in head]) == 1, "it was not changed"


async def test_a_broken_change_is_refused_and_the_old_sources_run_on(
    store: Store,
    make_settings: MakeSettings,
    tmp_path: Path,
    until: Until,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address:
        good = {"name": "a", "urls": [address], "interval_s": 5}
        write(tmp_path, good)
        async with crawling(store, make_settings(), tmp_path):
            await until(reporting(store, "a"))
            write(tmp_path, good, {"name": "b", "urls": ["http://me:secret@b/"]})
            refused = await until(reporting(store, FILES, state="refused"))
            assert "sources.yaml[1] (b).urls" in refused["error"]
            assert "secret" not in str(refused) + caplog.text
            assert "the sources stay as they were" in caplog.text
            asked = len(heads)

            async def asked_again() -> bool:
                return len(heads) > asked

            await until(asked_again)
            write(tmp_path, good, {"name": "b", "urls": [f"{address}/b"]})
            await until(reporting(store, "b"))

            async def settled() -> bool:
                return FILES not in await sources_of(store)

            await until(settled)


async def test_a_changed_list_of_ones_own_is_taken_up_at_once(
    store: Store, make_settings: MakeSettings, tmp_path: Path, until: Until, admin: Any
) -> None:
    (tmp_path / "mine.txt").write_text("192.0.2.1:80:me:pass\n")
    (tmp_path / "own.yaml").write_text("{name: mine, file: mine.txt, interval_s: 3600}")
    settings = make_settings(ALLOWED_UPSTREAM_NETWORKS="192.0.2.0/24")
    async with crawling(store, settings, tmp_path):
        await until(reporting(store, "mine", new=1))
        (tmp_path / "mine.txt").write_text("192.0.2.1:80:me:pass\n192.0.2.2:80:me:pass\n")
        await until(reporting(store, "mine", new=1, fetched=2))
    known = await admin.hgetall("proxy_pool:use_proxy:known")
    assert sorted(known) == ["me:pass@192.0.2.1:80", "me:pass@192.0.2.2:80"]
    assert all(json.loads(entry)["private"] for entry in known.values())


async def test_a_source_that_goes_dead_shows_itself_and_one_line_says_so(
    store: Store,
    make_settings: MakeSettings,
    tmp_path: Path,
    until: Until,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("proxypool.crawler._FIRST_BACK_OFF_S", 0.001)
    monkeypatch.setattr("proxypool.crawler._LONGEST_SLEEP_S", 0.02)
    bodies = [b"nothing"]

    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        await page(bodies[0])(path, writer)

    async with site(serve) as address:
        write(tmp_path, {"name": "a", "urls": [address], "interval_s": 5})
        async with crawling(store, make_settings(), tmp_path):
            await until(reporting(store, "a", state="failing"))
            dead = await until(reporting(store, "a", state="dead"))
            assert dead["failures"] == FAILURES_UNTIL_DEAD
            assert dead["last_error"] == dead["error"] == "no proxy found on any page"
            bodies[0] = b"192.0.2.1:80"
            alive = await until(reporting(store, "a", state="ok"))
    assert (alive["error"], alive["last_error"]) == ("", "no proxy found on any page")
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if "source a is failing" in line]) == 1
    assert len([line for line in lines if "source a is dead: 8 crawls in a row" in line]) == 1
    assert len([line for line in lines if "source a is ok again" in line]) == 1


async def test_after_a_restart_unchanged_sources_wait_and_others_do_not(
    store: Store, make_settings: MakeSettings, tmp_path: Path, until: Until
) -> None:
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address:
        entries = [{"name": name, "urls": [f"{address}/{name}"]} for name in ("a", "b", "c")]
        write(tmp_path, *entries)
        async with crawling(store, make_settings(), tmp_path):
            for name in ("a", "b", "c"):
                await until(reporting(store, name))
        write(tmp_path, entries[0], {**entries[1], "urls": [f"{address}/changed"]})
        heads.clear()
        async with crawling(store, make_settings(), tmp_path):

            async def crawled() -> bool:
                return bool(heads)

            await until(crawled)
            await until(reporting(store, "b"))
            assert not (await sources_of(store)).get("c", {}).get("finished")
    assert [head.split(" ")[1] for head in heads] == ["/changed"]
