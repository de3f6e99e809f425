"""What the server does with connections: real ones, on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from proxypool.api import connection
from proxypool.api.joined import Joined
from proxypool.server import build_server

from tests.conftest import MakeSettings


@pytest.fixture
async def port(make_settings: MakeSettings) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = build_server(make_settings())
    running = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield int(listener.getsockname()[1])
    server.should_exit = True
    await running


async def said(port: int, *pieces: bytes) -> bytes:
    """All that the server says until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


async def test_requests_follow_one_another(port: int) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: pool\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: pool\r\nConnection: close\r\n\r\n"
    answer = await said(port, one, one, one + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 4


async def test_a_long_body_is_no_long_head(port: int) -> None:
    head = b"POST /api/v2/import HTTP/1.1\r\nHost: pool\r\nContent-Length: 200000\r\n"
    answer = await said(port, head + b"Connection: close\r\n\r\n" + b"x" * 200_000)
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "piece",
    [b"X: " + b"x" * 1000 + b"\r\n", b"x" * 1000],
    ids=["endless fields", "one endless field"],
)
async def test_an_endless_head_is_refused(piece: bytes, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: pool\r\nY: ")
    sent = 0
    try:
        while not reader.at_eof() and sent < 50_000_000:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            await asyncio.sleep(0)
        answer = await reader.read()
    except ConnectionError:
        answer = b""  # closed while we were still sending
    assert sent < 50_000_000
    assert not answer or answer.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_is_just_too_long_is_told(port: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: pool\r\nX: " + b"x" * connection.MAX_HEAD_BYTES
    answer = await said(port, head)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b'"what_to_do"' in answer


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: po"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    sent: bytes, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.2)
    answer = await asyncio.wait_for(said(port, sent), 30)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_the_second_head_is_not_waited_for_either(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_TIMEOUT_S", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: pool\r\n\r\n")
    assert b"200 OK" in await reader.readuntil(b'"ok"}')
    writer.write(b"GET /healthz HTTP/1.1\r\n")
    assert (await asyncio.wait_for(reader.read(), 30)).startswith(b"HTTP/1.1 408 ")
    writer.close()


async def test_nonsense_is_no_request(port: int) -> None:
    assert (await said(port, b"\x16\x03\x01nonsense\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_an_answer_leaves_in_one_piece(port: int) -> None:
    """Head and body were two packets, and two calls of the kernel."""
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        for _ in range(20):
            await loop.sock_sendall(client, b"GET /healthz HTTP/1.1\r\nHost: pool\r\n\r\n")
            answer = await loop.sock_recv(client, 65536)
            assert answer.endswith(b'{"status": "ok"}'), answer


async def test_pieces_of_a_transport_that_joins_arrive_in_order() -> None:
    received, sender = socket.socketpair()
    with received, sender:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=sender)
        joined = Joined(transport, loop)
        joined.write(b"")
        for number in range(7):
            joined.write(b"%d" % number)
        await asyncio.sleep(0.01)
        assert received.recv(100) == b"0123456"
        joined.write(b"last")
        joined.close()
        assert joined.is_closing()
        await asyncio.sleep(0.01)
        assert received.recv(100) == b"last"
        joined.write(b"too late")
        await asyncio.sleep(0.01)
        assert received.recv(100) == b""
