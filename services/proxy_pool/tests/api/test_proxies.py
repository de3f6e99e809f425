import asyncio
import re
from urllib.parse import quote

import httpx
import pytest
from proxypool.protocol import Protocol
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

from tests.api.conftest import Put, names_the_problem
from tests.conftest import listed

FILTERED = [
    "/api/v2/proxies",
    "/api/v2/proxies/random",
    "/api/v2/proxies/best",
    "/api/v2/export",
]
BAD_FILTERS = [
    ("protocol=ftp", "protocol.0"),
    ("protocol=http,ftp", "protocol.1"),
    ("https=perhaps", "https"),
    ("anonymity=invisible", "anonymity"),
    ("country=China", "country"),
    ("country=%00%00", "country"),
    ("asn=-1", "asn"),
    ("asn=4294967296", "asn"),
    ("asn=" + "9" * 400, "asn"),
    ("source=a/b", "source"),
    ("source=" + "a" * 65, "source"),
    ("target=No-Such", "target"),
    ("max_latency_ms=-1", "max_latency_ms"),
    ("max_latency_ms=1.5", "max_latency_ms"),
    ("min_score=nan", "min_score"),
    ("min_score=101", "min_score"),
    ("country=CN&country=DE", "country"),
    ("colour=red", "query"),
    ("Country=CN", "query"),
    ("%ff=1", "query"),
    ("&".join(f"a{i}=1" for i in range(200)), "query"),
]
SOCKS = (Protocol.SOCKS5,)
BOTH = (Protocol.HTTP, Protocol.CONNECT)


async def planted(put: Put) -> None:
    await put("203.0.113.1:80", region="CN", latency_ms=900, asn=64500)
    await put("203.0.113.2:80", region="DE", latency_ms=100, protocols=BOTH, https=True)
    await put("203.0.113.3:1080", region="CN", latency_ms=300, protocols=SOCKS, source="siteB")
    await put("203.0.113.4:80", region="DE", latency_ms=500, anonymous="anonymous")


def numbers(answer: httpx.Response) -> list[int]:
    """The last octets of what was answered."""
    assert answer.status_code == 200, answer.text
    return [int(item["proxy"].split(":")[0].split(".")[3]) for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {1, 2, 3, 4}),
        ("protocol=socks5", {3}),
        ("protocol=socks5&protocol=connect", {2, 3}),
        ("protocol=socks5,connect", {2, 3}),
        ("https=true", {2}),
        ("https=no", {1, 3, 4}),
        ("anonymity=elite", {1, 2, 3}),
        ("anonymity=anonymous", {1, 2, 3, 4}),
        ("country=cn", {1, 3}),
        ("country=", {1, 2, 3, 4}),
        ("country=CN&protocol=http", {1}),
        ("asn=AS64500", {1}),
        ("source=siteB", {3}),
        ("max_latency_ms=400", {2, 3}),
        ("min_score=0&country=US", set()),
    ],
)
async def test_filters_choose(
    query: str, expected: set[int], client: httpx.AsyncClient, put: Put
) -> None:
    await planted(put)
    answer = await client.get(f"/api/v2/proxies?{query}")
    assert set(numbers(answer)) == expected
    assert answer.json()["total"] == len(expected)


async def test_the_reference_routes_take_the_filters_too(
    client: httpx.AsyncClient, put: Put
) -> None:
    await planted(put)

    async def proxy(path: str) -> str:
        found: str = (await client.get(path)).json().get("proxy", "none")
        return found

    assert await proxy("/get/?protocol=socks5&ignored=1") == "203.0.113.3:1080"
    assert await proxy("/get/?country=DE&type=https") == "203.0.113.2:80"
    assert await proxy("/get/?country=CN&type=https") == "none"
    assert await proxy("/get/?country=US") == "none"
    assert await proxy("/pop/?country=CN") == "203.0.113.1:80"
    found = (await client.get("/all/?country=DE")).json()
    assert {record["proxy"] for record in found} == {"203.0.113.2:80", "203.0.113.4:80"}


