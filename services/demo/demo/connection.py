"""One connection to one planted proxy: what is asked, and what its behaviour makes of that."""

import asyncio
import ssl
import struct
from collections.abc import Callable, MutableSet
from socket import SO_LINGER, SOL_SOCKET
from typing import cast

from demo.behaviour import UNSTEADY, Behaviour, Protocol
from demo.destinations import Route
from demo.far import Far, Interception, proxy_header
from demo.judge import JudgeStream, judge_answer, plain_answer
from demo.misbehaviour import (
    CAPTIVE_PAGE,
    HALF_A_SOCKS_ANSWER,
    HALF_A_TUNNEL,
    HALF_AN_ANSWER,
    TUNNEL_STANDS,
    drip,
    endless_headers,
)
from demo.plan import Planted
from demo.request import MAX_HEAD_BYTES, BadRequestError, ProxyRequest, parse_request
from demo.rewriting import AnswerRewriter, inject, tamper
from demo.settings import Destination
from demo.socks import NOT_ALLOWED, UNREACHABLE, BadHandshakeError, Lock, Socks4, Socks5
from demo.state import FarmState

_HEAD_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0
_IDLE_TIMEOUT_S = 60.0
_MAX_EARLY_BYTES = 64 * 1024
_TLS_HANDSHAKE = 0x16
_WELL_BEHAVED = frozenset(
    {
        Behaviour.GOOD,
        Behaviour.ANONYMOUS,
        Behaviour.NO_HTTPS,
        Behaviour.CONNECT_ONLY,
        Behaviour.FLAPPING,
        Behaviour.DYING,
        Behaviour.TRANSPARENT,
        Behaviour.TAMPERING,
        Behaviour.INJECTING,
        Behaviour.BREAKS_TLS,
    }
)
_CHANGES = {Behaviour.TAMPERING: tamper, Behaviour.INJECTING: inject}
_CLOSE = [("Connection", "close")]


def _begins_a_method(byte: int) -> bool:
    return 65 <= byte <= 90 or 97 <= byte <= 122


def reset(transport: asyncio.Transport) -> None:
    """End a connection by RST, as a host does whose program is gone."""
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
    transport.abort()


