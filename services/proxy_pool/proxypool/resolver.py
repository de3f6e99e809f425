"""Host names to addresses: outside the event loop, remembered for a while, bounded."""

import asyncio
import socket
from collections import OrderedDict
from ipaddress import ip_address

from proxypool.address import normal
from proxypool.http1 import NameUnknownError

_MAX_NAMES = 4096
_FOUND_FOR_S = 60.0
_UNKNOWN_FOR_S = 15.0
_AT_ONCE = 16
_MAX_ADDRESSES = 8


class Resolver:
    """Asks the system's resolver; an answer serves for a minute, a failure for 15 seconds.

    Where it does not remember, those alone who ask at the same time share an answer.
    """

    def __init__(self, *, remembers: bool = True) -> None:
        self._remembers = remembers
        self._known: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def resolve(self, name: str, timeout_s: float) -> tuple[str, ...]:
        """The literal addresses of `name`, in the system's order of preference.

        Raises NameUnknownError where there is none, or no answer in time.
        """
        literal = _literal(name)
        if literal:
            return (literal,)
        now = asyncio.get_running_loop().time()
        until, addresses = self._known.get(name, (0.0, ()))
        if until <= now:
            addresses = await self._ask(name, timeout_s)
        if not addresses:
            raise NameUnknownError(f"{name} has no address")
        return addresses

    async def _ask(self, name: str, timeout_s: float) -> tuple[str, ...]:
        task = self._asking.get(name)
        if task is None:
            task = self._asking[name] = asyncio.create_task(self._look_up(name))
            task.add_done_callback(lambda _: self._asking.pop(name, None))
        try:
            # A look-up cannot be cancelled: it goes on for whoever asks next.
            return await asyncio.wait_for(asyncio.shield(task), timeout_s)
        except TimeoutError as error:
            raise NameUnknownError(f"{name}: no answer within {timeout_s:.2f} s") from error

    async def _look_up(self, name: str) -> tuple[str, ...]:
        loop = asyncio.get_running_loop()
        found: tuple[str, ...] = ()
        async with self._room:
            try:
                answers = await loop.getaddrinfo(
                    name, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
                )
                literals = (str(answer[4][0]) for answer in answers)
                # A link-local address's zone, as in fe80::1%eth0, is not part of it.
                found = tuple(
                    dict.fromkeys(str(normal(ip_address(text.split("%")[0]))) for text in literals)
                )[:_MAX_ADDRESSES]
            except (OSError, UnicodeError):  # gaierror is an OSError: the name has no address
                found = ()
        if not self._remembers:
            return found
        self._known[name] = (loop.time() + (_FOUND_FOR_S if found else _UNKNOWN_FOR_S), found)
        self._known.move_to_end(name)
        while len(self._known) > _MAX_NAMES:
            self._known.popitem(last=False)
        return found


def _literal(name: str) -> str:
    """The address that a name is itself, or nothing: the system need not be asked for that, and a
    busy one could answer too late."""
    try:
        return str(normal(ip_address(name))) if "%" not in name else ""
    except ValueError:
        return ""
