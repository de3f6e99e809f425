import json
import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from proxypool.protocol import Protocol
from proxypool.server import build_app
from proxypool.settings import Settings
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

from tests.conftest import MakeSettings, listed, pool_url
from tests.relay import Relay

OpenStore = Callable[[Settings], Store]

EDGE = "172.18.0.2,127.0.0.1"


@pytest.fixture
async def store(open_store: OpenStore, make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings())
    await opened.ensure_group()
    return opened


async def put(store: Store, count: int, *, https: bool = False) -> None:
    net = "198.51.100" if https else "203.0.113"
    await store.add("siteA", listed(*([f"{net}.{i}:80" for i in range(1, count + 1)])))
    await store.dispatch()
    work = await store.take("tester", count, 0.1)
    spoken = (Protocol.HTTP, Protocol.CONNECT) if https else (Protocol.HTTP,)
    verdict = Verdict(Outcome.GOOD, protocols=spoken, tried=spoken, https=https)
    await store.settle((one, verdict) for one in work)


def client_of(settings: Settings, peer: str = "172.18.0.2") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(
        build_app(settings), client=(peer, 50000), raise_app_exceptions=False
    )
    return httpx.AsyncClient(transport=transport, base_url="http://pool:5010")


@pytest.fixture
async def client(store: Store, make_settings: MakeSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A caller on the host itself, behind the edge."""
    async with client_of(make_settings(EDGE_NETWORKS=EDGE)) as opened:
        opened.headers["X-Forwarded-For"] = "127.0.0.1"
        yield opened


async def test_an_empty_pool_answers_as_the_reference_does(client: httpx.AsyncClient) -> None:
    for path in ("/get/", "/pop/", "/get/?type=https", "/pop/?type=https"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "src": "no proxy"})
    assert (await client.get("/all/")).json() == []
    assert (await client.get("/all/?type=https")).json() == []
    assert (await client.get("/count/")).json() == {"count": 0, "http_type": {}, "source": {}}


async def test_the_index_lists_the_routes(client: httpx.AsyncClient) -> None:
    for accept in ("*/*", "application/json"):
        answer = await client.get("/", headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
        routes = answer.json()["url"]
        assert {route["url"] for route in routes} == {
            "/get",
            "/pop",
            "/delete",
            "/all",
            "/count",
        }
        assert all(set(route) == {"url", "params", "desc"} for route in routes)
        assert routes[0] == {"url": "/get", "params": "type: ''https'|''", "desc": "get a proxy"}


async def test_a_browser_is_shown_the_dashboard(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert 'name="viewport"' in answer.text
    loaded = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert loaded
    assert [url for url in loaded if "//" in url] == [], "nothing comes from elsewhere"
    for asset in filter(lambda url: url.startswith("assets/"), loaded):
        served = await client.get(f"/{asset}")
        assert served.status_code == 200
        assert served.headers["cache-control"] == "no-cache"
        unchanged = {"If-None-Match": served.headers["etag"]}
        assert (await client.get(f"/{asset}", headers=unchanged)).status_code == 304
    assert "assets/main.js" in loaded
    assert (await client.get("/assets/../server.py")).status_code == 404
    assert (await client.get("/assets/%2e%2e/%2e%2e/server.py")).status_code == 404


async def test_get_answers_a_record_and_keeps_it(client: httpx.AsyncClient, store: Store) -> None:
    await put(store, 1)
    for _ in range(3):
        record = (await client.get("/get/")).json()
        assert record["proxy"] == "203.0.113.1:80"
    required = {
        "proxy",
        "https",
        "fail_count",
        "region",
        "anonymous",
        "source",
        "check_count",
        "last_status",
        "last_time",
    }
    assert required <= set(record)


async def test_pop_answers_a_record_and_removes_it(client: httpx.AsyncClient, store: Store) -> None:
    await put(store, 2)
    popped = {(await client.get("/pop/")).json()["proxy"] for _ in range(2)}
    assert popped == {"203.0.113.1:80", "203.0.113.2:80"}
    assert (await client.get("/pop/")).json() == {"code": 0, "src": "no proxy"}


async def test_type_https_answers_those_alone(client: httpx.AsyncClient, store: Store) -> None:
    await put(store, 3)
    await put(store, 1, https=True)
    assert (await client.get("/get/?type=https")).json()["proxy"] == "198.51.100.1:80"
    assert len((await client.get("/all/")).json()) == 4
    assert [one["https"] for one in (await client.get("/all/?type=https")).json()] == [True]
    count = (await client.get("/count/")).json()
    assert count == {"count": 4, "http_type": {"http": 3, "https": 1}, "source": {"siteA": 4}}


async def test_all_may_be_limited(client: httpx.AsyncClient, store: Store) -> None:
    await put(store, 10)
    assert len((await client.get("/all/?limit=3")).json()) == 3


async def test_delete_says_whether_it_was_there(client: httpx.AsyncClient, store: Store) -> None:
    await put(store, 2)
    assert (await client.get("/delete/?proxy=203.0.113.1:80")).json() == {"code": 0, "src": 1}
    assert (await client.get("/delete/?proxy=203.0.113.1:80")).json() == {"code": 0, "src": 0}
    assert len((await client.get("/all/")).json()) == 1


@pytest.mark.parametrize("name", ["get", "pop", "all", "count", "delete"])
async def test_without_its_slash_a_route_redirects_and_keeps_the_query(
    name: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"/{name}?type=https&proxy=1.2.3.4:80")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"/{name}/?type=https&proxy=1.2.3.4:80"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/get/?type=https&type=http", "type"),
        ("/all/?limit=-1", "limit"),
        ("/all/?limit=many", "limit"),
        ("/all/?limit=" + "9" * 400, "limit"),
        ("/all/?limit=٣", "limit"),
        ("/delete/", "proxy"),
        ("/delete/?proxy=", "proxy"),
        ("/delete/?proxy=garbage", "proxy"),
        ("/delete/?proxy=999.1.1.1:99999", "proxy"),
        ("/delete/?proxy=1.2.3.4:80&proxy=1.2.3.5:80", "proxy"),
        ("/delete/?proxy=%ff%fe:80", "proxy"),
    ],
)
async def test_a_bad_query_is_refused_and_named(
    path: str, name: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 400
    content = answer.json()
    assert content["name"] == name
    assert content["expected"]
    assert content["found"]
    assert content["what_to_do"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(method: str, client: httpx.AsyncClient) -> None:
    answer = await client.request(method, "/get/")
    assert answer.status_code == 405
    assert answer.json()["expected"] == "GET"


@pytest.mark.parametrize("path", ["/pop/", "/delete/?proxy=203.0.113.1:80"])
async def test_head_changes_nothing(path: str, client: httpx.AsyncClient, store: Store) -> None:
    await put(store, 1)
    assert (await client.head(path)).status_code == 405
    assert (await store.count()).total == 1


async def test_an_unknown_route_is_told_in_json(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nothing")
    assert (answer.status_code, answer.json()["name"]) == (404, "path")


@pytest.mark.parametrize("path", ["/pop/", "/delete/?proxy=203.0.113.1:80"])
@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [
        ("127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1, 203.0.113.9"),
        ("127.0.0.1", "garbage"),
        ("127.0.0.1", ""),
        ("127.0.0.1", "172.17.0.1"),
        ("127.0.0.1", "127.0.0.1:80"),
        ("172.18.0.2", None),
    ],
)
async def test_callers_that_are_not_trusted_change_nothing(
    path: str, peer: str, forwarded: str | None, store: Store, make_settings: MakeSettings
) -> None:
    await put(store, 1)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    settings = make_settings(EDGE_NETWORKS=EDGE, AUTH_REQUIRED_FOR="changes")
    async with client_of(settings, peer) as client:
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["expected"] == "a caller listed in TRUSTED_CALLERS"
        assert "proxy" not in answer.json()
        assert (await client.get("/get/", headers=headers)).json()["proxy"]


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [
        ("172.18.0.2", "127.0.0.1"),
        ("172.18.0.2", "::1"),
        ("172.18.0.2", "::ffff:127.0.0.1"),
        ("172.18.0.2", "10.7.1.1"),
        ("127.0.0.1", None),
    ],
)
async def test_trusted_callers_are_answered(
    peer: str, forwarded: str | None, store: Store, make_settings: MakeSettings
) -> None:
    await put(store, 1)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    settings = make_settings(EDGE_NETWORKS=EDGE, TRUSTED_CALLERS="127.0.0.1,::1,10.7.0.0/16")
    async with client_of(settings, peer) as client:
        assert (await client.get("/pop/", headers=headers)).json()["proxy"] == "203.0.113.1:80"


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("none", 200)]
)
async def test_another_sites_page_cannot_empty_the_pool(
    site: str, status: int, client: httpx.AsyncClient, store: Store
) -> None:
    await put(store, 1)
    answer = await client.get("/pop/", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == status


async def test_redis_gone_is_a_clean_503_and_back_is_back(
    relay: Relay, store: Store, make_settings: MakeSettings
) -> None:
    await put(store, 3)
    settings = make_settings(DB_CONN=pool_url(f"127.0.0.1:{relay.port}"))
    async with client_of(settings, "127.0.0.1") as client:
        assert (await client.get("/readyz")).status_code == 200
        await relay.cut()
        for path in ("/get/", "/pop/", "/all/", "/count/", "/delete/?proxy=1.1.1.1:1", "/readyz"):
            answer = await client.get(path)
            assert answer.status_code == 503, path
            assert answer.json()["name"] == "redis"
            assert answer.headers["retry-after"]
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/")).status_code == 200
        await relay.mend()
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/get/")).json()["proxy"]
        await relay.cut()  # pooled connections die, and the next call does not notice
        await relay.mend()
        assert (await client.get("/get/")).json()["proxy"]


async def test_a_wrong_password_is_a_503_and_stays_unsaid(make_settings: MakeSettings) -> None:
    settings = make_settings(DB_CONN=pool_url().replace(":pool@", ":hunter2@"))
    async with client_of(settings, "127.0.0.1") as client:
        answer = await client.get("/get/")
    assert answer.status_code == 503
    assert "hunter2" not in json.dumps(answer.json())
