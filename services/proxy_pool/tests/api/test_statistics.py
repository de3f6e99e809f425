import re
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from proxypool.protocol import Protocol
from proxypool.server import build_app
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

from tests.api.conftest import Call, Put, names_the_problem
from tests.conftest import MakeSettings, listed, pool_url
from tests.relay import Relay


async def test_statistics_say_how_the_pool_does(
    client: httpx.AsyncClient, put: Put, store: Store
) -> None:
    await put("203.0.113.1:80", protocols=(Protocol.SOCKS5,), region="CN")
    await store.add("siteB", listed("203.0.113.2:80"))
    await store.dispatch()
    work = await store.take("tester", 1, 0.1)
    await store.settle((one, Verdict(Outcome.FAILED, reason="timeout")) for one in work)
    await store.finish_crawl("siteB", {"fetched": 1, "error": "status 500"}, 60)

    content = (await client.get("/api/v2/stats")).json()
    assert content["good"] == 1
    assert content["known"] == 2
    assert content["checks"]["good"] == 1
    assert content["reasons"] == {"timeout": 1}
    facets = (await client.get("/api/v2/facets")).json()
    assert facets["socks5"] == facets["country:CN"] == facets["source:siteA"] == 1
    assert content["facets"] == facets
    sources = (await client.get("/api/v2/sources")).json()
    assert sources == content["sources"]
    assert (sources["siteA"]["alive"], sources["siteB"]["alive"]) == (1, 0)
    assert sources["siteB"]["error"] == "status 500"


async def test_history_is_given_for_some_hours(
    client: httpx.AsyncClient, put: Put, store: Store
) -> None:
    assert (await client.get("/api/v2/history")).json() == []
    await put("203.0.113.1:80")
    await store.sample_history()
    [sample] = (await client.get("/api/v2/history?hours=0.5")).json()
    assert (sample["good"], sample["https"]) == (1, 0)
    for hours in ("0", "-1", "nan", "1000", "x"):
        names_the_problem(await client.get(f"/api/v2/history?hours={hours}"), 400, "hours")


async def test_the_gateways_last_requests_are_shown(
    client: httpx.AsyncClient, store: Store
) -> None:
    assert (await client.get("/api/v2/requests")).json() == []
    request = {
        "ended": 1.5,
        "took_ms": 12,
        "kind": "http",
        "destination": "shop.example:80",
        "account": "pool",
        "outcome": "carried",
        "upstream": "203.0.113.1:80",
        "protocol": "http",
        "attempts": [{"upstream": "203.0.113.2:80", "protocol": "http", "reason": "timeout"}],
    }
    await store.note_passed([request, {**request, "outcome": "cut"}], 10)
    shown = (await client.get("/api/v2/requests?destination=SHOP.example&limit=1")).json()
    assert shown == [{**request, "outcome": "cut"}]
    assert (await client.get("/api/v2/requests?outcome=carried&account=pool")).json() == [request]
    assert (await client.get("/api/v2/requests?upstream=203.0.113.2:80")).json() == []
    names_the_problem(await client.get("/api/v2/requests?limit=0"), 400, "limit")
    names_the_problem(await client.get("/api/v2/requests?path=/"), 400, "query")


async def test_targets_are_put_read_and_deleted(client: httpx.AsyncClient, store: Store) -> None:
    assert (await client.get("/api/v2/targets")).json() == {}
    content = {"url": "https://shop.example/robots.txt", "expect_status": [200, 404]}
    answer = await client.put("/api/v2/targets/shop", json=content)
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "shop"
    [target] = (await store.targets()).values()
    assert target.url == content["url"]
    assert target.statuses == {200, 404}
    assert (await client.get("/api/v2/targets")).json()["shop"] == answer.json()
    changed = await client.put("/api/v2/targets/shop", json={**content, "interval_s": 60})
    assert changed.json()["interval_s"] == 60
    assert (await client.delete("/api/v2/targets/shop")).json() == {"ok": True}
    names_the_problem(await client.delete("/api/v2/targets/shop"), 404, "target")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ({}, "url"),
        ({"url": "ftp://shop.example/"}, "url"),
        ({"url": "http://user:pw@shop.example/"}, "url"),
        ({"url": "http://shop.example/", "expect_status": 99}, "expect_status"),
        ({"url": "http://shop.example/", "interval_s": 0}, "interval_s"),
        ({"url": "http://shop.example/", "headers": {"Host": "x"}}, "headers"),
        ({"url": "http://shop.example/", "headers": {"X": "a\r\nb"}}, "headers"),
        ({"url": "http://shop.example/", "origin": "file"}, "origin"),
        ({"url": "http://shop.example/", "name": "other"}, "name"),
    ],
)
async def test_a_bad_target_is_refused_and_named(
    content: dict[str, Any], name: str, client: httpx.AsyncClient
) -> None:
    answer = await client.put("/api/v2/targets/shop", json=content)
    assert answer.json()["name"].split(".")[0] == name, answer.text
    names_the_problem(answer, 400, answer.json()["name"])
    assert "pw" not in answer.text


