"""The choice of upstreams: short lists in memory, the better scores more likely."""

import asyncio
import json
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from proxypool.address import BadAddressError, Upstream
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.store import UNAVAILABLE, Store

log = logging.getLogger(__name__)

FRESH_S = 2.0
"""A list is used this long before another is fetched."""
_STALE_S = 10.0  # and this long while another is on its way
_WITHOUT_STORE_S = 600.0  # and this long while the store is away
_SIZE = 200
_MAX_LISTS = 512
_PENALTY_S = 30.0
_MAX_PENALTIES = 10_000
_DRAWS = 8


class StoreAwayError(Exception):
    """The store does not answer, and nothing is known from before."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An upstream as its record describes it."""

    upstream: Upstream = field(repr=False)
    name: str = field(repr=False)
    """As the store knows it."""
    protocols: tuple[Protocol, ...]
    score: float
    expires: float

    @property
    def place(self) -> str:
        """`host:port`, which may be shown."""
        return self.upstream.place


@dataclass(frozen=True, slots=True)
class _Shortlist:
    choices: tuple[Choice, ...]
    weights: tuple[float, ...]
    """Cumulative."""
    read_at: float


class Upstreams:
    """Short lists of the best upstreams, one for each query."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._lists: OrderedDict[Query, _Shortlist] = OrderedDict()
        self._reading: dict[Query, asyncio.Task[_Shortlist]] = {}
        self._penalties: OrderedDict[str, float] = OrderedDict()

    async def choose(
        self, queries: tuple[Query, ...], tried: Collection[str], accepts: Callable[[Choice], bool]
    ) -> Choice | None:
        """An upstream by the first query that gives one, or None.

        Neither one of `tried`, nor, where there are others, one that has just failed. Raises
        StoreAwayError.
        """
        for spare in (False, True):
            for query in queries:
                choice = self._draw(await self._shortlist(query), tried, accepts, spare)
                if choice is not None:
                    return choice
        return None

    async def find(self, name: str) -> Choice | None:
        """One upstream by its name, or None where the pool has it no more."""
        for shortlist in self._lists.values():
            for choice in shortlist.choices:
                if choice.name == name and self._clock() - shortlist.read_at < _STALE_S:
                    return choice
        try:
            record = await self._store.record(name)
        except UNAVAILABLE as error:
            raise StoreAwayError(type(error).__name__) from error
        return None if record is None else _choice(json.loads(record))

    def penalise(self, name: str) -> None:
        """It has just failed: others go before it for a while."""
        self._penalties[name] = self._clock() + _PENALTY_S
        self._penalties.move_to_end(name)
        if len(self._penalties) > _MAX_PENALTIES:
            self._penalties.popitem(last=False)

    def praise(self, name: str) -> None:
        """It works."""
        if self._penalties:
            self._penalties.pop(name, None)

    async def close(self) -> None:
        """Give up what is being read."""
        tasks = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _draw(
        self,
        shortlist: _Shortlist,
        tried: Collection[str],
        accepts: Callable[[Choice], bool],
        spare: bool,
    ) -> Choice | None:
        if not shortlist.choices:
            return None
        now = time.time()

        def fits(choice: Choice) -> bool:
            return (
                choice.name not in tried
                and (spare or self._penalties.get(choice.name, 0.0) <= self._clock())
                and not 0 < choice.expires <= now
                and accepts(choice)
            )

        for _ in range(_DRAWS):  # nearly always the first one fits
            drawn = random.choices(shortlist.choices, cum_weights=shortlist.weights)[0]  # noqa: S311  spreads load, no secret
            if fits(drawn):
                return drawn
        left = [choice for choice in shortlist.choices if fits(choice)]
        if not left:
            return None
        return random.choices(left, [_weight(choice) for choice in left])[0]  # noqa: S311  spreads load, no secret

    async def _shortlist(self, query: Query) -> _Shortlist:
        known = self._lists.get(query)
        if known is None:
            return await asyncio.shield(self._read(query))
        self._lists.move_to_end(query)
        age = self._clock() - known.read_at
        if age < FRESH_S:
            return known
        reading = self._read(query)
        if age < _STALE_S:
            return known
        try:
            return await asyncio.shield(reading)  # one that leaves does not end it for others
        except StoreAwayError:
            if age < _WITHOUT_STORE_S:
                return known
            raise

    def _read(self, query: Query) -> "asyncio.Task[_Shortlist]":
        """One reading for everyone who waits for the same list."""
        task = self._reading.get(query)
        if task is None:
            task = asyncio.create_task(self._fetch(query))
            self._reading[query] = task
            task.add_done_callback(lambda done: self._finished(query, done))
        return task

    def _finished(self, query: Query, task: "asyncio.Task[_Shortlist]") -> None:
        del self._reading[query]
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.warning("the list of upstreams could not be read: %s", error)
            return
        self._lists[query] = task.result()
        self._lists.move_to_end(query)
        if len(self._lists) > _MAX_LISTS:
            self._lists.popitem(last=False)

    async def _fetch(self, query: Query) -> _Shortlist:
        try:
            _, records = await self._store.list(query, sort="score", limit=_SIZE)
        except UNAVAILABLE as error:
            raise StoreAwayError(type(error).__name__) from error
        found = (_choice(json.loads(record)) for record in records)
        choices = tuple(choice for choice in found if choice is not None)
        weights = tuple(accumulate(_weight(choice) for choice in choices))
        return _Shortlist(choices, weights, self._clock())


def _weight(choice: Choice) -> float:
    # Squared: one with score 90 is taken about five times as often as one with 40.
    return max(choice.score, 1.0) ** 2


def _choice(record: dict[str, Any]) -> Choice | None:
    name = str(record["proxy"])
    try:
        upstream = Upstream.parse(name)
        protocols = tuple(Protocol(word) for word in record["protocols"])
    except (BadAddressError, ValueError) as error:
        log.error("a record in the store cannot be used: %s", error)
        return None
    return Choice(
        upstream, name, protocols, float(record["score"]), float(record.get("expires") or 0)
    )
