import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from proxypool.api import lists
from proxypool.protocol import Protocol
from proxypool.store import Store

from tests.api.conftest import Call, Put, names_the_problem

TEXT = "1.1.1.1:80\ngarbage\nsocks5://user:s3cret@gate.example:1080\n1.1.1.1:80\n10.0.0.1:80\n"
IMPORT = "/api/v2/import"


async def handed_out(store: Store) -> dict[str, tuple[Protocol, ...]]:
    """What checkers would be given, with what it is said to speak."""
    await store.dispatch()
    return {work.proxy: work.hint for work in await store.take("tester", 1000, 0.1)}


async def test_what_is_added_is_handed_out_to_be_checked(
    client: httpx.AsyncClient, store: Store
) -> None:
    answer = await client.post("/api/v2/proxies", json={"proxies": TEXT.split("\n")[:-1]})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    refused = report.pop("refused_entries")
    assert report == {
        "read": 3,
        "new": 2,
        "known": 1,
        "barred": 0,
        "beyond": 0,
        "expired": 0,
        "refused": 2,
    }
    assert [entry["line"] for entry in refused] == [2, 5]
    work = await handed_out(store)
    assert set(work) == {"1.1.1.1:80", "user:s3cret@gate.example:1080"}
    assert Protocol.SOCKS5 in work["user:s3cret@gate.example:1080"]
    assert await store.count() == (0, 0, {}), "nobody is given what was not checked"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", TEXT),
        ("text/plain; charset=utf-8", TEXT),
        ("text/csv", "proxy\n" + TEXT),
        ("application/json", json.dumps(TEXT.split("\n")[:-1])),
    ],
)
async def test_a_list_is_imported(
    kind: str, body: str, client: httpx.AsyncClient, store: Store
) -> None:
    answer = await client.post(IMPORT, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["read"], report["new"], report["known"], report["refused"]) == (3, 2, 1, 2)
    assert len(await handed_out(store)) == 2


async def test_an_import_streams(client: httpx.AsyncClient, store: Store) -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(1200):
            yield f"1.1.{number >> 8}.{number & 255}:80\n".encode()

    answer = await client.post(f"{IMPORT}?source=paid&protocol=socks4&expires=4e9", content=body())
    assert answer.json()["new"] == 1200
    work = await handed_out(store)
    assert {hint[0] for hint in work.values()} == {Protocol.SOCKS4}
    assert (await store.statistics())["sources"]["paid"]["known"] == 1200


@pytest.mark.parametrize(
    ("expires", "seconds"),
    [
        (4000000000, 4e9),
        ("4e9", 4e9),
        ("4000000000.5", 4000000000.5),
        ("2096-10-02T07:06:40Z", 4e9),
        ("2096-10-02 09:06:40+02:00", 4e9),
        ("2096-10-02T07:06:40", 4e9),
        ("2096-10-02", 4e9 - 25600),
        (0, 0),
    ],
)
async def test_an_end_is_unix_time_or_iso_8601(
    expires: float | str, seconds: float, client: httpx.AsyncClient, store: Store
) -> None:
    answer = await client.post(
        "/api/v2/proxies", json={"proxies": ["1.1.1.1:80"], "expires": expires}
    )
    assert answer.status_code == 200, answer.text
    answer = await client.post(IMPORT, content="1.1.1.2:80", params={"expires": expires})
    assert answer.status_code == 200, answer.text
    entries = await store._redis.hgetall(store._key(":known"))
    assert {proxy: json.loads(text)["expires"] for proxy, text in entries.items()} == {
        "1.1.1.1:80": seconds,
        "1.1.1.2:80": seconds,
    }


@pytest.mark.parametrize(
    "expires",
    ["soon", "", "2026-13-01", "1960-01-01T00:00:00Z", -1, 1e12, True, None, [1], {}, 10**400],
)
async def test_another_end_is_refused_with_both_forms(
    expires: object, client: httpx.AsyncClient
) -> None:
    body = json.dumps({"proxies": ["1.1.1.1:80"], "expires": expires})
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v2/proxies", content=body, headers=headers)
    names_the_problem(answer, 400, "expires")
    expected = "Unix time (0 to 100000000000) or ISO 8601, such as 2026-12-31T00:00:00Z"
    assert answer.json()["expected"] == expected


async def test_the_description_has_both_forms_of_an_end(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    [in_query] = [
        parameter["schema"]
        for parameter in document["paths"][IMPORT]["post"]["parameters"]
        if parameter["name"] == "expires"
    ]
    in_body = document["components"]["schemas"]["Additions"]["properties"]["expires"]
    for schema in (in_query, in_body):
        assert [one["type"] for one in schema["anyOf"]] == ["number", "string"]
        assert "ISO 8601" in schema["description"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/xml", 415),
        ("text/plain; charset=utf-16", 415),
        ("garbage", 200),  # RFC 2045, 5.2: what cannot be read is text/plain
    ],
)
async def test_another_kind_of_list_is_refused(
    kind: str, status: int, client: httpx.AsyncClient
) -> None:
    answer = await client.post(IMPORT, content="1.1.1.1:80", headers={"Content-Type": kind})
    assert answer.status_code == status
    if status == 415:
        names_the_problem(answer, 415, "Content-Type")