class ProxyConnection(asyncio.Protocol):
    """One client's connection; `planted` is the proxy at its port, or tells by its address."""

    __slots__ = (
        "_client_ended",
        "_data",
        "_far",
        "_feed",
        "_find",
        "_interception",
        "_open",
        "_planted",
        "_request",
        "_rewriter",
        "_socks",
        "_state",
        "_stream",
        "_transport",
        "deadline",
    )
    _transport: asyncio.Transport
    _planted: Planted

    def __init__(
        self,
        state: FarmState,
        find: Callable[[str], Planted | None],
        connections: MutableSet["ProxyConnection"],
    ) -> None:
        self._state = state
        self._find = find
        self._open = connections
        # A function of the class, not bound: that would be a cycle for the garbage collector.
        self._feed: Callable[[ProxyConnection, bytes], None] = ProxyConnection._first
        self._data = b""
        self._request: ProxyRequest | None = None
        self._socks: Socks4 | Socks5 | None = None
        self._far: Far | None = None
        self._stream: JudgeStream | None = None
        self._rewriter: AnswerRewriter | None = None
        self._interception: Interception | None = None
        self._client_ended = False
        self.deadline = 0.0
        """When it is over, by the loop's clock."""

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out which proxy was connected to."""
        self._transport = cast("asyncio.Transport", transport)
        planted = self._find(transport.get_extra_info("sockname")[0])
        state = self._state
        if (
            planted is None
            or len(self._open) >= state.settings.farm_max_connections
            or (planted.kind.behaviour in UNSTEADY and state.is_down(planted))
        ):
            self._feed = ProxyConnection._ignore
            reset(self._transport)
            return
        self._planted = planted
        self._open.add(self)
        self.deadline = asyncio.get_running_loop().time() + _HEAD_TIMEOUT_S

    def data_received(self, data: bytes) -> None:
        """The client sent `data`."""
        self._feed(self, data)

    def eof_received(self) -> bool:
        """The client sends no more; it may still be waiting. False: close."""
        self._client_ended = True
        if self._far is not None:
            if self._interception is None and self._far.transport.can_write_eof():
                self._far.transport.write_eof()
            return True
        return self._feed is ProxyConnection._wait

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        self._open.discard(self)
        if self._far is not None:
            self._far.transport.close()

    def pause_writing(self) -> None:
        """The client takes less than comes for it."""
        if self._far is not None and not self._far.transport.is_closing():
            self._far.transport.pause_reading()

    def resume_writing(self) -> None:
        """It caught up."""
        if self._far is not None and not self._far.transport.is_closing():
            self._far.transport.resume_reading()

    def abort(self) -> None:
        """End it now."""
        self._transport.abort()

    # What the client's bytes go to, one after the other.

    def _first(self, data: bytes) -> None:
        """The first byte decides the protocol."""
        first, kind = data[0], self._planted.kind
        if first == 5 and Protocol.SOCKS5 in kind.protocols:
            self._socks = Socks5(self._lock())
            self._feed = ProxyConnection._handshake
        elif first == 4 and Protocol.SOCKS4 in kind.protocols:
            self._socks = Socks4(self._lock(), takes_names=Protocol.SOCKS4A in kind.protocols)
            self._feed = ProxyConnection._handshake
        elif Protocol.HTTP not in kind.protocols and Protocol.CONNECT not in kind.protocols:
            self._transport.close()  # a SOCKS server has nothing to say to others
            return
        elif not _begins_a_method(first):
            is_captive = kind.behaviour is Behaviour.CAPTIVE
            said = plain_answer("400 Bad Request", f"expected METHOD; found {data[:8]!r}")
            self._end(CAPTIVE_PAGE if is_captive else said)
            return
        else:
            self._feed = ProxyConnection._head
        self._feed(self, data)

    def _head(self, data: bytes) -> None:
        """The head of an HTTP request."""
        if self._data:
            data = self._data + data
        end = data.find(b"\r\n\r\n")
        if end < 0 and len(data) <= MAX_HEAD_BYTES:
            self._data = data
            return
        try:
            if not 0 <= end <= MAX_HEAD_BYTES:
                raise BadRequestError(f"more than {MAX_HEAD_BYTES} bytes of headers")
            request = self._request = parse_request(data[:end])
        except BadRequestError as error:
            self._end(plain_answer("400 Bad Request", str(error)))
            return
        self._data = data[end + 4 :]
        lock = self._lock()
        if lock is not None and not (lock.username and request.shows(lock.username, lock.password)):
            realm = 'Proxy-Authenticate: Basic realm="farm"\r\n'
            status = "407 Proxy Authentication Required"
            self._end(plain_answer(status, "wrong or no credentials", headers=realm))
            return
        self._asked()

    def _handshake(self, data: bytes) -> None:
        """A SOCKS handshake."""
        socks = self._socks
        assert socks is not None  # noqa: S101  set where this became the consumer
        try:
            if answer := socks.feed(data):
                self._transport.write(answer)
        except BadHandshakeError:
            self._transport.close()
            return
        if socks.failed:
            self._transport.close()
        elif socks.request is not None:
            self._data = socks.rest
            self._asked()

    def _wait(self, data: bytes) -> None:
        """Bytes that come before there is anywhere to send them."""
        self._data += data
        if len(self._data) > _MAX_EARLY_BYTES:
            self._transport.pause_reading()

    def _ignore(self, data: bytes) -> None:
        """No one reads it."""

    def _page(self, data: bytes) -> None:
        """A captive portal's tunnel leads to its page."""
        self._end(CAPTIVE_PAGE)

    def _to_judge(self, data: bytes) -> None:
        """Through a tunnel, or with a body, to the farm's own judge."""
        stream = self._stream
        assert stream is not None  # noqa: S101  set where this became the consumer
        self._stay()
        if answer := stream.feed(data):
            self._send(answer)
        if stream.ended:
            self._finish()

    def _to_far(self, data: bytes) -> None:
        """On to the destination."""
        far = self._far
        assert far is not None  # noqa: S101  set where this became the consumer
        self._stay()
        if self._interception is None:
            far.transport.write(data)
        else:
            self._intercept(self._interception.from_near, data)

    def _to_tunnel(self, data: bytes) -> None:
        """The first bytes in the tunnel of a proxy that breaks TLS, where they are TLS."""
        if data[0] == _TLS_HANDSHAKE:
            name = self._destination().host
            is_name = any(c.isalpha() for c in name) and ":" not in name
            state = self._state
            self._interception = Interception(
                state.intruders_context, state.careless_context, name if is_name else None
            )
        self._feed = ProxyConnection._to_far
        self._to_far(data)

    # What becomes of a request.

    def _asked(self) -> None:
        """A whole request is there: the behaviour decides."""
        self._feed = ProxyConnection._wait
        self._stay()
        behaviour = self._planted.kind.behaviour
        if behaviour in _WELL_BEHAVED:
            self._carry()
        elif behaviour is Behaviour.SLOW:
            asyncio.get_running_loop().call_later(self._planted.delay_s, self._carry)
        elif behaviour is Behaviour.HANGING:
            self._feed = ProxyConnection._ignore
        else:
            self._feed = ProxyConnection._ignore
            self._misbehave(behaviour)

    def _misbehave(self, behaviour: Behaviour) -> None:
        is_tunnel = self._request is not None and self._request.is_tunnel
        if behaviour is Behaviour.CAPTIVE and is_tunnel:
            self._feed = ProxyConnection._page
            self._transport.write(TUNNEL_STANDS)
        elif behaviour is Behaviour.CAPTIVE:
            self._end(CAPTIVE_PAGE)
        elif behaviour is Behaviour.DRIPPING:
            self._state.spawn(drip(self._transport))
        elif behaviour is Behaviour.ENDLESS_HEADERS:
            self._state.spawn(endless_headers(self._transport))
        elif behaviour is Behaviour.CUT_SHORT and self._request is None:
            self._end(HALF_A_SOCKS_ANSWER)
        elif behaviour is Behaviour.CUT_SHORT:
            self._end(HALF_A_TUNNEL if is_tunnel else HALF_AN_ANSWER)
        else:
            raise AssertionError(f"{behaviour} gets no requests")

    def _carry(self) -> None:
        if self._transport.is_closing():
            return  # the client did not wait
        kind = self._planted.kind
        if kind.behaviour is Behaviour.DYING:
            self._state.note_carried(self._planted)
        request = self._request
        if request is not None:
            asked = Protocol.CONNECT if request.is_tunnel else Protocol.HTTP
            if asked not in kind.protocols:
                self._refuse("403 Forbidden", NOT_ALLOWED, f"no {asked} here")
                return
        if kind.behaviour in _CHANGES:
            self._rewriter = AnswerRewriter(_CHANGES[kind.behaviour])
        route = self._state.destinations.route(self._destination())
        if route is None:
            self._state.spawn(self._carry_to_address())
        else:
            self._carry_on(route)

    async def _carry_to_address(self) -> None:
        """To a destination that is asked for by its address, as SOCKS4 clients do."""
        asked, destinations = self._destination(), self._state.destinations
        route = await destinations.route_of_address(asked)
        if route is not None:
            self._carry_on(route)
            return
        self._refuse(
            "403 Forbidden",
            NOT_ALLOWED,
            f"this demo proxy goes to {destinations} only; "
            f"found {asked}. What to do: set FARM_ALLOWED_DESTINATIONS",
        )

    def _carry_on(self, route: Route) -> None:
        context = self._state.judge_context
        if not (route.announces and context is not None):
            self._state.spawn(self._connect(route))
            return
        ip = self._planted.exit_ip or self._client()[0]
        request = self._request
        if request is None or request.is_tunnel:
            if self._planted.behaviour is Behaviour.BREAKS_TLS:
                context = self._state.intruders_context
            self._stream = JudgeStream(ip, context)
            self._feed = ProxyConnection._to_judge
            self._transport.write(self._granted())
            if self._data:
                self._to_judge(self._data)
            self.read_more()
            return
        try:
            has_body = request.head.body_bytes != 0
        except BadRequestError as error:
            self._end(plain_answer("400 Bad Request", str(error)))
            return
        if has_body:
            self._stream = JudgeStream(ip, context)
            self._feed = ProxyConnection._to_judge
            self._to_judge(request.forwarded(self._traces()) + self._data)
            self.read_more()
            return
        keep = request.head.keeps_alive
        headers = request.headers + self._traces() + _CLOSE
        self._send(judge_answer(request.head, request.target, headers, ip, keep=keep))
        if keep:
            self._next_request()
        else:
            self._finish()

    def _next_request(self) -> None:
        data, self._data = self._data, b""
        self._request = self._rewriter = None
        self._feed = ProxyConnection._first
        if data:
            asyncio.get_running_loop().call_soon(self.data_received, data)

    async def _connect(self, route: Route) -> None:
        """Connect to the destination, then carry bytes both ways."""
        loop, to = asyncio.get_running_loop(), route.to
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                address = (await self._state.destinations.addresses(to.host))[0]
                _, far = await loop.create_connection(lambda: Far(self), address, to.port)
        except (TimeoutError, OSError) as error:
            self._state.destinations.forget(to.host)
            self._refuse("502 Bad Gateway", UNREACHABLE, f"{to} does not answer: {error}")
            return
        if self._transport.is_closing():
            far.transport.close()
            return
        self._far = far
        if route.announces:
            client_ip, client_port = self._client()
            local = far.transport.get_extra_info("peername")
            exit_ip = self._planted.exit_ip or client_ip
            far.transport.write(proxy_header(exit_ip, client_port, local[0], local[1]))
        self._join()

    def _join(self) -> None:
        data, self._data = self._data, b""
        self._feed = ProxyConnection._to_far
        if self._request is not None and not self._request.is_tunnel:
            data = self._request.forwarded(self._traces()) + data
        else:
            if self._planted.behaviour is Behaviour.BREAKS_TLS:
                self._feed = ProxyConnection._to_tunnel
            self._transport.write(self._granted())
        if data:
            self._feed(self, data)
        if self._client_ended:
            self.eof_received()
        self.read_more()

    # What comes back.

    def from_far(self, data: bytes) -> None:
        """The destination sent `data`."""
        self._stay()
        if self._interception is None:
            self._send(data)
        else:
            self._intercept(self._interception.from_far, data)

    def far_lost(self) -> None:
        """The destination is done."""
        self._finish()

    def read_less(self) -> None:
        """The destination takes less than the client sends."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def read_more(self) -> None:
        """It caught up."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def _intercept(self, step: Callable[[bytes], tuple[bytes, bytes]], data: bytes) -> None:
        far, interception = self._far, self._interception
        assert far is not None and interception is not None  # noqa: PT018, S101  by the callers
        try:
            to_client, to_destination = step(data)
        except ssl.SSLError:  # the client does not trust the certificate: as it should be
            self._end(interception.farewell())
            return
        if to_client:
            self._transport.write(to_client)
        if to_destination:
            far.transport.write(to_destination)

    def _send(self, data: bytes) -> None:
        if self._rewriter is not None:
            data = self._rewriter.feed(data)
        self._transport.write(data)

    def _finish(self) -> None:
        """Send what is held back, and close."""
        if self._rewriter is not None and (held := self._rewriter.finish()):
            self._transport.write(held)
        self._transport.close()

    def _end(self, answer: bytes) -> None:
        """Send `answer`, and close."""
        self._feed = ProxyConnection._ignore
        if not self._transport.is_closing():
            self._transport.write(answer)
            self._transport.close()

    def _refuse(self, status: str, code: int, text: str) -> None:
        if self._socks is not None:
            self._end(self._socks.refused(code))
        else:
            self._end(plain_answer(status, text))

    def _granted(self) -> bytes:
        return TUNNEL_STANDS if self._socks is None else self._socks.granted()

    # What is known.

    def _destination(self) -> Destination:
        asked = self._request.destination if self._request is not None else None
        if asked is None and self._socks is not None:
            asked = self._socks.request
        assert asked is not None  # noqa: S101  there was a request
        return asked

    def _client(self) -> tuple[str, int]:
        host, port = self._transport.get_extra_info("peername")[:2]
        return host, port

    def _lock(self) -> Lock | None:
        planted = self._planted
        if planted.kind.wants_credentials or planted.kind.behaviour is Behaviour.LOCKED:
            return Lock(planted.username, planted.password)
        return None

    def _traces(self) -> list[tuple[str, str]]:
        """The headers by which the proxy gives itself, or its client, away."""
        behaviour = self._planted.kind.behaviour
        if behaviour is Behaviour.TRANSPARENT:
            return [("Via", "1.1 farm"), ("X-Forwarded-For", self._client()[0])]
        return [("Via", "1.1 farm")] if behaviour is Behaviour.ANONYMOUS else []

    def _stay(self) -> None:
        self.deadline = asyncio.get_running_loop().time() + _IDLE_TIMEOUT_S
