"""Where the farm goes: the announced destinations and the allowed ones, and nowhere else."""

import asyncio
from ipaddress import ip_address
from socket import AF_INET, AF_UNSPEC, SOCK_STREAM, AddressFamily, gaierror
from typing import NamedTuple

from demo.settings import Destination, Settings

_RESOLVED_FOR_S = 5.0


class Route(NamedTuple):
    """How a destination is reached."""

    asked: Destination
    """As it stands in the settings."""
    to: Destination
    """What is connected to."""
    announces: bool
    """Whether the exit is announced there, with a PROXY protocol header."""


class Destinations:
    """All destinations. One is asked for by its name, or by an address that the name has."""

    def __init__(self, settings: Settings) -> None:
        self._routes = {
            asked: Route(asked, asked, announces=False)
            for asked in settings.farm_allowed_destinations
        }
        for asked, to in settings.farm_announce.items():
            self._routes[asked] = Route(asked, to, announces=True)
        self._resolved: dict[tuple[str, AddressFamily], tuple[float, list[str]]] = {}
        self._resolving: dict[tuple[str, AddressFamily], asyncio.Task[list[str]]] = {}

    def __str__(self) -> str:
        return ", ".join(map(str, self._routes))

    def route(self, asked: Destination) -> Route | None:
        """The route to what stands in the settings as `asked`."""
        return self._routes.get(asked)

    async def route_of_address(self, asked: Destination) -> Route | None:
        """The route to the destination one of whose addresses is `asked`'s."""
        try:
            ip_address(asked.host)
        except ValueError:
            return None
        for route in self._routes.values():
            if route.asked.port == asked.port and asked.host in await self._known(route.asked.host):
                return route
        return None

    async def _known(self, host: str) -> list[str]:
        """All addresses of `host`; none where it has none, which is nobody's fault."""
        try:
            return await self.addresses(host, AF_UNSPEC)
        except gaierror:
            self._resolved[(host, AF_UNSPEC)] = (asyncio.get_running_loop().time(), [])
            return []

    async def addresses(self, host: str, family: AddressFamily = AF_INET) -> list[str]:
        """The addresses of `host`, at most some seconds old. Raises socket.gaierror."""
        key = (host, family)
        known = self._resolved.get(key)
        if known is not None and asyncio.get_running_loop().time() - known[0] < _RESOLVED_FOR_S:
            return known[1]
        if key not in self._resolving:  # all who ask meanwhile share the answer
            self._resolving[key] = asyncio.create_task(self._resolve(key))
        return await asyncio.shield(self._resolving[key])

    async def _resolve(self, key: tuple[str, AddressFamily]) -> list[str]:
        loop, (host, family) = asyncio.get_running_loop(), key
        try:
            found = await loop.getaddrinfo(host, None, family=family, type=SOCK_STREAM)
        finally:
            del self._resolving[key]
        addresses = [str(entry[4][0]) for entry in found]
        self._resolved[key] = (loop.time(), addresses)
        return addresses

    def forget(self, host: str) -> None:
        """Resolve `host` anew the next time: what it led to did not answer."""
        self._resolved.pop((host, AF_INET), None)
