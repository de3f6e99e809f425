import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shortlink.codes import ALPHABET
from shortlink.database import Connection, Database

from tests.conftest import ALICE, BOB, PUBLIC_URL, Running

URL = "https://example.org/courses/7?from=poster"


async def test_a_long_url_gets_a_short_one(running: Running) -> None:
    answer = await running.make(URL)
    assert answer.status_code == 201
    link = answer.json()
    assert len(link["code"]) == 7
    assert set(link["code"]) <= set(ALPHABET)
    assert link["short_url"] == f"{PUBLIC_URL}/{link['code']}"
    assert link["qr_url"] == f"{PUBLIC_URL}/{link['code']}.svg"
    assert (link["url"], link["expires_at"], link["expired"]) == (URL, None, False)
    assert (link["clicks"], link["last_click_at"], link["chosen"]) == (0, None, False)


async def test_the_same_url_of_the_same_owner_has_one_code(running: Running) -> None:
    first = await running.make(URL)
    again = await running.make("HTTPS://EXAMPLE.org:443/courses/7?from=poster")
    others = await running.make(URL, BOB)
    assert (first.status_code, again.status_code, others.status_code) == (201, 200, 201)
    assert again.json() == first.json()
    assert others.json()["code"] != first.json()["code"]


async def test_many_who_ask_at_once_get_one_code(start: Callable[..., Any]) -> None:
    several = [await start() for _ in range(3)]
    answers = await asyncio.gather(*(several[i % 3].make(URL) for i in range(30)))
    assert sorted(answer.status_code for answer in answers) == [200] * 29 + [201]
    assert len({answer.json()["code"] for answer in answers}) == 1


async def test_a_name_may_be_chosen_beside_the_drawn_code(running: Running) -> None:
    drawn = await running.code(URL)
    named = await running.make(URL, name="poster-7")
    assert named.status_code == 201
    assert (named.json()["code"], named.json()["chosen"]) == ("poster-7", True)
    assert (await running.make(URL, name="poster-7")).status_code == 200
    assert await running.code(URL) == drawn


async def test_a_name_is_one_link_s(running: Running) -> None:
    await running.code(URL, name="poster-7")
    for owner, url in ((BOB, URL), (ALICE, "https://example.org/other")):
        taken = await running.make(url, owner, name="poster-7")
        assert taken.status_code == 409
        assert taken.json()["name"] == "name"
        assert "another name" in taken.json()["what_to_do"]


async def test_two_who_want_a_name_at_once_do_not_both_get_it(running: Running) -> None:
    answers = await asyncio.gather(
        *(running.make(URL, owner, name="wanted") for owner in (ALICE, BOB) for _ in range(5))
    )
    winners = {a.json()["short_url"] for a in answers if a.status_code < 300}
    assert len(winners) == 1
    assert [a.status_code for a in answers].count(201) == 1
    assert [a.status_code for a in answers].count(409) == 5