@pytest.mark.parametrize("name", ["Shop", "a-b", "%00", "x" * 41, "1"])
async def test_a_bad_targets_name_is_refused(name: str, client: httpx.AsyncClient) -> None:
    content = {"url": "http://shop.example/"}
    names_the_problem(await client.put(f"/api/v2/targets/{name}", json=content), 400, "name")


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[str]], float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_metrics_show_the_pool(client: httpx.AsyncClient, put: Put, store: Store) -> None:
    await put("203.0.113.1:80", protocols=(Protocol.HTTP, Protocol.CONNECT), https=True)
    await put("203.0.113.2:80", protocols=(Protocol.SOCKS5,), source="siteB")
    await store.add("siteB", listed("203.0.113.3:80"))
    await store.dispatch()
    [work] = await store.take("tester", 1, 0.1)
    await store.settle([(work, Verdict(Outcome.FAILED, reason="timeout"))])
    await store.finish_crawl("siteB", {"finished": "2026-01-01 00:00:00"}, 60)
    found = await samples(client)

    def value(name: str, *labels: str) -> float:
        return found[f"proxypool_{name}", frozenset(labels)]

    assert value("store_up") == 1
    assert (value("good"), value("good_https"), value("known")) == (2, 1, 3)
    assert value("good_by_protocol", "connect") == 1
    assert value("good_by_protocol", "socks5") == 1
    assert value("good_by_protocol", "socks4") == 0
    assert value("good_by_anonymity", "elite") == 2
    assert value("checks_total", "good") == 2
    assert value("checks_total", "failed") == 1
    assert value("check_failures_total", "timeout") == 1
    assert value("source_alive", "siteB") == 1
    assert value("source_yield_ratio", "siteB") == 0.5
    assert value("source_last_crawl_age_seconds", "siteB") > 86400


async def test_metrics_count_requests_by_route(client: httpx.AsyncClient) -> None:
    for path in (
        "/get/",
        "/get/?country=China",
        "/nothing/1",
        "/nothing/2",
        "/api/v2/proxies/1.1.1.1:1",
        "/api/v2/proxies/1.1.1.1:2",
        "/api/v2/nothing",
        "/assets/theme.css",
    ):
        await client.get(path)
    found = await samples(client)
    requests = {
        labels: value
        for (name, labels), value in found.items()
        if name == "proxypool_http_requests_total"
    }
    assert requests == {
        frozenset(("/get/", "200")): 1,
        frozenset(("/get/", "400")): 1,
        frozenset(("none", "404")): 3,
        frozenset(("/api/v2/proxies/{proxy}", "404")): 2,
        frozenset(("/assets", "200")): 1,
    }
    assert found["proxypool_http_request_duration_seconds_count", frozenset(("/get/",))] == 2


async def test_metrics_names_are_in_the_forms_of_prometheus(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metrics")).text
    kinds = dict(re.findall(r"^# TYPE (proxypool_\w+) (\w+)$", text, re.MULTILINE))
    assert kinds
    for name, kind in kinds.items():
        assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(ms|percent|count|sum|bucket)$", name), name


async def test_metrics_ask_the_store_seldom(client: httpx.AsyncClient, put: Put) -> None:
    before = await samples(client)
    await put("203.0.113.1:80")
    key = ("proxypool_good", frozenset[str]())
    assert (await samples(client))[key] == before[key] == 0


async def test_sources_without_number_take_bounded_series(
    client: httpx.AsyncClient, store: Store
) -> None:
    for number in range(300):
        await store.finish_crawl(f"site{number}", {"finished": "2026-01-01 00:00:00"}, 60)
    found = await samples(client)
    assert sum(name == "proxypool_source_alive" for name, _ in found) == 200


PATHS = [
    ("GET", "/api/v2/proxies"),
    ("GET", "/api/v2/proxies?count=3"),
    ("GET", "/api/v2/proxies/random"),
    ("GET", "/api/v2/proxies/best"),
    ("POST", "/api/v2/proxies/pop"),
    ("GET", "/api/v2/proxies/1.1.1.1:1"),
    ("DELETE", "/api/v2/proxies/user:s3cret@1.1.1.1:1"),
    ("GET", "/api/v2/export"),
    ("GET", "/api/v2/stats"),
    ("GET", "/api/v2/history"),
    ("GET", "/api/v2/facets"),
    ("GET", "/api/v2/targets"),
    ("GET", "/api/v2/sources"),
    ("DELETE", "/api/v2/targets/shop"),
]
BODIES = [
    ("POST", "/api/v2/proxies", {"proxies": ["1.1.1.1:1"]}),
    ("POST", "/api/v2/proxies/1.1.1.1:1/report", {"ok": True}),
    ("POST", "/api/v2/import", ["1.1.1.1:1"]),
    ("PUT", "/api/v2/targets/shop", {"url": "http://shop.example/"}),
]


async def test_redis_gone_is_a_clean_503_everywhere(
    relay: Relay, store: Store, make_settings: MakeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = make_settings(DB_CONN=pool_url(f"127.0.0.1:{relay.port}"))
    transport = httpx.ASGITransport(build_app(settings), client=("127.0.0.1", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://pool:5010") as client:
        assert (await client.get("/api/v2/stats")).status_code == 200
        await relay.cut()
        for method, path in PATHS:
            answer = await client.request(method, path)
            names_the_problem(answer, 503, "redis")
            assert answer.headers["retry-after"]
        for method, path, body in BODIES:
            names_the_problem(await client.request(method, path, json=body), 503, "redis")
        assert "redis does not answer" in caplog.text
        assert "s3cret" not in caplog.text
        found = await samples(client)
        assert found["proxypool_store_up", frozenset[str]()] == 0
        assert found["proxypool_store_errors_total", frozenset[str]()] > len(PATHS)
        assert "proxypool_good" not in {name for name, _ in found}
        await relay.mend()
        assert (await client.get("/api/v2/stats")).status_code == 200


async def test_health_needs_nobody(call: Call) -> None:
    client = call("203.0.113.9")
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json() == {"status": "ok", "redis": "ok"}