async def test_lists_are_sorted_and_paged(client: httpx.AsyncClient, put: Put) -> None:
    await planted(put)
    path = "/api/v2/proxies?sort=latency"
    assert numbers(await client.get(path)) == [2, 3, 4, 1]
    assert numbers(await client.get(f"{path}&order=desc")) == [1, 4, 3, 2]
    answer = await client.get(f"{path}&offset=1&limit=2")
    assert numbers(answer) == [3, 4]
    assert {**answer.json(), "items": []} == {"total": 4, "offset": 1, "limit": 2, "items": []}
    assert numbers(await client.get(f"{path}&offset=9")) == []
    answer = await client.get(f"{path}&limit=0&protocol=http")
    assert (answer.json()["total"], answer.json()["items"]) == (3, [])
    assert numbers(await client.get("/api/v2/proxies"))[0] == 2, "the best first"


async def test_count_gives_random_ones(client: httpx.AsyncClient, put: Put) -> None:
    await planted(put)
    for count, expected in ((2, 2), (9, 4)):
        found = numbers(await client.get(f"/api/v2/proxies?count={count}"))
        assert len(found) == len(set(found)) == expected
    assert numbers(await client.get("/api/v2/proxies?count=5&protocol=socks5")) == [3]


@pytest.mark.parametrize("beside", ["sort=latency", "order=asc", "offset=0", "limit=5"])
async def test_count_stands_alone(beside: str, client: httpx.AsyncClient, put: Put) -> None:
    await planted(put)
    name, _, value = beside.partition("=")
    answer = await client.get(f"/api/v2/proxies?count=3&{beside}")
    names_the_problem(answer, 400, name)
    assert answer.json()["found"] == repr(value)
    assert "count" in answer.json()["what_to_do"]
    assert len(numbers(await client.get(f"/api/v2/proxies?count=0&{beside}"))) == 4
    assert len(numbers(await client.get(f"/api/v2/proxies?count=3&{name}="))) == 3


@pytest.mark.parametrize("query", ["", "&protocol=http", "&protocol=http&min_score=1"])
async def test_count_gives_them_in_random_order(
    query: str, client: httpx.AsyncClient, put: Put
) -> None:
    for number in range(1, 7):
        await put(f"203.0.113.{number}:80")
    path = f"/api/v2/proxies?count=6{query}"
    # That one of six is never the first of a hundred: 10⁻⁷.
    assert {numbers(await client.get(path))[0] for _ in range(100)} == {1, 2, 3, 4, 5, 6}


async def test_random_and_best(client: httpx.AsyncClient, put: Put) -> None:
    await planted(put)
    best = (await client.get("/api/v2/proxies/best")).json()
    assert best["proxy"] == "203.0.113.2:80"
    one = (await client.get("/api/v2/proxies/random?country=CN&protocol=http")).json()
    assert one["proxy"] == "203.0.113.1:80"
    for path in ("random", "best"):
        answer = await client.get(f"/api/v2/proxies/{path}?country=US")
        names_the_problem(answer, 404, "proxy")


async def test_pop_hands_each_proxy_to_one_client(client: httpx.AsyncClient, put: Put) -> None:
    await put(*(f"203.0.113.{i}:80" for i in range(1, 41)))
    answers = await asyncio.gather(
        *(client.post("/api/v2/proxies/pop?protocol=http") for _ in range(45))
    )
    popped = [answer.json()["proxy"] for answer in answers if answer.status_code == 200]
    assert len(popped) == len(set(popped)) == 40
    assert sum(answer.status_code == 404 for answer in answers) == 5