@pytest.mark.parametrize(
    ("body", "named"),
    [
        *(({}, "url"), ({"url": 7}, "url"), ({"url": "http://10.0.0.1/"}, "url")),
        *(({"url": URL, "name": "api"}, "name"), ({"url": URL, "name": "No Name"}, "name")),
        *(
            ({"url": URL, "expires_in": 0}, "expires_in"),
            ({"url": URL, "expires_in": "x"}, "expires_in"),
        ),
        *(({"url": URL, "expires_in": 10**12}, "expires_in"),),
        *(({"url": URL, "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),),
        *(({"url": URL, "expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),),
        *(({"url": URL, "expires_at": "soon"}, "expires_at"), ({"url": URL, "code": "x"}, "code")),
        *(([], "body"), ("text", "body")),
        ({"url": URL, "expires_in": 9, "expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
    ],
)
async def test_bad_input_is_refused_by_its_name(running: Running, body: Any, named: str) -> None:
    answer = await running.client.post("/api/links/", json=body, auth=ALICE)
    assert answer.status_code == 400, answer.text
    said = answer.json()
    assert said["name"] == named
    assert all(said[key] for key in ("expected", "found", "what_to_do"))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 10_000])
async def test_what_is_no_json_is_refused(running: Running, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await running.client.post("/api/links/", content=content, headers=headers, auth=ALICE)
    assert answer.status_code == 400
    assert answer.json()["what_to_do"]


async def test_a_long_body_is_not_read(running: Running) -> None:
    answer = await running.make(f"https://example.org/{'x' * 20_000}")
    assert answer.status_code == 413
    assert answer.json()["name"] == "body"


async def test_an_end_is_given_in_seconds_or_as_a_time(running: Running) -> None:
    link = (await running.make(URL, expires_in=3600)).json()
    end = datetime.fromisoformat(link["expires_at"])
    assert timedelta(seconds=3590) < end - datetime.now(UTC) <= timedelta(seconds=3600)
    noon = (datetime.now(UTC) + timedelta(days=9)).replace(
        hour=12, minute=0, second=0, microsecond=0
    )
    for text in (noon.isoformat(), noon.replace(tzinfo=None).isoformat()):
        said = (await running.make(URL, expires_at=text)).json()["expires_at"]
        assert datetime.fromisoformat(said) == noon


async def test_asked_for_again_without_an_end_a_link_keeps_its_own(running: Running) -> None:
    first = (await running.make(URL, expires_in=3600)).json()
    assert (await running.make(URL)).json() == first


async def test_an_expired_link_lives_again_when_it_is_asked_for(running: Running) -> None:
    code = await running.code(URL, expires_in=1)
    await asyncio.sleep(1.1)
    assert (await running.client.get(f"/{code}")).status_code == 410
    shown = (await running.client.get(f"/api/links/{code}", auth=ALICE)).json()
    assert shown["expired"] is True
    again = await running.make(URL)
    assert (again.status_code, again.json()["code"]) == (200, code)
    assert (again.json()["expired"], again.json()["expires_at"]) == (False, None)
    assert (await running.client.get(f"/{code}")).status_code == 302


async def test_an_owner_sees_the_own_links_alone(running: Running) -> None:
    code = await running.code(URL)
    for path in (f"/api/links/{code}", f"/api/links/{code}/statistics"):
        assert (await running.client.get(path, auth=ALICE)).status_code == 200
        assert (await running.client.get(path, auth=BOB)).status_code == 404
    for method in ("PATCH", "DELETE"):
        answer = await running.client.request(
            method, f"/api/links/{code}", json={"expires_at": None}, auth=BOB
        )
        assert answer.status_code == 404
        assert answer.json()["expected"] == "one of bob's links"
    assert (await running.client.get(f"/{code}")).status_code == 302
    assert (await running.client.get("/api/links/", auth=BOB)).json()["items"] == []


async def test_links_are_listed_in_pages(running: Running) -> None:
    codes = [await running.code(f"https://example.org/{i}") for i in range(7)]
    await running.code("https://example.org/0", BOB)
    seen, before = [], None
    for _ in range(5):
        query = {"limit": "3"} | ({"before": before} if before else {})
        page = (await running.client.get("/api/links/", params=query, auth=ALICE)).json()
        seen += [link["code"] for link in page["items"]]
        before = page["next"]
        if before is None:
            break
    assert seen == codes[::-1]


async def test_a_link_is_found_by_its_url(running: Running) -> None:
    code = await running.code(URL)
    await running.code("https://example.org/")
    query = {"url": "https://EXAMPLE.org/courses/7?from=poster"}
    page = (await running.client.get("/api/links/", params=query, auth=ALICE)).json()
    assert [link["code"] for link in page["items"]] == [code]


async def test_a_page_follows_a_link_that_was_deleted_since(running: Running) -> None:
    codes = [await running.code(f"https://example.org/{i}") for i in range(3)]
    await running.client.delete(f"/api/links/{codes[2]}", auth=ALICE)
    page = (await running.client.get(f"/api/links/?before={codes[2]}", auth=ALICE)).json()
    assert [link["code"] for link in page["items"]] == [codes[1], codes[0]]


async def test_no_page_follows_another_account_s_link(running: Running) -> None:
    await running.code(URL)
    others = await running.code(URL, BOB)
    for unknown in (others, "unknown"):
        answer = await running.client.get(f"/api/links/?before={unknown}", auth=ALICE)
        assert (answer.status_code, answer.json()["name"]) == (400, "before")
        assert answer.json()["expected"] == "the code of one of alice's links"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "before=..", "url=ftp://x"])
async def test_a_bad_query_is_refused(running: Running, query: str) -> None:
    answer = await running.client.get(f"/api/links/?{query}", auth=ALICE)
    assert answer.status_code == 400
    assert answer.json()["name"] == query.partition("=")[0]


async def test_the_end_can_be_changed_and_taken_away(running: Running) -> None:
    code = await running.code(URL, expires_in=3600)
    path = f"/api/links/{code}"
    unchanged = await running.client.patch(path, json={}, auth=ALICE)
    assert unchanged.json()["expires_at"] is not None
    changed = await running.client.patch(path, json={"expires_at": None}, auth=ALICE)
    assert (changed.status_code, changed.json()["expires_at"]) == (200, None)
    await running.client.patch(path, json={"expires_in": 1}, auth=ALICE)
    assert (await running.client.get(f"/{code}")).status_code == 302
    await asyncio.sleep(1.1)
    assert (await running.client.get(f"/{code}")).status_code == 410


async def test_what_stands_under_a_name_can_be_changed(running: Running) -> None:
    await running.code(URL, name="poster-7")
    assert (await running.client.get("/poster-7")).headers["location"] == URL
    new = {"url": "https://example.org/courses/8"}
    changed = await running.client.patch("/api/links/poster-7", json=new, auth=ALICE)
    assert changed.json()["url"] == new["url"]
    assert (await running.client.get("/poster-7")).headers["location"] == new["url"]


async def test_what_a_drawn_code_stands_for_cannot(running: Running) -> None:
    code = await running.code(URL)
    new = {"url": "https://example.org/courses/8"}
    answer = await running.client.patch(f"/api/links/{code}", json=new, auth=ALICE)
    assert (answer.status_code, answer.json()["name"]) == (400, "url")
    same = await running.client.patch(f"/api/links/{code}", json={"url": URL}, auth=ALICE)
    assert same.status_code == 200


def before_it_is_changed(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], Awaitable[Any]]
) -> None:
    """Have something happen between what the next call reads of a link and what it writes."""
    change = Connection.change

    async def change_after_that(connection: Connection, sql: str, arguments: Any = ()) -> int:
        if not sql.startswith("UPDATE links SET"):
            return await change(connection, sql, arguments)
        monkeypatch.setattr(Connection, "change", change)
        await meanwhile()
        return await change(connection, sql, arguments)

    monkeypatch.setattr(Connection, "change", change_after_that)


async def test_two_changes_at_once_do_not_undo_one_another(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await start(), await start()
    await one.code(URL, name="poster-7")
    path, new = "/api/links/poster-7", {"url": "https://example.org/courses/8"}
    before_it_is_changed(monkeypatch, lambda: other.client.patch(path, json=new, auth=ALICE))
    changed = await one.client.patch(path, json={"expires_in": 60}, auth=ALICE)
    assert (changed.status_code, changed.json()["url"]) == (200, new["url"])
    shown = (await one.client.get(path, auth=ALICE)).json()
    assert (shown["url"], shown["expires_at"] is None) == (new["url"], False)
    # The other way round: a new URL does not take back a new end.
    before_it_is_changed(
        monkeypatch, lambda: other.client.patch(path, json={"expires_at": None}, auth=ALICE)
    )
    changed = await one.client.patch(path, json={"url": URL}, auth=ALICE)
    assert (changed.json()["url"], changed.json()["expires_at"]) == (URL, None)
    assert (await other.client.get("/poster-7")).headers["location"] == URL


async def test_a_link_that_is_deleted_meanwhile_is_not_changed(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await start(), await start()
    await one.code(URL, name="poster-7")
    path = "/api/links/poster-7"
    before_it_is_changed(monkeypatch, lambda: other.client.delete(path, auth=ALICE))
    changed = await one.client.patch(path, json={"expires_in": 60}, auth=ALICE)
    assert (changed.status_code, changed.json()["name"]) == (404, "code")
    assert (await one.client.get("/poster-7")).status_code == 410


async def test_a_link_that_is_deleted_and_made_again_meanwhile_is_not_changed(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await start(), await start()
    await one.code(URL, name="poster-7")
    path = "/api/links/poster-7"

    async def make_again() -> None:
        await other.client.delete(path, auth=ALICE)
        await other.code("https://example.org/new", name="poster-7")

    before_it_is_changed(monkeypatch, make_again)
    changed = await one.client.patch(path, json={"url": f"{URL}&old"}, auth=ALICE)
    assert changed.status_code == 404
    there = (await one.client.get("/poster-7")).headers["location"]
    assert there == "https://example.org/new"


@pytest.mark.parametrize("name", [None, "poster-7"])
async def test_a_link_that_is_deleted_while_it_is_asked_for_again_is_made_anew(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    one, other = await start(), await start()
    chosen = {"name": name} if name else {}
    code = await one.code(URL, **chosen)
    before_it_is_changed(monkeypatch, lambda: other.client.delete(f"/api/links/{code}", auth=ALICE))
    made = await one.make(URL, expires_in=60, **chosen)
    assert (made.status_code, made.json()["url"]) == (201, URL)
    assert made.json()["expires_at"] is not None
    assert (made.json()["code"] == code) is (name is not None)
    assert (await one.client.get(f"/{made.json()['code']}")).headers["location"] == URL


async def test_an_end_that_is_given_meanwhile_is_not_taken_from_an_expired_link(
    start: Callable[..., Any], tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await start(), await start()
    code = await one.code(URL, expires_in=3600)
    async with tables.connection() as connection:
        await connection.change("UPDATE links SET expires_at = UTC_TIMESTAMP() - INTERVAL 1 DAY")
    before_it_is_changed(
        monkeypatch,
        lambda: other.client.patch(f"/api/links/{code}", json={"expires_in": 60}, auth=ALICE),
    )
    again = await one.make(URL)
    assert (again.status_code, again.json()["code"]) == (200, code)
    assert again.json()["expires_at"] is not None


async def test_a_bad_change_is_refused(running: Running) -> None:
    await running.code(URL, name="poster-7")
    for body in ({"url": "http://127.1/"}, {"expires_in": 0}, {"name": "other"}, {"clicks": 0}):
        answer = await running.client.patch("/api/links/poster-7", json=body, auth=ALICE)
        assert answer.status_code == 400
        assert answer.json()["name"] == next(iter(body))


async def test_a_deleted_link_is_gone_and_its_code_nobody_else_s(running: Running) -> None:
    code = await running.code(URL)
    await running.code(URL, name="poster-7")
    for gone in (code, "poster-7"):
        assert (await running.client.get(f"/{gone}")).status_code == 302
        deleted = await running.client.delete(f"/api/links/{gone}", auth=ALICE)
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert (await running.client.get(f"/{gone}")).status_code == 410
        assert (await running.client.get(f"/api/links/{gone}", auth=ALICE)).status_code == 404
    assert (await running.client.get("/api/links/", auth=ALICE)).json()["items"] == []
    assert (await running.make(URL, BOB, name="poster-7")).status_code == 409
    assert await running.code(URL) != code
    # Its owner may have the name again, for whatever it is now.
    again = await running.make("https://example.org/new", name="poster-7")
    assert again.status_code == 201
    there = (await running.client.get("/poster-7")).headers["location"]
    assert there == "https://example.org/new"


async def test_of_many_who_want_a_deleted_name_again_one_makes_it(
    start: Callable[..., Any],
) -> None:
    several = [await start() for _ in range(3)]
    first = (await several[0].make(URL, name="poster-7")).json()
    await several[0].client.delete("/api/links/poster-7", auth=ALICE)
    answers = await asyncio.gather(
        *(several[i % 3].make(URL, name="poster-7", expires_in=60) for i in range(9))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [201]
    again = (await several[0].client.get("/api/links/poster-7", auth=ALICE)).json()
    assert (again["expires_at"] is None, first["expires_at"]) == (False, None)
    assert (await several[1].client.get("/poster-7")).headers["location"] == URL


async def test_a_code_that_was_looked_up_in_vain_works_once_it_is_made(running: Running) -> None:
    assert (await running.client.get("/poster-7")).status_code == 404
    await running.code(URL, name="poster-7")
    assert (await running.client.get("/poster-7")).status_code == 302


async def test_a_change_holds_in_every_process_at_once(start: Callable[..., Any]) -> None:
    one, other = await start(), await start()
    await one.code(URL, name="poster-7")
    assert (await other.client.get("/poster-7")).status_code == 302
    await one.client.delete("/api/links/poster-7", auth=ALICE)
    assert (await other.client.get("/poster-7")).status_code == 410
