"""CONNECT and SOCKS5: tunnels through every kind of upstream."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterable
from typing import Any

import pytest

from tests.gateway.conftest import (
    SECRET,
    SITE,
    Client,
    MakeUpstream,
    Running,
    StartGateway,
    basic,
)
from tests.gateway.origin import BLOCK, Origin

ASK = b"GET /inside HTTP/1.1\r\nHost: site\r\nConnection: close\r\n\r\n"


def login(user: str = "pool", secret: str = SECRET) -> bytes:
    return b"\x01" + bytes([len(user)]) + user.encode() + bytes([len(secret)]) + secret.encode()


def to_name(name: str, port: int = 443) -> bytes:
    return b"\x05\x01\x00\x03" + bytes([len(name)]) + name.encode("latin-1") + pack(port)


def pack(port: int) -> bytes:
    return struct.pack("!H", port)


async def socks5(client: Client, request: bytes, user: str = "pool") -> int:
    """Log in and ask; the reply's code."""
    client.send(b"\x05\x01\x02")
    assert await client.reader.readexactly(2) == b"\x05\x02"
    client.send(login(user))
    assert await client.reader.readexactly(2) == b"\x01\x00"
    client.send(request)
    return (await client.reader.readexactly(10))[1]


@pytest.fixture(params=["connect", "socks4a", "socks5"])
async def upstream(request: pytest.FixtureRequest, make_upstream: MakeUpstream) -> Any:
    return await make_upstream(request.param)


async def test_connect_opens_a_tunnel_and_names_the_upstream(upstream: Any, client: Client) -> None:
    status, headers, _ = await client.connect()
    assert (status, headers["x-proxy-upstream"]) == (200, upstream.place)
    client.send(ASK)
    _, _, body = await client.answer()
    assert json.loads(body)["target"] == "/inside"


async def test_socks5_opens_a_tunnel(upstream: Any, client: Client) -> None:
    assert await socks5(client, to_name(SITE)) == 0
    client.send(ASK)
    _, _, body = await client.answer()
    assert json.loads(body)["target"] == "/inside"


async def test_a_socks5_handshake_may_come_byte_by_byte_or_all_at_once(
    upstream: Any, gateway: Running
) -> None:
    whole = b"\x05\x01\x02" + login() + to_name(SITE) + ASK
    at_once = await gateway.client()
    at_once.send(whole)
    slowly = await gateway.client()
    for byte in whole:
        slowly.send(bytes([byte]))
        await slowly.writer.drain()
        await asyncio.sleep(0)
    for client in (at_once, slowly):
        assert (await client.reader.readexactly(14))[5] == 0
        assert (await client.answer())[0] == 200


async def test_what_a_client_sends_too_early_is_not_lost(upstream: Any, client: Client) -> None:
    client.send(f"CONNECT {SITE}:443 HTTP/1.1\r\n{basic()}\r\n".encode() + ASK)
    assert (await client.head())[0] == 200
    assert (await client.answer())[0] == 200


@pytest.mark.parametrize("protocol", ["socks4", "socks4a", "socks5", "connect"])
async def test_literal_addresses_go_by_every_kind_of_tunnel(
    protocol: str, make_upstream: MakeUpstream, gateway: Running
) -> None:
    upstream = await make_upstream(protocol)
    client = await gateway.client()
    assert (await client.connect("203.0.113.9:443"))[0] == 403, "that range is for documents"
    assert (await client.connect("8.8.8.8:443"))[0] == 502, "it knows no such address"
    assert upstream.destinations == [(upstream.destinations[0][0], "8.8.8.8:443")]
    client = await gateway.client()
    address = b"\x05\x01\x00\x01" + socket.inet_aton("8.8.8.8") + pack(443)
    assert await socks5(client, address) == 4


