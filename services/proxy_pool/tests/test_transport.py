"""Transports and the pollers under them, against real sockets."""

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from proxypool.poller import READ, WRITE, EpollPoller, LoopPoller, Poller, poller_of
from proxypool.transport import Transport

from tests.proxies import Reader, Writer

LOOPBACK = "127.0.0.1"
MUCH = bytes(range(256)) * 40_000
"""More than all buffers on the way hold."""


class Told:
    """What a transport's owner is told."""

    def __init__(self) -> None:
        self.received = b""
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self.error: OSError | None = None

    def connection_made(self) -> None:
        self.connected.set()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, error: OSError | None) -> None:
        assert not self.lost.is_set()
        self.error = error
        self.lost.set()


@pytest.fixture(params=[EpollPoller, LoopPoller])
async def poller(request: pytest.FixtureRequest) -> Poller:
    found: Poller = request.param(asyncio.get_running_loop())
    return found


@asynccontextmanager
async def peer(
    serve: Callable[[Reader, Writer], AsyncIterator[None]], host: str = LOOPBACK
) -> AsyncIterator[int]:
    async def once(reader: Reader, writer: Writer) -> None:
        async for _ in serve(reader, writer):
            pass
        writer.close()

    server = await asyncio.start_server(once, host, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        server.close_clients()


async def echoes_all(reader: Reader, writer: Writer) -> AsyncIterator[None]:
    writer.write(await reader.readexactly(len(MUCH)))
    await writer.drain()
    yield


async def says_a_word(_: Reader, writer: Writer) -> AsyncIterator[None]:
    writer.write(b"word")
    yield


async def resets(reader: Reader, writer: Writer) -> AsyncIterator[None]:
    await reader.readexactly(1)
    no_linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    yield


async def waits(reader: Reader, _: Writer) -> AsyncIterator[None]:
    await reader.read()
    yield


async def test_more_than_the_buffers_hold_goes_through(poller: Poller) -> None:
    told = Told()
    async with asyncio.timeout(30), peer(echoes_all) as port:
        transport = Transport(poller, told, LOOPBACK, port)
        await told.connected.wait()
        half = len(MUCH) // 2
        transport.write(MUCH[:half])
        transport.write(MUCH[half:])
        await told.lost.wait()
    assert told.received == MUCH
    assert told.error is None


@pytest.mark.parametrize("host", [LOOPBACK, "::1"])
async def test_the_end_is_told_after_the_last_word(poller: Poller, host: str) -> None:
    told = Told()
    async with asyncio.timeout(10), peer(says_a_word, host) as port:
        transport = Transport(poller, told, host, port)
        await told.lost.wait()
        transport.write(b"too late")
        transport.close()
    assert (told.received, told.error) == (b"word", None)


async def test_a_reset_is_told(poller: Poller) -> None:
    told = Told()
    async with asyncio.timeout(10), peer(resets) as port:
        transport = Transport(poller, told, LOOPBACK, port)
        await told.connected.wait()
        transport.write(b"ab")
        await told.lost.wait()
    assert isinstance(told.error, ConnectionResetError)


async def test_a_refused_connection_is_told(poller: Poller) -> None:
    told = Told()
    async with asyncio.timeout(10):
        Transport(poller, told, LOOPBACK, 1)
        await told.lost.wait()
    assert isinstance(told.error, ConnectionRefusedError)
    assert not told.connected.is_set()


async def test_nothing_is_told_after_closing(poller: Poller) -> None:
    told = Told()
    async with peer(says_a_word) as port:
        transport = Transport(poller, told, LOOPBACK, port)
        transport.close()
        transport.close()
        await asyncio.sleep(0.1)
    assert not told.connected.is_set()
    assert not told.lost.is_set()


async def test_a_closed_sockets_number_is_not_told_to_the_next(poller: Poller) -> None:
    """Of two that are ready at once, the first is told, closes the other and opens a third."""
    opened: list[socket.socket] = []
    told: list[tuple[str, int]] = []
    pairs = [socket.socketpair() for _ in range(2)]
    async with peer(waits) as port:

        def first(number: int) -> Callable[[int], None]:
            def tell(events: int) -> None:
                told.append((f"pair {number}", events))
                for sock, _ in pairs:
                    poller.close(sock)
                third = socket.socket()
                opened.append(third)
                third.setblocking(False)
                third.connect_ex((LOOPBACK, port))
                poller.watch(third, lambda events: told.append(("third", events)))

            return tell

        for number, (sock, far) in enumerate(pairs):
            sock.setblocking(False)
            poller.watch(sock, first(number))
            far.send(b"x")
        await asyncio.sleep(0.2)
        assert [name for name, _ in told][:1] == ["pair 0"]
        assert len(opened) == 1
        # The third is connected by now; what the closed one had to say is not told to it.
        assert all(name == "third" and not events & READ for name, events in told[1:]), told
        poller.close(opened[0])
    for _, far in pairs:
        far.close()


async def test_room_to_write_is_told_after_there_was_none(poller: Poller) -> None:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.setblocking(False)
    told: list[int] = []
    poller.watch(near, told.append)
    await asyncio.sleep(0.05)
    assert [events & (READ | WRITE) for events in told] == [WRITE]
    told.clear()
    with contextlib.suppress(BlockingIOError):
        while near.send(bytes(65536)):
            pass
    poller.await_room(near)
    await asyncio.sleep(0.05)
    assert not told
    with contextlib.suppress(BlockingIOError):
        while far.recv(65536):
            pass
    await asyncio.sleep(0.05)
    assert told
    assert all(events & WRITE for events in told)
    told.clear()
    far.send(b"x")
    await asyncio.sleep(0.05)
    assert told
    assert all(events & READ for events in told)
    poller.close(near)
    far.close()


async def test_a_loop_has_one_poller_and_epoll_where_there_is_one() -> None:
    loop = asyncio.get_running_loop()
    assert poller_of(loop) is poller_of(loop)
    assert isinstance(poller_of(loop), EpollPoller if hasattr(select, "epoll") else LoopPoller)
