"""Other upstreams are tried while nothing has been sent to the client, and not afterwards."""

import json
import socket
from typing import Any

import pytest

from tests.conftest import REDIS_ADDRESS
from tests.gateway.conftest import (
    SITE,
    MakeUpstream,
    Plant,
    Running,
    StartGateway,
    basic,
)
from tests.gateway.origin import BLOCK, Origin
from tests.ports import free_port

FAULTS = {
    "hangs": "timeout",
    "closes": "closed",
    "garbage": "bad_answer",
    "unreachable": "destination_unreachable",
    "status 407": "auth_required",
}


@pytest.fixture
async def eager(start_gateway: StartGateway) -> Running:
    """A gateway that tries many."""
    return await start_gateway(GATEWAY_ATTEMPTS="9")


@pytest.fixture
async def hurried(start_gateway: StartGateway) -> Running:
    """One that does not wait long either, for upstreams that hang; good ones have to be quick."""
    return await start_gateway(GATEWAY_FIRST_BYTE_TIMEOUT="1", GATEWAY_ATTEMPTS="9")


@pytest.mark.parametrize(
    ("protocol", "fault"),
    [
        (protocol, fault)
        for protocol in ("http", "connect", "socks5", "socks4a")
        for fault in ("refuses", *FAULTS)
        if not (fault == "status 407" and protocol.startswith("socks"))
    ],
)
async def test_a_request_survives_faulty_upstreams(
    fault: str,
    protocol: str,
    make_upstream: MakeUpstream,
    plant: Plant,
    eager: Running,
    hurried: Running,
) -> None:
    gateway = hurried if fault == "hangs" else eager
    for _ in range(3):
        if fault == "refuses":
            await plant(f"127.0.0.1:{free_port()}", protocol)
        else:
            await make_upstream(protocol, fault=fault)
    good = await make_upstream(protocol)
    for _ in range(4):
        client = await gateway.client()
        status, headers, _ = await client.get()
        assert (status, headers["x-proxy-upstream"]) == (200, good.place)
        client = await gateway.client()
        if protocol != "http":
            status, headers, _ = await client.connect()
            assert (status, headers["x-proxy-upstream"]) == (200, good.place)


async def test_when_none_works_the_client_is_told_of_each(
    make_upstream: MakeUpstream, plant: Plant, start_gateway: StartGateway
) -> None:
    running = await start_gateway(GATEWAY_FIRST_BYTE_TIMEOUT="0.5", GATEWAY_ATTEMPTS="3")
    await plant(f"u:hunter2@127.0.0.1:{free_port()}", "socks5")
    await make_upstream("socks5", fault="garbage")
    await make_upstream("socks5", fault="unreachable")
    await make_upstream("http", fault="hangs")
    for ask in ("get", "connect"):
        client = await running.client()
        status, _, body = await getattr(client, ask)()
        assert status == 502
        answer = json.loads(body)
        assert len(answer["attempts"]) == 3
        assert {one["reason"] for one in answer["attempts"]} <= {
            "connect_refused",
            "bad_answer",
            "destination_unreachable",
            "timeout",
        }
        assert "hunter2" not in body.decode()
    assert status == 502