@pytest.mark.parametrize(
    "proxy",
    [
        "203.0.113.1:80",
        "[2001:db8::1]:8080",
        "gate.example:7000",
        "user:p%40ss%2Fw%3Aord%25@203.0.113.1:80",
    ],
)
async def test_one_proxy_is_read_reported_and_deleted(
    proxy: str, client: httpx.AsyncClient, put: Put
) -> None:
    await put(proxy)
    path = f"/api/v2/proxies/{quote(proxy, safe='')}"
    before = (await client.get(path)).json()
    assert before["proxy"] == proxy
    answer = await client.post(f"{path}/report", json={"ok": False, "reason": "timeout"})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    after = (await client.get(path)).json()
    assert after["success_rate"] < before["success_rate"]
    assert after["score"] < before["score"]
    assert after["last_reason"] == "timeout"
    assert (await client.delete(path)).json() == {"ok": True}
    for answer in (
        await client.get(path),
        await client.delete(path),
        await client.post(f"{path}/report", json={"ok": True}),
    ):
        names_the_problem(answer, 404, "proxy")
        assert "p%40ss" not in answer.text


async def checked(store: Store, *proxies: str, outcome: Outcome, reason: str) -> None:
    """Adds them, and has one check of each end so."""
    await store.add("siteA", listed(*proxies))
    await store.dispatch()
    work = await store.take("tester", 10, 0.1)
    await store.settle((one, Verdict(outcome, reason=reason)) for one in work)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.FAILED, "connect_timeout"),
        (Outcome.REFUSED, "tampered"),
        (Outcome.POSTPONED, "judge_down"),
    ],
)
@pytest.mark.parametrize("proxy", ["203.0.113.1:80", "u:s3cret@203.0.113.1:80"])
async def test_one_that_is_known_and_not_good_is_told_with_its_reason(
    proxy: str, outcome: Outcome, reason: str, client: httpx.AsyncClient, store: Store
) -> None:
    await checked(store, proxy, outcome=outcome, reason=reason)
    path = f"/api/v2/proxies/{quote(proxy, safe='')}"
    for answer in (
        await client.get(path),
        await client.post(f"{path}/report", json={"ok": True}),
    ):
        names_the_problem(answer, 404, "proxy")
        content = answer.json()
        # What is postponed holds nothing against it.
        why = reason if outcome is not Outcome.POSTPONED else "not checked yet"
        assert content["found"] == f"'203.0.113.1:80', which is known and not good: {why}"
        assert re.search(r"again at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d;", content["what_to_do"])
        assert "s3cret" not in answer.text


async def test_one_that_waits_or_is_under_check_is_told_so(
    client: httpx.AsyncClient, store: Store
) -> None:
    await store.add("siteA", listed("203.0.113.1:80"))
    path = "/api/v2/proxies/203.0.113.1:80"
    content = (await client.get(path)).json()
    assert content["found"].endswith("known and not good: not checked yet")
    assert "checked again at" in content["what_to_do"]
    await store.dispatch()
    content = (await client.get(path)).json()
    assert content["what_to_do"].startswith("it is being checked")


@pytest.mark.parametrize("entry", ["", "nonsense", "[]", '{"reason": 7}', '{"reason": "<b>"}'])
async def test_a_damaged_memory_of_it_is_no_fault(
    entry: str, client: httpx.AsyncClient, store: Store
) -> None:
    await store._redis.hset(store._key(":known"), "203.0.113.1:80", entry)
    answer = await client.get("/api/v2/proxies/203.0.113.1:80")
    names_the_problem(answer, 404, "proxy")
    assert answer.json()["what_to_do"] == "ask for another one"


async def test_a_deleted_one_is_told_to_be_gone(client: httpx.AsyncClient, store: Store) -> None:
    await checked(store, "203.0.113.1:80", outcome=Outcome.FAILED, reason="timeout")
    await store.delete("203.0.113.1:80")
    answer = await client.get("/api/v2/proxies/203.0.113.1:80")
    names_the_problem(answer, 404, "proxy")
    assert "deleted, popped or dropped" in answer.json()["what_to_do"]


async def test_a_deleted_one_stays_away(client: httpx.AsyncClient, put: Put, store: Store) -> None:
    await put("203.0.113.1:80")
    await client.delete("/api/v2/proxies/203.0.113.1:80")
    assert (await store.add("siteA", listed("203.0.113.1:80"))).barred == 1


@pytest.mark.parametrize("path", FILTERED)
async def test_a_bad_filter_is_refused_and_named(path: str, client: httpx.AsyncClient) -> None:
    for query, name in BAD_FILTERS:
        names_the_problem(await client.get(f"{path}?{query}"), 400, name)


