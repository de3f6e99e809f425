"""The SOCKS5 side: CONNECT (RFC 1928) with user name and password (RFC 1929)."""

import asyncio
import logging
from ipaddress import IPv4Address, IPv6Address

from proxypool.gateway.access import LoginRequiredError, TooManyLoginsError
from proxypool.gateway.cache import StoreAwayError
from proxypool.gateway.channel import Channel
from proxypool.gateway.credentials import BadUserError, Wish
from proxypool.gateway.desk import Desk
from proxypool.gateway.destination import (
    BadDestinationError,
    Destination,
    RefusedDestinationError,
)
from proxypool.gateway.route import AllFailedError, NoUpstreamError, Route
from proxypool.gateway.wanted import CannotCarryError, Kind, Wanted

log = logging.getLogger(__name__)

_VERSION = 5
_LOGIN_VERSION = 1
_NO_LOGIN, _LOGIN, _NO_METHOD = 0, 2, 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
# RFC 1928, 6
_OPEN, _FAILURE, _NOT_ALLOWED, _HOST_UNREACHABLE = 0, 1, 2, 4
_BAD_COMMAND, _BAD_ADDRESS = 7, 8


class _EndedError(Exception):
    """The client has left, or what it sends is not SOCKS5."""


class Socks5Side:
    """One client's connection."""

    def __init__(self, desk: Desk, client: Channel, caller: str) -> None:
        self._desk = desk
        self._client = client
        self._caller = caller

    async def serve(self, *, refused: bool = False) -> None:
        """Open one tunnel. With `refused`, no method is acceptable."""
        try:
            async with asyncio.timeout(self._desk.settings.gateway_head_timeout_s):
                wish = await self._greet(refused)
                if wish is None:
                    return
                command, kind, destination = await self._read_request()
        except (TimeoutError, _EndedError):
            return
        finally:
            self._desk.begin(self._client)
        if command != _CONNECT:
            await self._reply(_BAD_COMMAND)
        elif destination is None:
            await self._reply(_BAD_ADDRESS if kind not in (_IPV4, _NAME, _IPV6) else _NOT_ALLOWED)
        else:
            await self._tunnel(wish, destination)

    async def _greet(self, refused: bool) -> Wish | None:
        """Agree on a method and take the credentials; None where the client was turned away."""
        version, count = await self._read(2)
        if version != _VERSION:
            raise _EndedError
        methods = await self._read(count)
        excused = self._desk.access.excuses(self._caller)
        if refused or not (_LOGIN in methods or (excused and _NO_LOGIN in methods)):
            self._desk.metrics.refused.labels("connections" if refused else "login").inc()
            self._client.write(bytes((_VERSION, _NO_METHOD)))
            return None
        if _LOGIN not in methods:
            self._client.write(bytes((_VERSION, _NO_LOGIN)))
            return self._desk.access.admit(self._caller, None)
        self._client.write(bytes((_VERSION, _LOGIN)))
        version, size = await self._read(2)
        if version != _LOGIN_VERSION:
            raise _EndedError
        user = await self._read(size)
        secret = await self._read((await self._read(1))[0])
        try:
            texts = user.decode("utf-8"), secret.decode("utf-8")
            wish = self._desk.access.admit(self._caller, texts)
        except (UnicodeDecodeError, LoginRequiredError, TooManyLoginsError, BadUserError) as error:
            if isinstance(error, BadUserError):
                log.info("user name of %s: %s", self._caller, error)
            reason = "logins" if isinstance(error, TooManyLoginsError) else "login"
            self._desk.metrics.refused.labels(reason).inc()
            self._client.write(bytes((_LOGIN_VERSION, 1)))
            return None
        self._client.write(bytes((_LOGIN_VERSION, 0)))
        return wish

    async def _read_request(self) -> tuple[int, int, Destination | None]:
        """Command, kind of address, and the destination where there is one."""
        version, command, _, kind = await self._read(4)
        if version != _VERSION:
            raise _EndedError
        if kind == _IPV4:
            host = str(IPv4Address(await self._read(4)))
        elif kind == _IPV6:
            host = str(IPv6Address(await self._read(16)))
        elif kind == _NAME:
            name = await self._read((await self._read(1))[0])
            # Not ASCII: no host name, and refused as such below.
            host = name.decode("latin-1")
        else:
            return command, kind, None
        port = int.from_bytes(await self._read(2), "big")
        try:
            destination = Destination.of(host, port)
            self._desk.check(destination)
        except (BadDestinationError, RefusedDestinationError) as error:
            self._desk.metrics.refused.labels("destination").inc()
            log.info("destination of %s: %s", self._caller, error)
            return command, kind, None
        return command, kind, destination

    async def _tunnel(self, wish: Wish, destination: Destination) -> None:
        try:
            wanted = Wanted.of(Kind.TUNNEL, destination, wish)
        except CannotCarryError:
            await self._reply(_NOT_ALLOWED)
            return
        route = Route(self._desk.roads, wanted, self._client)
        try:
            link = await route.open()
        except (NoUpstreamError, StoreAwayError):
            self._desk.ended(route, "socks5", "none")
            await self._reply(_FAILURE)
            return
        except AllFailedError:
            self._desk.ended(route, "socks5", "failed")
            await self._reply(_HOST_UNREACHABLE)
            return
        try:
            self._client.write(_reply(_OPEN))
            await self._desk.carry(route, link, self._client, "socks5")
        finally:
            link.channel.abort()

    async def _reply(self, code: int) -> None:
        self._client.write(_reply(code))
        await self._client.drain()

    async def _read(self, count: int) -> bytes:
        while len(self._client.buffer) < count:
            if not await self._client.more():
                raise _EndedError
        return self._client.take(count)


def _reply(code: int) -> bytes:
    # The bound address would be the upstream's affair; zeros are what clients expect then.
    return bytes((_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0))
