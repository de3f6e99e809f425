"""The way through one proxy to a destination, over any of the protocols."""

import ssl
from collections.abc import Callable

from proxypool.address import Upstream, is_ipv4
from proxypool.exchange import Exchange
from proxypool.http1 import Answer, AnswerReader, ExchangeError, NameUnknownError
from proxypool.protocol import Protocol
from proxypool.resolver import Resolver
from proxypool.timeouts import AdaptiveTimeout
from proxypool.tunnel import HandshakeError, basic_credentials, handshake


class Route:
    """Connects to `address`, where `upstream` is, for each exchange anew."""

    __slots__ = ("_connect_timeout", "_loop_time", "_resolver", "address", "upstream")

    def __init__(
        self,
        upstream: Upstream,
        address: str,
        connect_timeout: AdaptiveTimeout,
        resolver: Resolver,
        loop_time: Callable[[], float],
    ) -> None:
        self.upstream = upstream
        self.address = address
        self._connect_timeout = connect_timeout
        self._resolver = resolver
        self._loop_time = loop_time

    def exchange(
        self,
        protocol: Protocol,
        host: str,
        port: int,
        request: bytes,
        *,
        tls: tuple[ssl.SSLContext, str] | None = None,
        reader: AnswerReader | None = None,
        connected: Callable[[], None] | None = None,
    ) -> Exchange:
        """One that sends `request` to `host` and reads its answer; TLS by a context and a name.

        Over plain http the request carries the absolute URL and `authorization`; SOCKS4 wants a
        literal IPv4 address. `connected` is called when the TCP connection stands. Raises
        HandshakeError where the protocol cannot say it.
        """
        upstream = self.upstream
        opening = None
        if protocol is not Protocol.HTTP:
            opening = handshake(protocol, host, port, upstream.username, upstream.password)
        return Exchange(request, opening=opening, tls=tls, reader=reader, connected=connected)

    def begin(self, exchange: Exchange, deadline: float, ended: Callable[[], None]) -> None:
        """Have it done; `deadline` is by the loop's clock. `ended` is called once, maybe before
        this returns; then `outcome_of` it is what came of it."""
        exchange.begin(
            self.address,
            self.upstream.port,
            connect_timeout_s=self._connect_timeout.next(),
            deadline=deadline,
            ended=ended,
        )

    def outcome_of(self, protocol: Protocol, exchange: Exchange) -> Answer | ExchangeError:
        """What came of an exchange that has ended."""
        if exchange.connected_at:
            self._connect_timeout.note(exchange.connect_s)
        outcome = exchange.outcome()
        if protocol is Protocol.HTTP and isinstance(outcome, Answer) and outcome.status == 407:
            return HandshakeError("auth_failed" if self.upstream.username else "auth_required")
        return outcome

    async def ask(
        self,
        protocol: Protocol,
        host: str,
        port: int,
        request: bytes,
        deadline: float,
        *,
        tls: ssl.SSLContext | None = None,
        reader: AnswerReader | None = None,
    ) -> Answer:
        """Send `request` to `host` and wait for its answer. Raises an ExchangeError."""
        name = await self.ipv4_of(host, deadline) if protocol is Protocol.SOCKS4 else host
        exchange = self.exchange(
            protocol, name, port, request, tls=None if tls is None else (tls, host), reader=reader
        )
        await exchange.run(
            self.address,
            self.upstream.port,
            connect_timeout_s=self._connect_timeout.next(),
            deadline=deadline,
        )
        outcome = self.outcome_of(protocol, exchange)
        if isinstance(outcome, ExchangeError):
            raise outcome
        return outcome

    @property
    def authorization(self) -> bytes:
        """The header line with the proxy's credentials, for plain http; empty without any."""
        upstream = self.upstream
        if not upstream.username:
            return b""
        value = basic_credentials(upstream.username, upstream.password)
        return f"Proxy-Authorization: {value}\r\n".encode("ascii")

    async def ipv4_of(self, host: str, deadline: float) -> str:
        """SOCKS4 takes no names: an address of `host`, as it is seen from here.

        Raises HandshakeError where there is none.
        """
        if is_ipv4(host):
            return host
        try:
            found = await self._resolver.resolve(host, max(0.0, deadline - self._loop_time()))
        except NameUnknownError as error:
            raise HandshakeError("needs_ipv4", str(error)) from error
        address = next(filter(is_ipv4, found), None)
        if address is None:
            raise HandshakeError("needs_ipv4", f"{host} has no IPv4 address")
        return address
