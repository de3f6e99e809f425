"""What requests tell about upstreams moves their scores, and only what is their doing."""

import asyncio
import json
from typing import Any

import pytest
from proxypool.gateway.feedback import Feedback
from proxypool.gateway.metrics import Metrics
from proxypool.gateway.upstreams import Upstreams
from proxypool.store import Store

from tests.conftest import Admin, Until, pool_url
from tests.gateway.conftest import SITE, Client, MakeUpstream, Running, StartGateway, basic
from tests.gateway.upstreams import Upstream
from tests.relay import Relay

REPORTS = "proxy_pool:use_proxy:reports"


async def reports(running: Running, admin: Admin) -> dict[str, str]:
    await running.gateway.report_now()
    found: dict[str, str] = await admin.hgetall(REPORTS)
    return found


async def rate(store: Store, upstream: Upstream) -> float:
    record = await store.record(upstream.name)
    assert record is not None
    return float(json.loads(record)["success_rate"])


async def test_a_success_raises_the_score(
    make_upstream: MakeUpstream, gateway: Running, client: Client, store: Store, admin: Admin
) -> None:
    upstream = await make_upstream()
    before = await rate(store, upstream)
    assert (await client.get())[0] == 200
    assert (await client.get(f"http://{SITE}/status/404"))[0] == 404
    assert await reports(gateway, admin) == {"gateway ok": "2"}
    assert await rate(store, upstream) > before


@pytest.mark.parametrize("fault", ["garbage", "status 407", "status 511"])
async def test_an_upstreams_own_fault_lowers_it(
    fault: str, make_upstream: MakeUpstream, gateway: Running, client: Client, store: Store
) -> None:
    upstream = await make_upstream("http", fault=fault)
    before = await rate(store, upstream)
    assert (await client.get())[0] == 502
    await gateway.gateway.report_now()
    assert await rate(store, upstream) < before


async def test_a_dead_site_is_nobodys_fault(
    make_upstream: MakeUpstream, gateway: Running, client: Client, admin: Admin
) -> None:
    for protocol in ("http", "connect", "socks5", "socks4a"):
        await make_upstream(protocol)
    for _ in range(3):
        assert (await client.get("http://nowhere.example/"))[0] == 502
        assert (await (await gateway.client()).connect("nowhere.example:443"))[0] == 502
    assert await reports(gateway, admin) == {}


async def test_one_that_does_not_reach_a_site_that_others_reach_is_at_fault(
    make_upstream: MakeUpstream, gateway: Running, store: Store
) -> None:
    bad = await make_upstream("socks5", fault="unreachable")
    good = await make_upstream("socks5")
    before = await rate(store, bad)
    while not bad.connections:
        client = await gateway.client()
        assert (await client.connect())[0] == 200
        client.send(b"GET / HTTP/1.1\r\nHost: s\r\n\r\n")
        assert (await client.answer())[0] == 200
    await gateway.gateway.report_now()
    assert await rate(store, bad) < before
    assert await rate(store, good) > before


async def test_a_client_that_leaves_is_not_the_upstreams_fault(
    make_upstream: MakeUpstream, start_gateway: StartGateway, admin: Admin, until: Until
) -> None:
    gateway = await start_gateway(GATEWAY_FIRST_BYTE_TIMEOUT="1")
    await make_upstream()
    for ask in (
        f"GET http://{SITE}/waits HTTP/1.1\r\n{basic()}\r\n",
        f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: 10\r\n\r\nhalf",
        f"CONNECT {SITE}:443 HTTP/1.1\r\n{basic()}\r\n",
    ):
        client = await gateway.client()
        client.send(ask)
        await asyncio.sleep(0.1)
        client.writer.transport.abort()

    async def gone() -> bool:
        return gateway.count("gateway_connections") == 0

    await until(gone, 40)
    assert not (await reports(gateway, admin)).get("gateway failed")


async def test_a_tunnel_that_brings_nothing_is_a_failure_where_the_site_is_known_to_answer(
    make_upstream: MakeUpstream, gateway: Running, admin: Admin, until: Until
) -> None:
    good = await make_upstream("socks5")
    client = await gateway.client()
    assert (await client.connect())[0] == 200
    client.send(b"GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.answer()
    await client.close()
    await good.stop()
    await make_upstream("connect", fault="closes tunnels")
    client = await gateway.client()
    assert (await client.connect(user="pool-protocol-connect"))[0] == 200
    client.send(b"hello")
    assert await client.reader.read() == b""

    async def counted() -> Any:
        return (await reports(gateway, admin)).get("gateway failed")

    await client.close()
    assert await until(counted, 20) == "1"


async def test_a_targets_result_is_kept_for_it(
    make_upstream: MakeUpstream, gateway: Running, client: Client, store: Store
) -> None:
    from proxypool.targets import Target

    await store.put_target(Target(name="shop", url=f"http://{SITE}/"))
    right = await make_upstream(target="shop")
    await make_upstream()
    for _ in range(3):
        assert (await client.get(user="pool-target-shop"))[1]["x-proxy-upstream"] == right.place
    await gateway.gateway.report_now()
    record = await store.record(right.name)
    assert record is not None
    assert json.loads(record)["targets"]["shop"]["works"] is True


async def test_while_redis_is_away_requests_go_on_and_reports_wait(
    make_upstream: MakeUpstream,
    start_gateway: StartGateway,
    relay: Relay,
    admin: Admin,
) -> None:
    await make_upstream()
    running = await start_gateway(DB_CONN=pool_url(f"127.0.0.1:{relay.port}"))
    client = await running.client()
    assert (await client.get())[0] == 200
    await relay.cut()
    for _ in range(3):
        assert (await client.get())[0] == 200
        assert (await client.get(user="pool-session-x"))[0] in (200, 503)
    await running.gateway.report_now()
    assert await admin.hgetall(REPORTS) == {}
    await relay.mend()
    assert int((await reports(running, admin))["gateway ok"]) >= 4


async def test_without_redis_from_the_start_it_says_so(
    start_gateway: StartGateway, relay: Relay
) -> None:
    running = await start_gateway(DB_CONN=pool_url(f"127.0.0.1:{relay.port}"))
    await relay.cut()
    client = await running.client()
    status, headers, body = await client.get()
    assert (status, json.loads(body)["name"]) == (503, "redis")
    assert headers["retry-after"]


async def test_a_busy_upstreams_results_are_a_sample(
    make_upstream: MakeUpstream, store: Store, admin: Admin
) -> None:
    upstream = await make_upstream()
    metrics = Metrics()
    feedback = Feedback(store, Upstreams(store), metrics)
    for _ in range(60):
        feedback.succeeded(upstream.name, f"{SITE}:80", "")
    await feedback.flush()
    assert await admin.hgetall(REPORTS) == {"gateway ok": "10"}
    assert metrics.value("gateway_reports_total", {"fate": "left_out"}) == 50