async def test_the_reference_refuses_bad_ones_and_passes_over_unknown_ones(
    client: httpx.AsyncClient,
) -> None:
    for query, name in BAD_FILTERS:
        for path in ("/get/", "/pop/", "/all/"):
            answer = await client.get(f"{path}?{query}")
            if name != "query" or query.count("&") > 100:
                names_the_problem(answer, 400, name)
            else:
                assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["", "http", "HTTP", "ftp", "all"])
async def test_any_other_type_asks_the_reference_for_any(
    kind: str, client: httpx.AsyncClient, put: Put
) -> None:
    await put("203.0.113.1:80")
    for path in ("get", "all", "pop"):
        assert "203.0.113.1:80" in (await client.get(f"/{path}/?type={kind}")).text


async def test_the_references_https_may_be_written_large(
    client: httpx.AsyncClient, put: Put
) -> None:
    await put("203.0.113.1:80")
    assert (await client.get("/get/?type=HTTPS")).json() == {"code": 0, "src": "no proxy"}


async def test_a_report_on_an_unknown_target_is_refused(
    client: httpx.AsyncClient, put: Put
) -> None:
    await put("203.0.113.1:80")
    before = (await client.get("/api/v2/proxies/203.0.113.1:80")).json()
    report = {"ok": False, "target": "nix"}
    answer = await client.post("/api/v2/proxies/203.0.113.1:80/report", json=report)
    names_the_problem(answer, 404, "target")
    assert (await client.get("/api/v2/proxies/203.0.113.1:80")).json() == before


