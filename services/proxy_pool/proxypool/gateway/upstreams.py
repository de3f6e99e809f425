"""The choice of upstreams: short lists in memory, the better scores more likely.

A choice costs no round trip. The best of each facet (a protocol, a country …) are read every few
seconds, which costs the store the same however large the pool is, and short lists for whatever
filters clients give are made from them.
"""

import random
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import accumulate

from proxypool.gateway.cache import Cache, StoreAwayError
from proxypool.gateway.choice import Choice
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.store import UNAVAILABLE, Store

FRESH_S = 2.0
"""A list is used this long before another is fetched."""
_STALE_S = 10.0
_WITHOUT_STORE_S = 600.0
_SIZE = 200
_FACET_SIZE = 300
_ENOUGH = 20
_PENALTY_S = 30.0
_MAX_PENALTIES = 10_000
_DRAWS = 8

Choices = tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class _Shortlist:
    choices: Choices
    weights: tuple[float, ...]
    """Cumulative."""


class Upstreams:
    """Short lists of the best upstreams, one for each query. Methods raise StoreAwayError."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._facets: Cache[Query, Choices] = Cache(
            self._read_facet, fresh_s=FRESH_S, stale_s=FRESH_S, without_store_s=_WITHOUT_STORE_S
        )
        # What must be looked through is looked through less often.
        self._exact: Cache[Query, Choices] = Cache(
            self._look_through,
            fresh_s=5 * FRESH_S,
            stale_s=10 * FRESH_S,
            without_store_s=_WITHOUT_STORE_S,
        )
        self._lists: Cache[Query, _Shortlist] = Cache(
            self._make_list, fresh_s=FRESH_S, stale_s=_STALE_S, without_store_s=_WITHOUT_STORE_S
        )
        self._penalties: OrderedDict[str, float] = OrderedDict()

    async def choose(
        self, queries: tuple[Query, ...], tried: Collection[str], accepts: Callable[[Choice], bool]
    ) -> Choice | None:
        """An upstream by the first query that gives one, or None.

        Not one of `tried`, and none that has just failed where there are others.
        """
        for spare in (False, True):
            for query in queries:
                choice = self._draw(await self._lists.get(query), tried, accepts, spare)
                if choice is not None:
                    return choice
        return None

    async def find(self, name: str) -> Choice | None:
        """One upstream by its name, or None where the pool has it no more."""
        try:
            record = await self._store.record(name)
        except UNAVAILABLE as error:
            raise StoreAwayError(type(error).__name__) from error
        return None if record is None else Choice.of(record)

    def penalise(self, name: str) -> None:
        """It has just failed: others go before it for a while."""
        self._penalties[name] = self._clock() + _PENALTY_S
        self._penalties.move_to_end(name)
        if len(self._penalties) > _MAX_PENALTIES:
            self._penalties.popitem(last=False)

    def praise(self, name: str) -> None:
        """It works."""
        self._penalties.pop(name, None)

    async def close(self) -> None:
        """Give up what is being read."""
        for cache in (self._lists, self._exact, self._facets):
            await cache.close()

    def _draw(
        self,
        shortlist: _Shortlist,
        tried: Collection[str],
        accepts: Callable[[Choice], bool],
        spare: bool,
    ) -> Choice | None:
        if not shortlist.choices:
            return None
        now, moment = time.time(), self._clock()

        def fits(choice: Choice) -> bool:
            return (
                choice.name not in tried
                and (spare or self._penalties.get(choice.name, 0.0) <= moment)
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

    async def _make_list(self, query: Query) -> _Shortlist:
        found: dict[str, Choice] = {}
        cut_off = False
        for facet in _facets_of(query):
            choices = await self._facets.get(facet)
            cut_off = cut_off or len(choices) >= _FACET_SIZE
            found.update((c.name, c) for c in choices if c.is_meant_by(query))
        if cut_off and len(found) < _ENOUGH:
            # There may be more among those that are not the facet's best.
            found.update((c.name, c) for c in await self._exact.get(query))
        best = sorted(found.values(), key=lambda choice: choice.score, reverse=True)[:_SIZE]
        return _Shortlist(tuple(best), tuple(accumulate(_weight(choice) for choice in best)))

    async def _read_facet(self, facet: Query) -> Choices:
        _, records = await self._store.list(facet, limit=_FACET_SIZE)
        return _choices(records)

    async def _look_through(self, query: Query) -> Choices:
        _, records = await self._store.list(query, limit=_SIZE)
        return _choices(records)


def _facets_of(query: Query) -> list[Query]:
    """Queries of one facet each that hold, between them, all that `query` means."""
    if query.target:
        return [Query(target=query.target)]
    if query.asn:
        return [Query(asn=query.asn)]
    if query.country:
        return [Query(country=query.country)]
    secure = True if query.https else None
    return [
        Query(protocols=(protocol,), https=secure if protocol is Protocol.CONNECT else None)
        for protocol in query.protocols or tuple(Protocol)
    ]


def _choices(records: list[str]) -> Choices:
    return tuple(choice for choice in map(Choice.of, records) if choice is not None)


def _weight(choice: Choice) -> float:
    # Squared: one with score 90 is taken about five times as often as one with 40.
    return max(choice.score, 1.0) ** 2
