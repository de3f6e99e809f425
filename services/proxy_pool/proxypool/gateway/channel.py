"""One TCP connection: read piece by piece at first, then passed on as it comes."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol, cast

MAX_UNREAD_BYTES = 64 * 1024
"""What a connection may send ahead of its reader; beyond it nothing more is read from it."""
MAX_UNSENT_BYTES = 256 * 1024
"""What may wait for a slow peer; beyond it nothing more is read from the other side."""

_AT_ONCE = struct.pack("ii", 1, 0)  # closing then sends a reset (socket(7), SO_LINGER)


class Sink(Protocol):
    """Takes what a connection receives, as it comes."""

    def data(self, data: bytes) -> None:
        """A piece came in."""

    def end(self) -> None:
        """No more will come: the peer has shut down its sending side."""

    def lost(self) -> None:
        """The connection broke or was closed."""


class Channel(asyncio.Protocol):
    """A connection with back-pressure both ways, whose two directions end apart from each other.

    Without a sink, what comes in waits in `buffer` for whoever awaits `more()`. With one, it is
    handed on at once, without a task being woken.
    """

    def __init__(self, on_lost: Callable[[], object] | None = None) -> None:
        self.buffer = bytearray()
        self.eof = False
        """The peer sends no more."""
        self.lost = False
        self.feeder: Channel | None = None
        """The connection whose bytes are written here: it is not read while this one is slow."""
        self._transport: asyncio.Transport | None = None
        self._sink: Sink | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self.stuck = False
        self._held = False
        self._reading = True
        self._on_lost = on_lost
        self._end: asyncio.TimerHandle | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)

    def data_received(self, data: bytes) -> None:
        """A piece came in: for the sink, or to wait."""
        if self._sink is not None:
            self._sink.data(data)
            return
        self.buffer += data
        if len(self.buffer) >= MAX_UNREAD_BYTES:
            self._pace()
        self._wake()

    def eof_received(self) -> bool:
        """The peer sends no more; true: this side may go on."""
        self.eof = True
        self._wake()
        if self._sink is not None:
            self._sink.end()
        return True  # the other direction stays open

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: everyone who waits for it is woken."""
        self.lost = True
        if self._end is not None:
            self._end.cancel()
        self._wake()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        if self.feeder is not None:
            self.feeder.release()
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.lost()
        if self._on_lost is not None:
            self._on_lost()

    def pause_writing(self) -> None:
        """The peer is slow: what feeds it is held."""
        self.stuck = True
        if self.feeder is not None:
            self.feeder.hold()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self.stuck = False
        if self.feeder is not None:
            self.feeder.release()
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    # our side

    @property
    def peer(self) -> str:
        """The peer's address, or nothing where the connection is already gone."""
        peer = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    @property
    def closed(self) -> bool:
        """Nothing can be written any more."""
        return self.lost or self._transport is None or self._transport.is_closing()

    async def more(self) -> bool:
        """Wait for more bytes than there are; false where none will come."""
        if self.eof or self.lost:
            return False
        size = len(self.buffer)
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        return len(self.buffer) > size

    def take(self, count: int) -> bytes:
        """The first `count` bytes, which leave the buffer."""
        piece = bytes(self.buffer[:count])
        del self.buffer[:count]
        self._pace()
        return piece

    def put_back(self, data: bytes) -> None:
        """Bytes that were not for their taker go before everything else."""
        self.buffer[:0] = data
        self._pace()

    def divert(self, sink: Sink) -> None:
        """Hand everything on to `sink` from now on, beginning with what is unread."""
        self._sink = sink
        if self.buffer:
            self._sink.data(self.take(len(self.buffer)))
        self._pace()
        if self.eof and self._sink is sink:
            sink.end()
        if self.lost and self._sink is sink:
            self._sink = None
            sink.lost()

    def reclaim(self) -> None:
        """Take the connection back from its sink."""
        self._sink = None
        self._held = False
        self._pace()

    def write(self, data: bytes) -> None:
        """Send, now or as soon as the peer takes it. What a closed connection is given is lost."""
        if not self.closed and self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until a slow peer has taken most of what was written."""
        if self.stuck and not self.lost:
            self._writable = asyncio.get_running_loop().create_future()
            try:
                await self._writable
            finally:
                self._writable = None

    def shut(self) -> None:
        """Say that no more will be sent; the peer may go on sending."""
        if not self.closed and self._transport is not None and self._transport.can_write_eof():
            # The peer may be gone already: connection_lost is then on its way.
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def hold(self) -> None:
        """Read nothing for now: who takes it is slow."""
        self._held = True
        self._pace()

    def release(self) -> None:
        """Read again."""
        self._held = False
        self._pace()

    def close(self, grace_s: float) -> None:
        """Close once everything is sent, at the latest after `grace_s`."""
        if self.lost or self._transport is None:
            return
        self._transport.close()
        if self._end is None:
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(grace_s, self.abort)

    def abort(self) -> None:
        """Close at once; what is not sent yet is lost."""
        if self._transport is not None and not self.lost:
            self._transport.abort()

    def reset(self) -> None:
        """Close at once, so that the peer cannot take what it got for the whole."""
        if self._transport is not None and not self.lost:
            sock = self._transport.get_extra_info("socket")
            if sock is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self._transport.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _pace(self) -> None:
        """Read while there is room for what comes, and not otherwise."""
        full = self._sink is None and len(self.buffer) >= MAX_UNREAD_BYTES
        wanted = not (self._held or full)
        if wanted == self._reading or self._transport is None or self.closed:
            return
        self._reading = wanted
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