async def test_an_unknown_name_is_told_the_known_ones(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v2/proxies/random?colour=red")
    for name in ("country", "max_latency_ms", "protocol"):
        assert name in answer.json()["expected"]
    assert "no query" in (await client.get("/api/v2/stats?x=1")).json()["expected"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("sort=luck", "sort"),
        ("order=up", "order"),
        ("offset=-1", "offset"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("count=1001", "count"),
        ("count=%D9%A3", "count"),
    ],
)
async def test_a_bad_page_is_refused_and_named(
    query: str, name: str, client: httpx.AsyncClient
) -> None:
    names_the_problem(await client.get(f"/api/v2/proxies?{query}"), 400, name)


async def test_what_is_no_proxy_is_refused(client: httpx.AsyncClient) -> None:
    for proxy in (
        "garbage",
        "999.1.1.1:99999",
        "1.2.3.4",
        "1.2.3.4:0",
        "u:s3cret@",
        "%00:80",
        "a/b",
    ):
        path = f"/api/v2/proxies/{proxy}"
        for answer in (
            await client.get(path),
            await client.delete(path),
            await client.post(f"{path}/report", json={"ok": True}),
        ):
            names_the_problem(answer, 400, "proxy")
            assert "s3cret" not in answer.text


BAD_REPORTS = [
    ("", "body"),
    ("{", "body"),
    ("[]", "body"),
    ("{}", "ok"),
    ('{"ok": "perhaps"}', "ok"),
    ('{"ok": true, "latency_ms": -1}', "latency_ms"),
    ('{"ok": true, "latency_ms": NaN}', "latency_ms"),
    ('{"ok": false, "reason": "Two words"}', "reason"),
    ('{"ok": false, "reason": "\\ud800"}', "reason"),
    ('{"ok": false, "target": "a-b"}', "target"),
    ('{"ok": true, "extra": 1}', "extra"),
    ('{"ok": ' + "[" * 50000, "body"),
    ('{"ok": 1' + "0" * 5000 + "}", "body"),
]


async def test_a_bad_report_is_refused_and_named(client: httpx.AsyncClient) -> None:
    for body, name in BAD_REPORTS:
        answer = await client.post(
            "/api/v2/proxies/203.0.113.1:80/report",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        names_the_problem(answer, 400, name)


@pytest.mark.parametrize(
    ("query", "expected", "found"),
    [
        ("country=China", "a country's two letters, such as CN", "'CHINA'"),
        ("asn=many", "a whole number", "'many'"),
        ("asn=-1", "at least 0", "'-1'"),
        ("min_score=101", "at most 100", "'101'"),
        ("min_score=nan", "a number", "'nan'"),
        ("https=perhaps", "true or false", "'perhaps'"),
        ("anonymity=no", "'transparent', 'anonymous' or 'elite'", "'no'"),
    ],
)
async def test_a_bad_filter_is_told_in_plain_words(
    query: str, expected: str, found: str, client: httpx.AsyncClient
) -> None:
    content = (await client.get(f"/api/v2/proxies?{query}")).json()
    assert (content["expected"], content["found"]) == (expected, found)


@pytest.mark.parametrize(
    ("body", "expected", "found"),
    [
        ({"ok": "perhaps"}, "true or false", "'perhaps'"),
        ({"ok": 7}, "true or false", "7"),
        ({"ok": None}, "true or false", "null"),
        ({"ok": True, "latency_ms": -1}, "at least 0", "-1"),
        ({"ok": True, "latency_ms": {}}, "a whole number", "an object"),
        ({"ok": False, "reason": "é" * 900}, "a word of small letters", "'" + "\\xe9" * 80 + "'"),
        ([], "an object", "a list"),
    ],
)
async def test_a_bad_report_is_told_in_plain_words(
    body: object, expected: str, found: str, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/api/v2/proxies/203.0.113.1:80/report", json=body)
    content = answer.json()
    assert content["expected"].startswith(expected)
    assert content["found"] == found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("PUT /api/v2/targets/shop", {"url": "http://user:s3cret@shop.example/"}),
        ("PUT /api/v2/targets/shop", {"url": "http://a/", "headers": {"X": ["s3cret"]}}),
        ("POST /api/v2/proxies", {"proxies": "user:s3cret@1.1.1.1:80"}),
        ("POST /api/v2/proxies", ["user:s3cret@1.1.1.1:80"]),
        ("POST /api/v2/proxies", "user:s3cret@1.1.1.1:80"),
    ],
)
async def test_what_may_be_a_secret_is_not_shown(
    path: str, body: object, client: httpx.AsyncClient
) -> None:
    method, _, place = path.partition(" ")
    answer = await client.request(method, place, json=body)
    assert answer.status_code == 400
    assert "s3cret" not in answer.text
    assert not answer.json()["expected"].startswith("expected")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_kind_of_body_is_refused(kind: str, client: httpx.AsyncClient) -> None:
    for path in ("/api/v2/proxies", "/api/v2/proxies/203.0.113.1:80/report", "/api/v2/try"):
        answer = await client.post(path, content='{"ok": true}', headers={"Content-Type": kind})
        names_the_problem(answer, 415, "Content-Type")


async def test_a_huge_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v2/proxies",
        content=b'{"proxies": ["' + b"x" * 2_000_000,
        headers={"Content-Type": "application/json"},
    )
    names_the_problem(answer, 413, "body")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v2/proxies/random", "GET"),
        ("PATCH", "/api/v2/targets/shop", "PUT"),
        ("DELETE", "/api/v2/stats", "GET"),
        ("GET", "/api/v2/proxies/pop", "POST"),
        ("GET", "/api/v2/proxies/pop?country=CN", "POST"),
        ("DELETE", "/api/v2/proxies/pop", "POST"),
        ("DELETE", "/api/v2/proxies/best", "GET"),
        ("GET", "/api/v2/import", "POST"),
        ("GET", "/api/v2/try", "POST"),
        ("POST", "/metrics", "GET"),
    ],
)
async def test_another_method_is_refused(
    method: str, path: str, allowed: str, client: httpx.AsyncClient
) -> None:
    answer = await client.request(method, path)
    names_the_problem(answer, 405, "method")
    assert allowed in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/v2", "/api/v2/", "/api/v2/nothing", "/api/v1/proxies"])
async def test_an_unknown_route_is_told(path: str, client: httpx.AsyncClient) -> None:
    names_the_problem(await client.get(path), 404, "path")
