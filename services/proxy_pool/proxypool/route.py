"""The way through one proxy to a destination, over any of the protocols."""

import ssl
from collections.abc import Callable

from proxypool.address import Upstream, is_ipv4
from proxypool.exchange import Exchange
from proxypool.http1 import Answer, AnswerReader, NameUnknownError
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

    async def exchange(
        self,
        protocol: Protocol,
        host: str,
        port: int,
        request: bytes,
        deadline: float,
        *,
        tls: ssl.SSLContext | None = None,
        reader: AnswerReader | None = None,
        connected: Callable[[], None] | None = None,
    ) -> Answer:
        """Send `request` to `host` and read its answer, through TLS where a context is given.

        Over plain http the request carries the absolute URL and `authorization`. `deadline` is by
        the loop's clock; `connected` is called when the TCP connection stands. Raises an
        ExchangeError.
        """
        upstream = self.upstream
        opening = None
        if protocol is not Protocol.HTTP:
            name = await self._ipv4_of(host, deadline) if protocol is Protocol.SOCKS4 else host
            opening = handshake(protocol, name, port, upstream.username, upstream.password)
        exchange = Exchange(
            request,
            opening=opening,
            tls=None if tls is None else (tls, host),
            reader=reader,
            connected=connected,
        )
        started = self._loop_time()
        try:
            answer = await exchange.run(
                self.address,
                upstream.port,
                connect_timeout_s=self._connect_timeout.next(),
                deadline=deadline,
            )
        finally:
            if exchange.connected_at:
                self._connect_timeout.note(exchange.connected_at - started)
        if opening is None and answer.status == 407:
            raise HandshakeError("auth_failed" if upstream.username else "auth_required")
        return answer

    @property
    def authorization(self) -> bytes:
        """The header line with the proxy's credentials, for plain http; empty without any."""
        upstream = self.upstream
        if not upstream.username:
            return b""
        value = basic_credentials(upstream.username, upstream.password)
        return f"Proxy-Authorization: {value}\r\n".encode("ascii")

    async def _ipv4_of(self, host: str, deadline: float) -> str:
        """SOCKS4 takes no names: an address of `host`, as it is seen from here."""
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
