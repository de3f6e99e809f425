"""One exchange over one connection: connect, open a tunnel, TLS, send a request, read the answer.

An object and a timer, no task of its own: thousands of them are under way at once.
"""

import asyncio
import errno
import ssl
from collections.abc import Callable
from typing import cast

from proxypool.http1 import (
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
from proxypool.poller import poller_of
from proxypool.tls import TlsLayer
from proxypool.transport import Transport
from proxypool.tunnel import Handshake

_OWN_LIMITS = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EADDRNOTAVAIL,
    }
)


class Exchange:
    """Speaks as soon as it is connected; ends with an answer or an ExchangeError."""

    __slots__ = (
        "_connected",
        "_deadline",
        "_ended",
        "_ended_at",
        "_error",
        "_loop",
        "_opening",
        "_place",
        "_reader",
        "_request",
        "_started",
        "_timer",
        "_tls",
        "_tls_context",
        "_tls_host",
        "_transport",
        "connected_at",
    )

    def __init__(
        self,
        request: bytes,
        *,
        opening: Handshake | None = None,
        tls: tuple[ssl.SSLContext, str] | None = None,
        reader: AnswerReader | None = None,
        connected: Callable[[], None] | None = None,
    ) -> None:
        """`opening` comes first, then TLS by a context and the destination's name, then `request`.
        `connected` is called when the TCP connection stands."""
        self._request = request
        self._connected = connected
        self._opening = opening
        self._tls_context: ssl.SSLContext | None = None if tls is None else tls[0]
        self._tls_host = "" if tls is None else tls[1]
        self._tls: TlsLayer | None = None
        self._reader = reader or AnswerReader()
        self._transport: Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._ended: Callable[[], None] | None = None
        self._error: ExchangeError | None = None
        self._deadline = 0.0
        self._place = ""
        self._timer: asyncio.TimerHandle | None = None
        self._started = self._ended_at = 0.0
        self.connected_at = 0.0
        """By the loop's clock; 0 until it is connected."""

    async def run(
        self, address: str, port: int, *, connect_timeout_s: float, deadline: float
    ) -> None:
        """Do it, and wait for its end; see `begin`."""
        over: asyncio.Future[None] = self._loop.create_future()
        self.begin(
            address,
            port,
            connect_timeout_s=connect_timeout_s,
            deadline=deadline,
            ended=lambda: over.set_result(None),
        )
        try:
            await over
        finally:
            self.stop()

    def begin(
        self,
        address: str,
        port: int,
        *,
        connect_timeout_s: float,
        deadline: float,
        ended: Callable[[], None],
    ) -> None:
        """Do it with a literal address; `deadline` for the whole is by the loop's clock.

        `ended` is called once, maybe before this returns; then there is an `outcome`.
        """
        loop = self._loop
        self._started = loop.time()
        self._place = f"{address}:{port}"
        self._deadline = deadline
        self._ended = ended
        self._timer = loop.call_at(min(self._started + connect_timeout_s, deadline), self._ring)
        try:
            self._transport = Transport(poller_of(loop), self, address, port)
        except OSError as error:
            self._fail(self._not_connected(error))

    def stop(self) -> None:
        """Hang up, if it has not ended; nobody is told."""
        self._ended = None
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    @property
    def connect_s(self) -> float:
        """How long connecting took; below 0 where there is no connection."""
        return self.connected_at - self._started

    def outcome(self) -> Answer | ExchangeError:
        """What came of it, once it has ended.

        Not raised: most of thousands fail, and what is raised holds on to all that it passed.
        """
        if self._error is not None:
            return self._error
        reader = self._reader
        return Answer(
            reader.status,
            bytes(reader.body),
            self.connect_s,
            self._ended_at - self._started,
        )

    def _not_connected(self, error: OSError) -> ExchangeError:
        if isinstance(error, ConnectionRefusedError):
            return ConnectRefusedError(self._place)
        kind = OwnLimitError if error.errno in _OWN_LIMITS else UnreachableError
        return kind(f"{self._place}: {error}")

    def connection_made(self) -> None:
        """Say the first words."""
        self.connected_at = self._loop.time()
        transport = cast(Transport, self._transport)
        try:
            if self._connected is not None:
                self._connected()
            if self._opening is not None:
                transport.write(self._opening.start())
            elif self._tls_context is not None:
                self._begin_tls(b"")
            else:
                transport.write(self._request)
        except ExchangeError as error:
            self._fail(error)

    def data_received(self, data: bytes) -> None:
        """Pass it on to whichever stage is under way."""
        if self._ended is None:
            return
        try:
            if self._opening is not None:
                self._open(data)
            elif self._tls is not None:
                self._through_tls(data)
            elif self._reader.feed(data):
                self._end()
        except ExchangeError as error:
            self._fail(error)

    def connection_lost(self, error: OSError | None) -> None:
        """An answer may end so; nothing else may."""
        if self._ended is None:
            return
        try:
            if error is not None and not self.connected_at:
                raise self._not_connected(error)
            if error is not None or self._opening is not None:
                raise ClosedError(str(error or "closed before the tunnel was open"))
            if self._tls is not None and not self._tls.established:
                raise ClosedError("closed in the TLS handshake")
            self._end_answer(truncation_possible=self._tls is not None)
        except ExchangeError as failure:
            self._fail(failure)

    def _open(self, data: bytes) -> None:
        opening = cast(Handshake, self._opening)
        transport = cast(Transport, self._transport)
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
            self._end()

    def _begin_tls(self, early: bytes) -> None:
        self._tls = TlsLayer(cast(ssl.SSLContext, self._tls_context), self._tls_host)
        cast(Transport, self._transport).write(self._tls.start())
        if early:
            self._through_tls(early)

    def _through_tls(self, data: bytes) -> None:
        tls = cast(TlsLayer, self._tls)
        transport = cast(Transport, self._transport)
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
            self._end()
        elif ended:
            self._end_answer()

    def _end_answer(self, *, truncation_possible: bool = False) -> None:
        """The peer says no more. Without TLS's own end, anyone may have cut it short."""
        if truncation_possible:
            raise ClosedError("closed without an end of TLS")
        self._reader.end()
        self._end()

    def _ring(self) -> None:
        """The time for connecting is over, or all of it.

        One timer for both, and no asyncio.timeout: this is where a check's cost lies.
        """
        if not self.connected_at:
            self._fail(ConnectTimeoutError(self._place))
        elif self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._expire)
        else:
            self._expire()

    def _expire(self) -> None:
        where = "in the tunnel's handshake" if self._opening is not None else "without an answer"
        self._fail(AnswerTimeoutError(where))

    def _fail(self, error: ExchangeError) -> None:
        if self._ended is not None:
            # Tracebacks lead back here: that would be a cycle.
            self._error = error.with_traceback(None)
            error.__cause__ = error.__context__ = None
            self._end()

    def _end(self) -> None:
        ended = self._ended
        if ended is not None:
            self._ended_at = self._loop.time()
            self.stop()
            ended()
