import asyncio
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from shortlink.codes import draw

from tests.conftest import ALICE, PUBLIC_URL, Admin, Running

URL = "https://example.org/courses/7?from=poster#top"


async def test_a_code_redirects_and_nobody_keeps_that(running: Running) -> None:
    code = await running.code(URL)
    for method in ("GET", "HEAD"):
        answer = await running.client.request(method, f"/{code}")
        assert (answer.status_code, answer.content) == (302, b"")
        assert answer.headers["location"] == URL
        assert answer.headers["cache-control"] == "no-store"


async def test_a_query_behind_the_code_is_not_passed_on(running: Running) -> None:
    code = await running.code(URL)
    answer = await running.client.get(f"/{code}?utm=x")
    assert answer.headers["location"] == URL


async def test_letters_count_as_they_are(running: Running) -> None:
    await running.code(URL, name="poster")
    assert (await running.client.get("/POSTER")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/unknown", "/ab", f"/{'x' * 33}", "/favicon.ico", "/robots.txt", "/a.b", "/%00abc"),
        *("/a%2Fb", "/%E8%AF%BE", "/abc/def", "/api", "/unknown.svg", "/.svg", "/abc/"),
    ],
)
async def test_what_is_no_link_is_not_found(running: Running, path: str) -> None:
    answer = await running.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["what_to_do"]


async def test_a_link_is_not_changed_by_another_method(running: Running) -> None:
    code = await running.code(URL)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await running.client.request(method, f"/{code}")
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_an_expired_link_is_gone_and_counts_no_more(running: Running) -> None:
    code = await running.code(URL, expires_in=1)
    assert (await running.client.get(f"/{code}")).status_code == 302
    await asyncio.sleep(1.1)
    for path in (f"/{code}", f"/{code}.svg"):
        answer = await running.client.get(path)
        assert (answer.status_code, answer.json()["found"]) == (410, "one whose time is over")
    await running.flush()
    used = await running.client.get(f"/api/links/{code}/statistics", auth=ALICE)
    assert used.json()["clicks"] == 1


async def test_a_code_is_read_from_redis_the_second_time(running: Running, admin: Admin) -> None:
    code = await running.code(URL)
    await admin.flushall()
    await running.client.get(f"/{code}")
    assert (await admin.get(f"shortlink:link:{code}")).endswith(URL)
    assert 0 < await admin.ttl(f"shortlink:link:{code}") <= 3600
    await admin.set(f"shortlink:link:{code}", "1 0 https://example.org/from-redis", ex=60)
    answer = await running.client.get(f"/{code}")
    assert answer.headers["location"] == "https://example.org/from-redis"


@pytest.mark.parametrize("damage", ["", "x", "1 2", "a b c", "- ", "1 x https://example.org/"])
async def test_a_damaged_copy_is_not_used(running: Running, admin: Admin, damage: str) -> None:
    code = await running.code(URL)
    await admin.set(f"shortlink:link:{code}", damage)
    assert (await running.client.get(f"/{code}")).headers["location"] == URL


async def test_a_code_that_is_none_is_remembered_for_a_short_time(
    running: Running, admin: Admin
) -> None:
    await running.client.get("/unknown")
    assert await admin.get("shortlink:link:unknown") == "-"
    assert 0 < await admin.ttl("shortlink:link:unknown") <= 30


async def test_a_reader_never_puts_an_old_copy_over_a_new_one(running: Running) -> None:
    await running.code(URL, name="poster")
    old = await running.service.lookup.read("poster")
    change = {"url": "https://example.org/new"}
    await running.client.patch("/api/links/poster", json=change, auth=ALICE)
    await running.service.cache.keep("poster", old)
    answer = await running.client.get("/poster")
    assert answer.headers["location"] == "https://example.org/new"


async def test_who_guesses_codes_is_refused_and_asks_mariadb_no_more(
    start: Callable[..., Any],
) -> None:
    running = await start(UNKNOWN_LIMIT="5")
    code = await running.code(URL)
    for _ in range(5):
        assert (await running.client.get(f"/{draw(7)}")).status_code == 404
    asked: list[str] = []
    running.service.links.target = asked.append  # nobody is to ask it
    refused = await running.client.get(f"/{draw(7)}")
    assert (refused.status_code, asked) == (429, [])
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    # What is known is answered still: others may stand behind the same address.
    assert (await running.client.get(f"/{code}")).status_code == 302


async def test_who_asks_for_the_same_wrong_code_is_refused_too(start: Callable[..., Any]) -> None:
    running = await start(UNKNOWN_LIMIT="3")
    said = [(await running.client.get("/unknown")).status_code for _ in range(5)]
    assert said == [404, 404, 404, 429, 429]
    elsewhere = {"X-Forwarded-For": "203.0.113.99"}
    assert (await running.client.get("/unknown", headers=elsewhere)).status_code == 404


async def test_a_qr_code_is_a_picture_of_the_short_url(running: Running) -> None:
    code = await running.code(URL)
    answer = await running.client.get(f"/{code}.svg")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "max-age=86400" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    picture = ElementTree.fromstring(answer.content)  # noqa: S314  our own
    space = "{http://www.w3.org/2000/svg}"
    assert picture.tag == f"{space}svg"
    assert picture.findtext(f"{space}title") == f"{PUBLIC_URL}/{code}"
    # 29 characters and error correction M: version 3, 29 modules and a quiet zone of 4 around them.
    assert picture.get("viewBox") == "0 0 37 37"
    await running.flush()
    used = await running.client.get(f"/api/links/{code}/statistics", auth=ALICE)
    assert used.json()["clicks"] == 0
