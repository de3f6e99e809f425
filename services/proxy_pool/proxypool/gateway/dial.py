"""Connects to an upstream, and through it to a destination."""

import asyncio
import contextlib
from dataclasses import dataclass
from ipaddress import ip_address

from proxypool.address import UpstreamRule
from proxypool.gateway.channel import Channel
from proxypool.gateway.choice import Choice
from proxypool.gateway.destination import Destination
from proxypool.http1 import NameUnknownError
from proxypool.protocol import Protocol
from proxypool.resolver import Resolver
from proxypool.tunnel import HandshakeError, handshake

_UPSTREAMS_OWN = frozenset(("auth_required", "auth_failed", "bad_answer", "too_large"))
_NOT_SAID = frozenset(("bad_destination", "needs_ipv4", "bad_credentials"))


class DialError(Exception):
    """No way through this upstream; nothing of the request has reached the destination."""

    def __init__(self, reason: str, *, doubtful: bool = False, unusable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.doubtful = doubtful
        """It may be the destination's fault as well."""
        self.unusable = unusable
        """The protocol cannot say it: nobody's fault."""


@dataclass(frozen=True, slots=True)
class Dialler:
    """Opens connections within time limits, to addresses that the rule permits."""

    rule: UpstreamRule
    resolver: Resolver
    connect_timeout_s: float
    handshake_timeout_s: float

    async def dial(self, choice: Choice, protocol: Protocol, destination: Destination) -> Channel:
        """A connection whose next bytes are the destination's, or the plain proxy's.

        Raises DialError.
        """
        channel = await self._connect(choice)
        if protocol is Protocol.HTTP:
            return channel
        try:
            await self._shake(channel, choice, protocol, destination)
        except BaseException:
            channel.abort()
            raise
        return channel

    async def _connect(self, choice: Choice) -> Channel:
        try:
            async with asyncio.timeout(self.connect_timeout_s):
                addresses = await self._addresses(choice)
                for address in addresses[:-1]:
                    with contextlib.suppress(OSError):
                        return await self._connect_to(address, choice.upstream.port)
                return await self._connect_to(addresses[-1], choice.upstream.port)
        except TimeoutError as error:
            raise DialError("connect_timeout") from error
        except (ConnectionRefusedError, ConnectionResetError) as error:
            raise DialError("connect_refused") from error
        except OSError as error:
            raise DialError("unreachable") from error

    async def _addresses(self, choice: Choice) -> list[str]:
        """Where the upstream is: only its own name is ever looked up, never a destination's."""
        host = choice.upstream.host
        found: tuple[str, ...] = (host,)
        if choice.upstream.ip is None:
            try:
                found = await self.resolver.resolve(host, self.connect_timeout_s)
            except NameUnknownError as error:
                raise DialError(error.reason) from error
        permitted = [text for text in found if self.rule.permits(ip_address(text))]
        if not permitted:
            raise DialError("address_not_allowed")
        return permitted

    async def _connect_to(self, address: str, port: int) -> Channel:
        _, channel = await asyncio.get_running_loop().create_connection(Channel, address, port)
        return channel

    async def _shake(
        self, channel: Channel, choice: Choice, protocol: Protocol, destination: Destination
    ) -> None:
        upstream = choice.upstream
        heard = False
        try:
            shaking = handshake(
                protocol, destination.host, destination.port, upstream.username, upstream.password
            )
            async with asyncio.timeout(self.handshake_timeout_s):
                channel.write(shaking.start())
                while not shaking.done:
                    if not channel.buffer and not await channel.more():
                        raise DialError("closed", doubtful=_may_be_destination(protocol, heard))
                    heard = True
                    answer = shaking.feed(channel.take(len(channel.buffer)))
                    if answer:
                        channel.write(answer)
        except TimeoutError as error:
            doubtful = _may_be_destination(protocol, heard)
            raise DialError("timeout", doubtful=doubtful) from error
        except HandshakeError as error:
            reason = error.reason
            raise DialError(
                reason, doubtful=reason not in _UPSTREAMS_OWN, unusable=reason in _NOT_SAID
            ) from error
        channel.put_back(shaking.rest)


def _may_be_destination(protocol: Protocol, heard: bool) -> bool:
    """Whether silence may be the destination's: a SOCKS5 server answers once before it connects."""
    return heard or protocol is not Protocol.SOCKS5
