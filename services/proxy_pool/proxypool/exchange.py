"""One exchange over one connection: connect, open a tunnel, TLS, send a request, read the answer.

A protocol object and one timer, no task of its own: thousands of them are under way at once.
"""

import asyncio
import errno
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, TypeAlias, cast

from proxypool.address import Address, normal
from proxypool.http1 import (
    AddressNotAllowedError,
    Answer,
    AnswerReader,
    AnswerTimeoutError,
    ClosedError,
    ConnectRefusedError,
    ConnectTimeoutError,
    ExchangeError,
    OwnLimitError,
    UnreachableError,
)
from proxypool.tls import TlsLayer
from proxypool.tunnel import Handshake

Task: TypeAlias = "asyncio.Task[Any]"

_OWN_LIMITS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
)


class Exchange(asyncio.Protocol):
    """Speaks as soon as it is connected; ends with an answer or an ExchangeError."""

    __slots__ = (
        "_connected",
        "_connecting",
        "_deadline",
        "_ended",
        "_error",
        "_gave_up",
        "_loop",
        "_opening",
        "_permits",
        "_place",
        "_reader",
        "_request",
        "_timer",
        "_tls",
        "_tls_context",
        "_tls_host",
        "_transport",
        "connected_at",
    )

    def __init__(
        self,
        place: str,
        request: bytes,
        *,
        permits: Callable[[Address], bool] | None = None,
        opening: Handshake | None = None,
        tls: tuple[ssl.SSLContext, str] | None = None,
        reader: AnswerReader | None = None,
        connected: Callable[[], None] | None = None,
    ) -> None:
        """`place` is the literal address to be connected to; `permits` is asked where the socket
        turns out to be connected to another. `opening` comes first, then TLS by a context and the
        destination's name, then `request`. `connected` is called when the TCP connection stands."""
        self._place = place
        self._request = request
        self._permits = permits
        self._connected = connected
        self._opening = opening
        self._tls_context: ssl.SSLContext | None = None if tls is None else tls[0]
        self._tls_host = "" if tls is None else tls[1]
        self._tls: TlsLayer | None = None
        self._reader = reader or AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._error: ExchangeError | None = None
        self._deadline = 0.0
        self._gave_up = False
        self._connecting: Task | None = None
        self._timer: asyncio.TimerHandle
        self.connected_at = 0.0
        """By the loop's clock; 0 until it is connected."""

    async def run(
        self, host: str, port: int, *, connect_timeout_s: float, deadline: float
    ) -> Answer:
        """Do it; `deadline` for the whole is by the loop's clock. Raises an ExchangeError."""
        loop = self._loop
        started = loop.time()
        try:
            self._connecting = asyncio.current_task()
            self._deadline = deadline
            limit = min(started + connect_timeout_s, deadline)
            self._timer = loop.call_at(limit, self._ring)
            await self._connect(host, port)
            await self._ended
        finally:
            self._timer.cancel()
            if self._transport is not None:
                self._transport.abort()
        if self._error is not None:
            raise self._error
        reader = self._reader
        return Answer(
            reader.status,
            bytes(reader.body),
            self.connected_at - started,
            loop.time() - started,
        )

    async def _connect(self, host: str, port: int) -> None:
        try:
            await self._loop.create_connection(lambda: self, host, port)
        except asyncio.CancelledError as error:
            if not self._gave_up or cast(Task, self._connecting).uncancel() > 0:
                raise  # someone else's wish
            raise ConnectTimeoutError(f"{host}:{port}") from error
        except ConnectionRefusedError as error:
            raise ConnectRefusedError(f"{host}:{port}") from error
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name beyond IDNA
            if isinstance(error, OSError) and error.errno in _OWN_LIMITS:
                raise OwnLimitError(f"{host}:{port}: {error}") from error
            raise UnreachableError(f"{host}:{port}: {error}") from error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say the first words, if the address is one that may be spoken to."""
        self._transport = cast(asyncio.Transport, transport)
        self.connected_at = self._loop.time()
        try:
            self._look_at_peer()
            if self._connected is not None:
                self._connected()
            if self._opening is not None:
                self._transport.write(self._opening.start())
            elif self._tls_context is not None:
                self._begin_tls(b"")
            else:
                self._transport.write(self._request)
        except ExchangeError as error:
            self._fail(error)

    def data_received(self, data: bytes) -> None:
        """Pass it on to whichever stage is under way."""
        if self._ended.done():
            return
        try:
            if self._opening is not None:
                self._open(data)
            elif self._tls is not None:
                self._through_tls(data)
            elif self._reader.feed(data):
                self._ended.set_result(None)
        except ExchangeError as error:
            self._fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer may end so; nothing else may."""
        if self._ended.done():
            return
        try:
            if exc is not None or self._opening is not None:
                raise ClosedError(str(exc or "closed before the tunnel was open"))
            if self._tls is not None and not self._tls.established:
                raise ClosedError("closed in the TLS handshake")
            self._end_answer(truncation_possible=self._tls is not None)
        except ExchangeError as error:
            self._fail(error)

    def _look_at_peer(self) -> None:
        peer = cast(asyncio.Transport, self._transport).get_extra_info("peername")
        if peer is None:
            raise ClosedError("closed as soon as it was connected")
        if self._permits is None or peer[0] == self._place:
            return
        ip = normal(ip_address(peer[0]))
        if not self._permits(ip):
            raise AddressNotAllowedError(str(ip))

    def _open(self, data: bytes) -> None:
        opening = cast(Handshake, self._opening)
        transport = cast(asyncio.Transport, self._transport)
        if reply := opening.feed(data):
            transport.write(reply)
        if not opening.done:
            return
        self._opening = None
        if self._tls_context is not None:
            self._begin_tls(opening.rest)
            return
        transport.write(self._request)
        if opening.rest and self._reader.feed(opening.rest):
            self._ended.set_result(None)

    def _begin_tls(self, early: bytes) -> None:
        self._tls = TlsLayer(cast(ssl.SSLContext, self._tls_context), self._tls_host)
        cast(asyncio.Transport, self._transport).write(self._tls.start())
        if early:
            self._through_tls(early)

    def _through_tls(self, data: bytes) -> None:
        tls = cast(TlsLayer, self._tls)
        transport = cast(asyncio.Transport, self._transport)
        if not tls.established:
            reply = tls.feed(data)
            if tls.established:
                reply += tls.encrypt(self._request)  # together: one packet less
                data = b""
            if reply:
                transport.write(reply)
            if not tls.established:
                return
        text, ended = tls.decrypt(data)
        if text and self._reader.feed(text):
            self._ended.set_result(None)
        elif ended:
            self._end_answer()

    def _end_answer(self, *, truncation_possible: bool = False) -> None:
        """The peer says no more. Without TLS's own end, anyone may have cut it short."""
        if truncation_possible:
            raise ClosedError("closed without an end of TLS")
        self._reader.end()
        self._ended.set_result(None)

    def _ring(self) -> None:
        """The time for connecting is over, or all of it.

        One timer for both, and no asyncio.timeout: this is where a check's cost lies.
        """
        if not self.connected_at:
            self._gave_up = True
            cast(Task, self._connecting).cancel()
        elif self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._expire)
        else:
            self._expire()

    def _expire(self) -> None:
        where = "in the tunnel's handshake" if self._opening is not None else "without an answer"
        self._fail(AnswerTimeoutError(where))

    def _fail(self, error: ExchangeError) -> None:
        if not self._ended.done():
            self._error = error
            self._ended.set_result(None)
        if self._transport is not None:
            self._transport.abort()
