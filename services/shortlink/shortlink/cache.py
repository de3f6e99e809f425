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
        self._owed: dict[str, int] = {}
        self._debts = 0

    async def get(self, code: str) -> Target | None:
        """What is kept of a code; None where nothing is, Redis is away, or its copy may be old."""
        if code in self._owed:
            return None
        try:
            text = await self._redis.get(_LINK + code)
        except UNAVAILABLE:
            return None
        return None if text is None else _read(text)

    async def keep(self, code: str, target: Target) -> None:
        """Keep what a reader found in the table, unless a writer has said something since."""
        with contextlib.suppress(*UNAVAILABLE):  # logged and counted by the store
            await self._redis.set(_LINK + code, _text(target), self._seconds(target), new=True)

    async def put(self, code: str, target: Target) -> bool:
        """Say what is true of a code from now on; whether Redis took it.

        Where it is away the code is owed: an old copy there would hold until its end.
        """
        try:
            await self._redis.set(_LINK + code, _text(target), self._seconds(target))
        except UNAVAILABLE:
            self.owe(code)
            if code not in self._owed:
                log.error("redis is not told of %s: its copy may be old for a while", code)
            return False
        return True

    def owe(self, code: str) -> int:
        """Note that Redis's copy of a code may be old; the debt's number, for `paid`.

        Of the code alone: what is true of it may be another thing by the time Redis is told.
        """
        self._debts += 1
        if code in self._owed or len(self._owed) < _MOST_OWED:
            self._owed[code] = self._debts
        return self._debts

    def paid(self, code: str, debt: int) -> None:
        """Redis has what the table had after this debt was noted; later ones stand."""
        if self._owed.get(code) == debt:
            del self._owed[code]

    def owed(self) -> str | None:
        """A code that Redis is to be told of, or None where there is none."""
        return next(iter(self._owed), None)

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
