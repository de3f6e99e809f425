"""Copies of links in Redis, read together, and what is to be done while Redis is away.

| key | what it holds |
|---|---|
| `shortlink:link:CODE` | `ID END URL` of a link (END in Unix time, 0 for none), `gone` of a deleted one, `-` where there is none |
| `shortlink:limit:…` | how often something was done in a window of time |
| `shortlink:clicks` | a stream: batches of clicks on their way to MariaDB |
"""  # noqa: E501  a table

import contextlib
import logging
from typing import NamedTuple

from shortlink.redis_store import UNAVAILABLE, RedisStore

log = logging.getLogger(__name__)

_LINK = "shortlink:link:"
_MOST_OWED = 100_000


class Target(NamedTuple):
    """What a redirect needs of a link."""

    id: int
    url: str
    ends: int
    """Unix time, 0 for never."""


GONE = Target(0, "", 0)
"""A link that was deleted."""
NONE = Target(-1, "", 0)
"""No link has this code."""


class Cache:
    """What Redis says of codes. It is never needed: its failures are logged and gone around."""

    def __init__(self, redis: RedisStore, kept_s: int, unknown_s: int) -> None:
        self._redis = redis
        self._kept_s = kept_s
        self._unknown_s = unknown_s
        self._owed: dict[str, Target] = {}

    async def get(self, code: str) -> Target | None:
        """What is kept of a code, or None where nothing is or Redis is away."""
        if (owed := self._owed.get(code)) is not None:
            return owed
        try:
            text = await self._redis.get(_LINK + code)
        except UNAVAILABLE:
            return None
        return None if text is None else _read(text)

    async def keep(self, code: str, target: Target) -> None:
        """Keep what a reader found in the table, unless a writer has said something since."""
        with contextlib.suppress(*UNAVAILABLE):  # logged and counted by the store
            await self._redis.set(_LINK + code, _text(target), self._seconds(target), new=True)

    async def put(self, code: str, target: Target) -> None:
        """Say what is true of a code from now on.

        Where Redis is away it is told when it is back: an old copy there would hold until its end.
        """
        try:
            await self._redis.set(_LINK + code, _text(target), self._seconds(target))
        except UNAVAILABLE:
            if len(self._owed) < _MOST_OWED:
                self._owed[code] = target
            else:
                log.error("redis is not told of %s: its copy may be old for a while", code)

    async def settle(self) -> None:
        """Tell Redis what it has missed; raises one of UNAVAILABLE."""
        while self._owed:
            code, target = next(iter(self._owed.items()))
            await self._redis.set(_LINK + code, _text(target), self._seconds(target))
            if self._owed.get(code) is target:
                del self._owed[code]

    def _seconds(self, target: Target) -> int:
        return self._unknown_s if target is NONE else self._kept_s


def _text(target: Target) -> str:
    if target is NONE:
        return "-"
    return "gone" if target is GONE else f"{target.id} {target.ends} {target.url}"


def _read(text: str) -> Target | None:
    if text == "-":
        return NONE
    if text == "gone":
        return GONE
    number, _, rest = text.partition(" ")
    ends, _, url = rest.partition(" ")
    if not (number.isdecimal() and ends.isdecimal() and url):
        return None  # not ours: the table knows
    return Target(int(number), url, int(ends))
