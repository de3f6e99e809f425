import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from shortlink import clicks as clicks_module
from shortlink.clicks import OTHERS, Batch, Clicks, host_of
from shortlink.database import Connection, Database

from tests.conftest import ALICE, Admin, Running

URL = "https://example.org/"
STREAM = "shortlink:clicks"


async def statistics(running: Running, code: str, query: str = "") -> dict[str, Any]:
    answer = await running.client.get(f"/api/links/{code}/statistics{query}", auth=ALICE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def click(running: Running, code: str, referrer: str = "", **headers: str) -> None:
    given = {"Referer": referrer, **headers} if referrer else headers
    assert (await running.client.get(f"/{code}", headers=given)).status_code == 302


async def test_clicks_are_counted_by_day_and_referrer(running: Running) -> None:
    code, other = await running.code(URL), await running.code(f"{URL}other")
    began = datetime.now(UTC).replace(microsecond=0)
    for referrer in ("", "", "https://News.example/a?q=private", "http://news.example:8080/b"):
        await click(running, code, referrer)
    await click(running, other)
    await running.flush()
    found = await statistics(running, code)
    assert found["clicks"] == 4
    assert [day["clicks"] for day in found["days"]] == [4]
    assert found["days"][0]["day"] in (str(began.date()), str(datetime.now(UTC).date()))
    assert found["referrers"] == [
        {"host": "", "clicks": 2},
        {"host": "news.example", "clicks": 2},
    ]
    assert began <= datetime.fromisoformat(found["last_click_at"]) <= datetime.now(UTC)
    assert found["at_most_behind_s"] == 301
    shown = (await running.client.get(f"/api/links/{code}", auth=ALICE)).json()
    assert (shown["clicks"], shown["last_click_at"]) == (4, found["last_click_at"])
    assert (await statistics(running, other))["clicks"] == 1


async def test_looking_and_loading_ahead_are_no_clicks(running: Running) -> None:
    code = await running.code(URL)
    await running.client.head(f"/{code}")
    await click(running, code, **{"Sec-Purpose": "prefetch;prerender"})
    await click(running, code, **{"Purpose": "prefetch"})
    await running.flush()
    assert (await statistics(running, code))["clicks"] == 0


async def test_several_processes_count_together(start: Callable[..., Any]) -> None:
    one, other = await start(), await start()
    code = await one.code(URL)
    for running in (one, other, other):
        await click(running, code)
    await one.service.click_queue.hand_on()
    await other.service.click_queue.hand_on()
    wrote = await asyncio.gather(one.service.click_queue.write(), other.service.click_queue.write())
    assert wrote == [False, False]
    assert (await statistics(one, code))["clicks"] == 3


async def test_a_batch_that_comes_again_counts_once(running: Running, admin: Admin) -> None:
    code = await running.code(URL)
    await click(running, code)
    await running.service.click_queue.hand_on()
    ((_, fields),) = await admin.xrange(STREAM)
    await admin.xadd(STREAM, fields)
    await running.service.click_queue.write()
    await admin.xadd(STREAM, fields)
    await running.service.click_queue.write()
    assert await admin.xlen(STREAM) == 0
    assert (await statistics(running, code))["clicks"] == 1


@pytest.mark.parametrize(
    "fields",
    [{"x": "y"}, {"id": "a", "batch": "{"}, {"id": "b", "batch": '{"counts": [[1]], "last": []}'}],
)
async def test_an_entry_that_nobody_can_read_keeps_no_other_from_being_written(
    running: Running, admin: Admin, fields: dict[str, str]
) -> None:
    await admin.xadd(STREAM, fields)
    code = await running.code(URL)
    await click(running, code)
    await running.flush()
    assert (await statistics(running, code))["clicks"] == 1
    assert await admin.xlen(STREAM) == 0


async def test_a_link_has_a_hundred_referrers_and_no_more(running: Running) -> None:
    code = await running.code(URL)
    for half in (range(70), range(60, 130)):
        for number in half:
            await click(running, code, f"https://r{number}.example/")
        await click(running, code)
        await running.flush()
    found = await statistics(running, code)
    assert found["clicks"] == 142
    hosts = {one["host"]: one["clicks"] for one in found["referrers"]}
    assert sum(hosts.values()) == 142
    assert len(hosts) == 102
    assert (hosts[""], hosts[OTHERS], hosts["r65.example"]) == (2, 30, 2)


async def test_deleted_links_have_no_statistics(running: Running) -> None:
    code = await running.code(URL, name="poster")
    await click(running, code)
    await running.flush()
    await running.client.delete("/api/links/poster", auth=ALICE)
    await running.code(URL, name="poster")
    found = await statistics(running, "poster")
    assert (found["clicks"], found["days"], found["referrers"]) == (0, [], [])


async def kept_of(tables: Database, table: str) -> int:
    async with tables.connection() as connection:
        row = await connection.row(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
    assert row is not None
    return int(row[0])


async def test_clicks_on_their_way_go_with_a_deleted_link(
    running: Running, tables: Database, admin: Admin
) -> None:
    await running.code(URL, name="poster")
    stays = await running.code(URL)
    await click(running, "poster", "https://news.example/")
    await running.service.click_queue.hand_on()  # one is in Redis
    await click(running, "poster", "https://news.example/")  # and one in memory
    await click(running, stays)
    await running.client.delete("/api/links/poster", auth=ALICE)
    await running.flush()
    assert await admin.xlen(STREAM) == 0
    assert (await statistics(running, stays))["clicks"] == 1
    assert await kept_of(tables, "link_days") == await kept_of(tables, "link_referrers") == 1


async def test_a_name_made_again_has_no_clicks_of_before(running: Running) -> None:
    await running.code(URL, name="poster")
    await click(running, "poster")
    await running.service.click_queue.hand_on()
    await click(running, "poster")
    await running.client.delete("/api/links/poster", auth=ALICE)
    await running.code(URL, name="poster")
    await running.flush()
    found = await statistics(running, "poster")
    assert (found["clicks"], found["days"], found["referrers"]) == (0, [], [])
    await click(running, "poster")
    await running.flush()
    assert (await statistics(running, "poster"))["clicks"] == 1


async def test_a_link_that_is_deleted_while_its_clicks_are_written_keeps_none(
    start: Callable[..., Any], tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await start(), await start()
    await one.code(URL, name="poster")
    await click(one, "poster", "https://news.example/")
    change_many = Connection.change_many
    deleting: list[asyncio.Task[Any]] = []

    async def write_and_delete(connection: Connection, *arguments: Any) -> None:
        if not deleting:
            deleting.append(
                asyncio.create_task(other.client.delete("/api/links/poster", auth=ALICE))
            )
            done, _ = await asyncio.wait(deleting, timeout=0.3)
            assert not done  # it waits for what is being written
        await change_many(connection, *arguments)

    monkeypatch.setattr(Connection, "change_many", write_and_delete)
    await one.flush()
    assert (await deleting[0]).status_code == 204
    assert await kept_of(tables, "link_days") == await kept_of(tables, "link_referrers") == 0


@pytest.mark.parametrize("query", ["?days=0", "?days=x", "?days=100000"])
async def test_a_bad_number_of_days_is_refused(running: Running, query: str) -> None:
    code = await running.code(URL)
    answer = await running.client.get(f"/api/links/{code}/statistics{query}", auth=ALICE)
    assert (answer.status_code, answer.json()["name"]) == (400, "days")


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        *(("", ""), ("https://A.example./x", "a.example"), ("http://[::1]:80/", "::1")),
        *(("about:blank", ""), ("nonsense", ""), ("http://a b/", ""), ("http://[x/", "")),
        *(("android-app://com.example/", "com.example"), ("http://课.example/", "")),
        *((f"http://{'a' * 300}.example/", ""), ("http://u:p@b.example/", "b.example")),
    ],
)
def test_of_a_referrer_the_host_alone_is_kept(referrer: str, host: str) -> None:
    assert host_of(referrer) == host


def test_a_batch_is_read_as_it_was_written() -> None:
    batch = Batch()
    batch.counts[7, 20_000, "a.example"] = 3
    batch.last[7] = 1_728_000_123
    assert Batch.from_json(batch.id, batch.to_json()) == batch


def test_a_process_s_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks_module, "MOST_KEYS", 10)
    noted = Clicks()
    for number in range(50):
        noted.note(1, f"https://r{number}.example/")
    batch = noted.take()
    assert batch is not None
    assert len(batch.counts) == 11
    assert batch.clicks == 50
    assert noted.take() is None
    for link in range(50):
        noted.note(link, "")
    batch = noted.take()
    assert batch is not None
    assert batch.clicks == len(batch.counts) == 20
