"""The PROXY protocol: whole, in pieces, broken; and who must speak it."""

import contextlib
import socket
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proxypool.gateway.proxy_protocol import BadProxyHeaderError, ProxyHeader, read

from tests.gateway.conftest import MakeUpstream, StartGateway, basic

START = b"\r\n\r\n\x00\r\nQUIT\n"


def v2(
    source: str = "198.51.100.7", *, command: int = 0x21, kind: int | None = None, more: bytes = b""
) -> bytes:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    packed = socket.inet_pton(family, source)
    addresses = packed + packed + struct.pack("!HH", 40000, 5011) + more
    if kind is None:
        kind = 0x21 if ":" in source else 0x11
    return START + struct.pack("!BBH", command, kind, len(addresses)) + addresses


@pytest.mark.parametrize(
    ("data", "caller"),
    [
        (b"PROXY TCP4 198.51.100.7 203.0.113.1 40000 5011\r\n", "198.51.100.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 5011\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", ""),
        (b"PROXY UNKNOWN ffff:f::1 ffff::1 65535 65535\r\n", ""),
        (v2(), "198.51.100.7"),
        (v2("2001:db8::7"), "2001:db8::7"),
        (v2(more=b"\x04\x00\x01x"), "198.51.100.7"),
        (v2(command=0x20), ""),
        (START + b"\x20\x00\x00\x00", ""),
        (START + b"\x21\x00\x00\x00", ""),
    ],
)
def test_a_header_is_read_whole_and_in_pieces(data: bytes, caller: str) -> None:
    assert read(data + b"GET") == ProxyHeader(len(data), caller)
    for end in range(len(data)):
        assert read(data[:end]) is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x05\x01\x00",
        b"PROXY TCP4 198.51.100.7 203.0.113.1 40000\r\n",
        b"PROXY TCP4 198.51.100.7 203.0.113.1 40000 5011 9\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 5011\r\n",
        b"PROXY TCP6 198.51.100.7 203.0.113.1 40000 5011\r\n",
        b"PROXY TCP4 198.51.100.999 203.0.113.1 40000 5011\r\n",
        b"PROXY TCP4 198.51.100.7 203.0.113.1 -1 5011\r\n",
        b"PROXY TCP4 198.51.100.7 203.0.113.1 99999 5011\r\n",
        b"PROXY UDP4 198.51.100.7 203.0.113.1 1 5011\r\n",
        b"PROXY \r\n",
        b"PROXY " + b"x" * 200,
        v2(command=0x11),
        v2(command=0x22),
        v2(kind=0x12),
        v2(kind=0x31),
        v2(kind=0x21),
        START + b"\x21\x11\xff\xff",
        START + b"\x21\x11\x00\x04abcd",
    ],
)
def test_a_broken_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadProxyHeaderError):
        read(data)


@settings(database=None, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda more: START + more)))
def test_any_bytes_are_a_header_or_refused(data: bytes) -> None:
    try:
        header = read(data)
    except BadProxyHeaderError:
        return
    assert header is None or header.size <= len(data)


ASK = f"GET http://site.test/ HTTP/1.1\r\n{basic()}\r\n".encode()
EDGE = {"GATEWAY_PROXY_PROTOCOL_FROM": "127.0.0.0/8"}


@pytest.mark.parametrize("header", [b"PROXY TCP4 198.51.100.7 127.0.0.1 1 2\r\n", v2()])
async def test_the_edge_says_who_calls(
    header: bytes, make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_REQUIRE_CREDENTIALS="no", **EDGE)
    client = await running.client()
    client.send(header + b"GET http://site.test/ HTTP/1.1\r\n\r\n")
    assert (await client.answer())[0] == 407, "the edge is trusted, not those behind it"
    client.send(ASK)
    assert (await client.answer())[0] == 200


async def test_a_trusted_caller_behind_the_edge_is_trusted(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(
        GATEWAY_REQUIRE_CREDENTIALS="no", TRUSTED_CALLERS="198.51.100.0/24", **EDGE
    )
    for header, status in ((v2(), 200), (v2("192.0.2.1"), 407), (v2(command=0x20), 407)):
        client = await running.client()
        client.send(header + b"GET http://site.test/ HTTP/1.1\r\n\r\n")
        assert (await client.answer())[0] == status


@pytest.mark.parametrize("sent", [ASK, b"\x05\x01\x02", b"PROXY TCP4 1.1.1.1\r\n" + ASK])
async def test_from_the_edge_nothing_else_is_taken(
    sent: bytes, make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(**EDGE)
    client = await running.client()
    client.send(sent)
    with contextlib.suppress(ConnectionResetError):  # it says the same
        assert await client.reader.read() == b""
    assert running.count("gateway_refused_total", reason="proxy_header") == 1


@pytest.mark.parametrize("header", [b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", v2("127.0.0.1")])
async def test_from_elsewhere_no_header_is_taken(
    header: bytes, make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_PROXY_PROTOCOL_FROM="192.0.2.0/24")
    client = await running.client()
    client.send(header + ASK)
    assert (await client.answer())[0] == 400


async def test_a_health_check_that_connects_and_leaves_is_no_fault(
    start_gateway: StartGateway, caplog: pytest.LogCaptureFixture
) -> None:
    running = await start_gateway(**EDGE)
    client = await running.client()
    client.writer.write_eof()
    assert await client.reader.read() == b""
    assert not running.count("gateway_refused_total", reason="proxy_header")
    assert not caplog.records