async def test_with_none_to_try_it_is_503(start_gateway: StartGateway, plant: Plant) -> None:
    running = await start_gateway()
    await plant("127.0.0.1:1", "socks5", country="CN")
    client = await running.client()
    for user in ("pool-country-DE", "pool-protocol-connect", "pool-target-shop"):
        status, headers, body = await client.get(user=user)
        assert (status, json.loads(body)["name"]) == (503, "upstream")
        assert headers["retry-after"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_have_reached_the_site_is_not_sent_twice(
    method: str, make_upstream: MakeUpstream, eager: Running
) -> None:
    for _ in range(5):
        await make_upstream("http", fault="closes")
    client = await eager.client()
    status, _, body = await client.get(method=method, extra="Content-Length: 0\r\n")
    assert status == 502
    assert len(json.loads(body)["attempts"]) == 1


async def test_a_post_goes_on_where_the_upstream_was_never_reached(
    make_upstream: MakeUpstream, plant: Plant, eager: Running, origin: Origin
) -> None:
    for _ in range(3):
        await plant(f"127.0.0.1:{free_port()}", "http")
    good = await make_upstream("http")
    client = await eager.client()
    client.send(f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: 4\r\n\r\nbody")
    status, headers, _ = await client.answer()
    assert (status, headers["x-proxy-upstream"]) == (200, good.place)
    assert [asked.body for asked in origin.asked] == [b"body"]


@pytest.mark.parametrize("size", [0, 1, 60_000])
async def test_a_small_body_is_sent_again(
    size: int, make_upstream: MakeUpstream, hurried: Running, origin: Origin
) -> None:
    for _ in range(3):
        await make_upstream("http", fault="hangs")
    await make_upstream("http")
    body = BLOCK[:size]
    client = await hurried.client()
    client.send(f"PUT http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: {size}\r\n\r\n")
    client.send(body)
    assert (await client.answer())[0] == 200
    assert [asked.body for asked in origin.asked] == [body]


async def test_a_large_body_is_not_kept_for_another_attempt(
    make_upstream: MakeUpstream, hurried: Running
) -> None:
    for _ in range(3):
        await make_upstream("http", fault="hangs")
    client = await hurried.client()
    client.send(f"PUT http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: 200000\r\n\r\n")
    client.send((BLOCK * 4)[:200_000])
    status, _, body = await client.answer()
    assert status == 502
    assert len(json.loads(body)["attempts"]) == 1


async def test_after_the_first_byte_nothing_is_tried_again(
    make_upstream: MakeUpstream, eager: Running, origin: Origin
) -> None:
    for _ in range(3):
        await make_upstream("http")
    client = await eager.client()
    client.send(f"GET http://{SITE}/dies HTTP/1.1\r\n{basic()}\r\n")
    assert (await client.head())[0] == 200
    assert await client.reader.read() == b"half"
    assert len(origin.asked) == 1


async def test_endless_headers_of_an_upstream_are_cut(
    make_upstream: MakeUpstream, eager: Running
) -> None:
    await make_upstream("http", fault="endless head")
    client = await eager.client()
    status, _, body = await client.get()
    assert status == 502
    assert json.loads(body)["attempts"][0]["reason"] == "too_large"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_proxys_own_502_is_not_the_sites(
    status: int, make_upstream: MakeUpstream, eager: Running
) -> None:
    for _ in range(1):
        await make_upstream("http", fault=f"status {status}")
    good = await make_upstream("http")
    for _ in range(6):
        client = await eager.client()
        got, headers, _ = await client.get()
        assert (got, headers["x-proxy-upstream"]) == (200, good.place)


async def test_a_sites_own_503_is_passed_on(
    make_upstream: MakeUpstream, eager: Running, origin: Origin
) -> None:
    await make_upstream("http")
    client = await eager.client()
    status, _, body = await client.get(f"http://{SITE}/status/503")
    assert (status, body) == (503, b"body"), "also where there is only one upstream"
    await make_upstream("http")
    await make_upstream("http")
    origin.asked.clear()
    status, _, body = await client.get(f"http://{SITE}/status/503")
    assert (status, body) == (503, b"body")
    assert len(origin.asked) <= 2, "one other is asked, not all"
    status, _, body = await client.get(f"http://{SITE}/status/404")
    assert (status, body) == (404, b"body")


async def test_one_that_has_just_failed_waits_behind_others(
    make_upstream: MakeUpstream, eager: Running
) -> None:
    bad = [await make_upstream("http", fault="garbage") for _ in range(3)]
    await make_upstream("http")
    client = await eager.client()
    for _ in range(20):
        assert (await client.get())[0] == 200
    assert all(upstream.connections <= 1 for upstream in bad)


async def test_plain_requests_prefer_plain_proxies(
    make_upstream: MakeUpstream, eager: Running
) -> None:
    tunnel = await make_upstream("connect", "socks5")
    plain = await make_upstream("http")
    client = await eager.client()
    for _ in range(5):
        assert (await client.get())[1]["x-proxy-upstream"] == plain.place
    await plain.stop()
    assert (await client.get())[1]["x-proxy-upstream"] == tunnel.place
    assert tunnel.destinations == [("socks5", f"{SITE}:80")]


FILTERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("country-CN", {"country": "CN"}, {"country": "DE"}),
    ("https", {"https": True}, {"https": False}),
    ("anonymity-elite", {"anonymity": "elite"}, {"anonymity": "anonymous"}),
    ("maxlatency-200", {"latency_ms": 150}, {"latency_ms": 250}),
    ("asn-64500", {"asn": 64500}, {"asn": 64501}),
]


@pytest.mark.parametrize(("name", "right", "wrong"), FILTERS, ids=[name for name, *_ in FILTERS])
async def test_filters_choose(
    name: str,
    right: dict[str, Any],
    wrong: dict[str, Any],
    make_upstream: MakeUpstream,
    eager: Running,
) -> None:
    for _ in range(3):
        await make_upstream(**wrong)
    good = await make_upstream(**right)
    client = await eager.client()
    for _ in range(5):
        assert (await client.get(user=f"pool-{name}"))[1]["x-proxy-upstream"] == good.place


async def test_the_filter_protocol_chooses_what_is_spoken(
    make_upstream: MakeUpstream, eager: Running
) -> None:
    upstream = await make_upstream()
    client = await eager.client()
    for protocol in ("http", "connect", "socks5", "socks4a"):
        assert (await client.get(user=f"pool-protocol-{protocol}"))[0] == 200
    assert [how for how, _ in upstream.destinations] == ["http", "connect", "socks5", "socks4a"]
    status, _, body = await client.connect(user="pool-protocol-http")
    assert (status, json.loads(body)["name"]) == (400, "protocol")


async def test_destinations_names_are_never_looked_up(
    make_upstream: MakeUpstream, eager: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    real = socket.getaddrinfo

    def watched(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return real(host, *rest, **more)

    for protocol in ("http", "connect", "socks5", "socks4a"):
        await make_upstream(protocol)
    monkeypatch.setattr(socket, "getaddrinfo", watched)
    for name in ("gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        monkeypatch.setattr(socket, name, lambda *_: pytest.fail("a name was looked up"))
    client = await eager.client()
    for protocol in ("http", "connect", "socks5", "socks4a"):
        user = f"pool-protocol-{protocol}"
        assert (await client.get(user=user))[0] == 200
        assert (await client.get("http://nowhere.example/", user=user))[0] == 502
    redis = REDIS_ADDRESS.partition(":")[0]
    assert set(asked) <= {"127.0.0.1", redis}, "upstreams' own addresses, and the store's"


async def test_an_upstream_at_an_address_that_is_not_allowed_is_not_used(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    upstream = await make_upstream()
    running = await start_gateway(ALLOWED_UPSTREAM_NETWORKS="192.0.2.0/24")
    client = await running.client()
    status, _, body = await client.get()
    assert status == 502
    assert json.loads(body)["attempts"][0]["reason"] == "address_not_allowed"
    assert not upstream.heads


async def test_upstreams_may_have_names(
    make_upstream: MakeUpstream, plant: Plant, eager: Running
) -> None:
    upstream = await make_upstream(planted=False)
    await plant(f"localhost:{upstream.port}", "socks5")
    client = await eager.client()
    for _ in range(2):
        status, headers, _ = await client.get()
        assert (status, headers["x-proxy-upstream"]) == (200, f"localhost:{upstream.port}")


async def test_a_name_that_nobody_knows_is_told(plant: Plant, eager: Running) -> None:
    await plant("proxy.invalid:8080", "socks5")
    client = await eager.client()
    status, _, body = await client.get()
    assert status == 502
    assert json.loads(body)["attempts"][0]["reason"] in ("name_unknown", "connect_timeout")
