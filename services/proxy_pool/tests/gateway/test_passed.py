"""The gateway's last requests are kept for those who ask which upstream carried what."""

import time
from typing import Any

from proxypool.store import Store

from tests.conftest import pool_url
from tests.gateway.conftest import SITE, Client, MakeUpstream, Running, StartGateway
from tests.relay import Relay


async def last(running: Running, store: Store, **wanted: str) -> list[dict[str, Any]]:
    await running.gateway.report_now()
    return await store.passed(100, wanted)


async def test_a_request_says_who_asked_for_what_and_what_carried_it(
    make_upstream: MakeUpstream, gateway: Running, client: Client, store: Store
) -> None:
    upstream = await make_upstream("http")
    began = time.time()
    assert (await client.get(f"http://{SITE}/a/secret/path?token=1"))[0] == 200
    [request] = await last(gateway, store)
    assert began - 1 < request.pop("ended") < time.time() + 1
    assert 0 <= request.pop("took_ms") < 60_000
    assert request == {
        "kind": "http",
        "destination": f"{SITE}:80",
        "account": "pool",
        "outcome": "carried",
        "upstream": upstream.name,
        "protocol": "http",
        "attempts": [],
    }


async def test_tunnels_are_among_them_when_they_have_ended(
    make_upstream: MakeUpstream, gateway: Running, store: Store
) -> None:
    upstream = await make_upstream("connect")
    client = await gateway.client()
    assert (await client.connect())[0] == 200
    assert await last(gateway, store) == []
    client.send(b"GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    await client.answer()
    await client.close()
    while not (found := await last(gateway, store)):
        pass
    [request] = found
    assert (request["kind"], request["outcome"]) == ("connect", "carried")
    assert (request["destination"], request["upstream"]) == (f"{SITE}:443", upstream.name)


async def test_attempts_in_vain_and_requests_without_an_upstream_are_told(
    make_upstream: MakeUpstream, gateway: Running, client: Client, store: Store
) -> None:
    assert (await client.get(user="pool-anonymity-elite-country-CN"))[0] == 503
    bad = await make_upstream("http", fault="garbage")
    assert (await client.get())[0] == 502
    tunnel = await gateway.client()
    assert (await tunnel.connect(user="pool-country-DE"))[0] == 503
    no_tunnel, failed, none = await last(gateway, store, account="pool")
    assert (no_tunnel["kind"], no_tunnel["outcome"]) == ("connect", "none")
    assert (none["outcome"], none["upstream"], none["attempts"]) == ("none", "", [])
    assert failed["outcome"] == "failed"
    assert gateway.count("gateway_requests_total", kind="http", outcome="none") == 1
    assert gateway.count("gateway_requests_total", kind="http", outcome="failed") == 1
    assert failed["attempts"] == [
        {"upstream": bad.name, "protocol": "http", "reason": "bad_answer"}
    ]


async def test_only_the_last_ones_are_kept_and_they_are_searched(
    make_upstream: MakeUpstream, start_gateway: StartGateway, store: Store
) -> None:
    await make_upstream("http")
    running = await start_gateway(GATEWAY_HISTORY="3")
    client = await running.client()
    for number in range(5):
        assert (await client.get(f"http://{SITE}/{number}"))[0] == 200
        await running.gateway.report_now()
    assert len(await last(running, store)) == 3
    assert len(await last(running, store, destination=SITE)) == 3
    assert len(await last(running, store, destination=f"{SITE}:80")) == 3
    assert await last(running, store, destination="other.test") == []
    assert await last(running, store, outcome="failed") == []
    assert len(await store.passed(2, {})) == 2


async def test_none_is_kept_where_none_is_wanted(
    make_upstream: MakeUpstream, start_gateway: StartGateway, store: Store
) -> None:
    await make_upstream("http")
    running = await start_gateway(GATEWAY_HISTORY="0")
    assert (await (await running.client()).get())[0] == 200
    assert await last(running, store) == []


async def test_they_wait_while_redis_is_away(
    make_upstream: MakeUpstream, start_gateway: StartGateway, store: Store, relay: Relay
) -> None:
    await make_upstream("http")
    running = await start_gateway(DB_CONN=pool_url(f"127.0.0.1:{relay.port}"))
    client = await running.client()
    assert (await client.get())[0] == 200
    await relay.cut()
    await running.gateway.report_now()
    assert await store.passed(10, {}) == []
    await relay.mend()
    assert len(await last(running, store)) == 1