async def test_a_compressed_list_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(IMPORT, content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    names_the_problem(answer, 415, "Content-Encoding")


async def test_a_list_that_breaks_off_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post(IMPORT, content='["1.1.1.1:80", 5', headers=headers)
    names_the_problem(answer, 400, "body")
    assert "1 entries before" in answer.json()["what_to_do"]


async def test_a_huge_list_is_refused(call: Call) -> None:
    client = call("127.0.0.1", IMPORT_MAX_BYTES="2000")
    names_the_problem(await client.post(IMPORT, content=b"x" * 2001), 413, "body")
    assert (await client.post(IMPORT, content=b"x" * 2000)).status_code == 200


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("source=a/b", "source"),
        ("source=", "source"),
        ("protocol=ftp", "protocol"),
        ("expires=soon", "expires"),
        ("expires=inf", "expires"),
        ("expires=-1", "expires"),
        ("x=1", "query"),
    ],
)
async def test_a_bad_import_is_refused(query: str, name: str, client: httpx.AsyncClient) -> None:
    names_the_problem(await client.post(f"{IMPORT}?{query}", content="1.1.1.1:80"), 400, name)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("{}", "proxies"),
        ('{"proxies": []}', "proxies"),
        ('{"proxies": "1.1.1.1:80"}', "proxies"),
        ('{"proxies": [7]}', "proxies.0"),
        ('{"proxies": ["' + "x" * 2001 + '"]}', "proxies.0"),
        ('{"proxies": ["1.1.1.1:80"], "source": "a/b"}', "source"),
        ('{"proxies": ["1.1.1.1:80"], "expires": NaN}', "expires"),
        ('{"proxies": ["1.1.1.1:80"], "colour": "red"}', "colour"),
        ("7", "body"),
        ("null", "body"),
    ],
)
async def test_a_bad_addition_is_refused(body: str, name: str, client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    names_the_problem(
        await client.post("/api/v2/proxies", content=body, headers=headers), 400, name
    )


async def test_a_refused_entrys_password_stays_unsaid(client: httpx.AsyncClient) -> None:
    lines = [
        "user:s3cret@1.1.1.1:99999",
        "1.1.1.1:99999:user:s3cret",
        "ftp://user:s3cret@1.1.1.1:1",
    ]
    answer = await client.post("/api/v2/proxies", json={"proxies": lines})
    assert answer.json()["refused"] == 3
    assert "s3cret" not in answer.text


async def test_an_export_is_sorted_by_speed_and_keeps_credentials(
    client: httpx.AsyncClient, put: Put
) -> None:
    await put("1.1.1.1:80", latency_ms=900)
    await put("u:p%40@1.1.1.2:1080", latency_ms=100, protocols=(Protocol.SOCKS5,))
    await put("1.1.1.3:80", latency_ms=500)
    answer = await client.get("/api/v2/export")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "socks5://u:p%40@1.1.1.2:1080\nhttp://1.1.1.3:80\nhttp://1.1.1.1:80\n"
    answer = await client.get("/api/v2/export?format=json&protocol=http")
    assert [record["proxy"] for record in answer.json()] == ["1.1.1.3:80", "1.1.1.1:80"]
    answer = await client.get("/api/v2/export?format=csv&limit=1")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["proxy"], row["latency_ms"]) == ("u:p%40@1.1.1.2:1080", "100")
    assert answer.headers["content-disposition"] == 'attachment; filename="proxies.csv"'


async def test_an_empty_export_is_well_formed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v2/export")).text == ""
    assert (await client.get("/api/v2/export?format=json")).json() == []
    assert len((await client.get("/api/v2/export?format=csv")).text.splitlines()) == 1
    names_the_problem(await client.get("/api/v2/export?format=xml"), 400, "format")


async def test_few_exports_are_under_way_at_once(
    client: httpx.AsyncClient, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put("1.1.1.1:80")
    answers = await asyncio.gather(*(client.get("/api/v2/export") for _ in range(6)))
    assert [answer.text for answer in answers] == ["http://1.1.1.1:80\n"] * 6, "each had its turn"
    monkeypatch.setattr(lists, "_WAIT_S", 0.05)
    begun = asyncio.Semaphore(0)

    async def never(*_: object, **__: object) -> None:
        begun.release()
        await asyncio.Event().wait()

    monkeypatch.setattr(Store, "list", never)
    waiting = [asyncio.create_task(client.get("/api/v2/export")) for _ in range(2)]
    for _ in waiting:
        await begun.acquire()
    answer = await client.get("/api/v2/export")
    names_the_problem(answer, 503, "export")
    assert answer.headers["retry-after"]
    for task in waiting:
        task.cancel()
