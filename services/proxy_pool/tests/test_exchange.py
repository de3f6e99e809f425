"""The timers of one exchange; what it reads is tested by the checks that use it."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import uvloop
from proxypool.exchange import Exchange
from proxypool.http1 import (
    Answer,
    AnswerTimeoutError,
    ConnectRefusedError,
    ConnectTimeoutError,
    ExchangeError,
    OwnLimitError,
    UnreachableError,
)

from tests.proxies import Reader, Writer, respond

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def peer(answer: bytes) -> AsyncIterator[int]:
    async def serve(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()


async def ask(port: int, *, connect_s: float = 5.0, total_s: float = 5.0) -> Answer:
    deadline = asyncio.get_running_loop().time() + total_s
    exchange = Exchange(b"GET / HTTP/1.1\r\n\r\n")
    await exchange.run(LOOPBACK, port, connect_timeout_s=connect_s, deadline=deadline)
    outcome = exchange.outcome()
    if isinstance(outcome, ExchangeError):
        raise outcome
    return outcome


def connections(port: int) -> int:
    """How many connections of this machine go to a port of loopback, made or being made."""
    whither = f"0100007F:{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[2] == whither for line in lines)


@contextmanager
def deaf() -> Iterator[int]:
    """A port at which no further connection is ever made: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server((LOOPBACK, 0), backlog=0))
        place = listener.getsockname()
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        yield place[1]


async def test_an_answer_has_its_times() -> None:
    async with peer(respond(b"hello")) as port:
        answer = await ask(port)
    assert (answer.status, answer.body) == (200, b"hello")
    assert 0 <= answer.connect_s <= answer.total_s


async def test_silence_ends_with_the_deadline() -> None:
    async with peer(b"") as port:
        with pytest.raises(AnswerTimeoutError):
            await ask(port, connect_s=0.1, total_s=0.3)


async def test_connecting_has_a_timeout_of_its_own() -> None:
    with deaf() as port, pytest.raises(ConnectTimeoutError, match=f"{LOOPBACK}:{port}"):
        await ask(port, connect_s=0.05, total_s=60)


async def test_a_wish_to_stop_leaves_no_connection() -> None:
    with deaf() as port:
        before = connections(port)
        task = asyncio.create_task(ask(port))
        await asyncio.sleep(0)
        assert connections(port) == before + 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert connections(port) == before


async def test_a_refused_connection_is_told() -> None:
    with pytest.raises(ConnectRefusedError):
        await ask(1)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (24, OwnLimitError),  # EMFILE
        (28, OwnLimitError),  # ENOSPC: of epoll's watches
        (99, OwnLimitError),  # EADDRNOTAVAIL
        (101, UnreachableError),  # ENETUNREACH
        (113, UnreachableError),  # EHOSTUNREACH
        (111, ConnectRefusedError),
    ],
)
async def test_what_is_our_own_lack_is_told_apart(
    number: int, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking(socket.SocketType):
        def connect_ex(self, _: object) -> int:
            return number

    monkeypatch.setattr("proxypool.transport.socket.SocketType", Lacking)
    with pytest.raises(expected):
        await ask(1)


def test_an_answer_that_came_while_the_loop_was_busy_counts() -> None:
    received, go_on, sent = (threading.Event() for _ in range(3))
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        received.set()
        go_on.wait(30)
        connection.sendall(respond(b"hello"))
        sent.set()
        connection.recv(1000)
        connection.close()

    async def main() -> Answer:
        deadline = time.monotonic() + 3
        asking = asyncio.create_task(ask(listener.getsockname()[1], total_s=3))
        while not received.is_set():
            await asyncio.sleep(0.001)
        go_on.set()
        sent.wait(30)
        time.sleep(max(0.0, deadline - time.monotonic()) + 0.2)
        return await asking

    thread = threading.Thread(target=serve)
    thread.start()
    assert uvloop.run(main()).body == b"hello"
    thread.join(30)
    listener.close()