async def test_a_name_is_never_given_to_socks4(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    await make_upstream("socks4")
    client = await gateway.client()
    assert (await client.connect())[0] == 503
    status, _, body = await client.get(user="pool-protocol-socks4")
    assert (status, json.loads(body)["name"]) == (400, "protocol")


async def test_ipv6_destinations(make_upstream: MakeUpstream, gateway: Running) -> None:
    upstream = await make_upstream("socks5", "connect")
    client = await gateway.client()
    await client.connect("[2606:4700::1111]:443")
    client = await gateway.client()
    address = b"\x05\x01\x00\x04" + socket.inet_pton(socket.AF_INET6, "2606:4700::1111")
    await socks5(client, address + pack(8443))
    asked = [place for _, place in upstream.destinations]
    assert asked == ["2606:4700::1111:443", "2606:4700::1111:8443"]


async def test_each_direction_ends_by_itself(upstream: Any, client: Client, origin: Origin) -> None:
    assert (await client.connect())[0] == 200
    client.send(b"GET /waits HTTP/1.1\r\nHost: site\r\n\r\n")
    client.writer.write_eof()
    while not origin.asked:
        await asyncio.sleep(0.01)
    origin.released.set()
    assert (await client.answer())[2] == b"ok"
    assert await client.reader.read() == b""


async def test_much_passes_both_ways_unchanged(
    upstream: Any, client: Client, origin: Origin
) -> None:
    assert (await client.connect())[0] == 200
    size = 8_000_000
    body = (BLOCK * (size // len(BLOCK) + 1))[:size]
    client.send(b"POST /up HTTP/1.1\r\nHost: s\r\nContent-Length: %d\r\n\r\n" % size + body)
    assert (await client.answer())[0] == 200
    assert origin.asked[0].body == body
    client.send(b"GET /bytes/%d HTTP/1.1\r\nHost: s\r\n\r\n" % size)
    assert (await client.answer())[2] == body


async def test_a_tunnel_on_which_nothing_moves_is_closed(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_IDLE_TIMEOUT="0.3")
    client = await running.client()
    assert (await client.connect())[0] == 200
    assert await client.reader.read() == b""
    assert running.count("gateway_requests_total", kind="connect", outcome="idle") == 1


async def test_an_upstream_that_dies_ends_the_tunnel(
    make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream()
    assert (await client.connect())[0] == 200
    client.send(b"GET /waits HTTP/1.1\r\nHost: s\r\n\r\n")
    upstream.abort_connections()
    assert await client.reader.read() == b""


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"\x05\x01\x00", b"\x05\xff"),
        (b"\x05\x00", b"\x05\xff"),
        (b"\x05\x03\x00\x01\x03", b"\x05\xff"),
        (b"\x05\x01\x02" + login(secret="wrong"), b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02" + login(user="nobody"), b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02" + login(user="pool-planet-mars"), b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02" + b"\x01\x02\xff\xfe\x01x", b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02\x05\x01x\x01x", b"\x05\x02"),
        (b"\x05\x01\x02" + login() + b"\x04\x01\x00\x01", b"\x05\x02\x01\x00"),
        (b"\x04\x01\x01\xbb\x08\x08\x08\x08\x00", b"\x00\x5b" + bytes(6)),
    ],
)
async def test_a_bad_handshake_is_turned_away(
    sent: bytes, expected: bytes, make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream()
    client.send(sent)
    assert await client.reader.read() == expected
    assert not upstream.connections


@pytest.mark.parametrize(
    ("request_bytes", "code"),
    [
        (b"\x05\x02" + to_name(SITE)[2:], 7),  # BIND
        (b"\x05\x03" + to_name(SITE)[2:], 7),  # UDP ASSOCIATE
        (b"\x05\x01\x00\x09", 8),
        (to_name("localhost"), 2),
        (to_name("127.0.0.1"), 2),
        (to_name(SITE, 25), 2),
        (to_name("bücher.example"), 2),
        (to_name(""), 2),
        (b"\x05\x01\x00\x01" + socket.inet_aton("10.0.0.1") + pack(80), 2),
        (b"\x05\x01\x00\x04" + socket.inet_pton(socket.AF_INET6, "::1") + pack(80), 2),
        (to_name(SITE), 1),  # the pool is empty
    ],
)
async def test_socks5_refusals_have_their_codes(
    request_bytes: bytes, code: int, client: Client
) -> None:
    assert await socks5(client, request_bytes) == code


async def test_a_half_sent_handshake_is_not_waited_for(start_gateway: StartGateway) -> None:
    running = await start_gateway(GATEWAY_HEAD_TIMEOUT="0.2")
    for sent in (b"", b"\x05", b"\x05\x01\x02\x01\x04po"):
        client = await running.client()
        client.send(sent)
        assert len(await client.reader.read()) in (0, 2)


def the_ports(places: Iterable[tuple[str, str]]) -> list[str]:
    return [how for how, _ in places]


async def test_port_443_prefers_connect_and_other_ports_socks(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    upstream = await make_upstream("connect", "socks5")
    for port in (443, 80, 8443):
        await (await gateway.client()).connect(f"{SITE}:{port}")
    assert the_ports(upstream.destinations) == ["connect", "socks5", "socks5"]


async def test_upstreams_that_break_tls_come_last_for_443(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    breaker = await make_upstream("connect", https=False)
    good = await make_upstream("connect")
    for _ in range(5):
        assert (await (await gateway.client()).connect())[1]["x-proxy-upstream"] == good.place
    assert not breaker.connections
