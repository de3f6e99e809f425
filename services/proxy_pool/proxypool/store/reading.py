"""What the API, the gateway and the command ask of the pool, and what they report to it."""

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from proxypool.query import Query
from proxypool.store.base import StoreBase, seed
from proxypool.store.selection import selection

Records: TypeAlias = list[str]
Found: TypeAlias = list[tuple[Any, str]]

SORTS = {
    "score": "score",
    "latency": "latency_ms",
    "checked": "last_time",
    "first_seen": "first_seen",
    "success_rate": "success_rate",
}
"""What `list` sorts by, and the record's field that it is."""

_PIECE = 250  # proxies looked at by one script, or records read by one command
_REPORTS_AT_ONCE = 100
_ORDERS = ("score", "latency")  # kept sorted
_WORTH_A_WALK = 1000  # smaller facets are looked through as quickly
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Counts(NamedTuple):
    """The sizes that the reference's `/count/` gives. Proxies that speak SOCKS alone are not in."""

    total: int
    https: int
    """Of them, those that carry verified TLS by CONNECT."""
    by_source: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """What a client saw of one proxy."""

    proxy: str
    ok: bool
    latency_ms: int = 0
    """0: not measured."""
    reason: str = ""
    """Why not, in one word."""
    target: str = ""
    """The target that it was tried with."""
    source: str = "client"
    """Who reports: client, gateway."""


class ReadingStore(StoreBase):
    """Costs of get, best, pop, count, delete and report do not grow with the pool where a query
    asks for one facet. Several conditions are tried at random, then looked through in pieces."""

    async def get(self, query: Query) -> str | None:
        """A random good proxy's record as JSON: the best of three, so better ones are likelier."""
        wanted, facet = selection(query)
        answer = await self._run("draw", facet) if facet else 1
        if answer == 1:
            answer = await self._run("get", wanted, seed())
        if not isinstance(answer, int):
            return answer or None
        found = await self._look_through(wanted)
        while found:
            sample = random.sample(found, min(3, len(found)))
            chosen = max(sample)
            record = await self.record(chosen[1])
            if record is not None:
                return record
            found.remove(chosen)
        return None

    async def best(self, query: Query) -> str | None:
        """The record of the one with the highest score, as JSON."""
        wanted, _ = selection(query)
        answer = await self._run("best", wanted)
        if not isinstance(answer, int):
            return answer or None
        for _, proxy in sorted(await self._look_through(wanted), reverse=True):
            record = await self.record(proxy)
            if record is not None:
                return record
        return None

    async def pop(self, query: Query) -> str | None:
        """As `get`, and takes it out for POPPED_FOR: no other caller is given it."""
        wanted, _ = selection(query)
        popped_for_ms = int(self._settings.popped_for_s * 1000)
        while True:
            answer = await self._run("pop", wanted, seed(), popped_for_ms)
            if not isinstance(answer, int):
                return answer or None
            found = [proxy for _, proxy in await self._look_through(wanted)]
            if not found:
                return None
            random.shuffle(found)
            answer = await self._run("pop", wanted, seed(), popped_for_ms, *found[:_PIECE])
            if answer and not isinstance(answer, int):
                return str(answer)

    async def record(self, proxy: str) -> str | None:
        """One good proxy's record as JSON."""
        record: str | None = await self._gathered.ask("HGET", self._table, proxy)
        return record

    async def delete(self, proxy: str) -> bool:
        """Take one proxy out, and keep it out for DELETED_FOR; whether it was in the pool."""
        deleted_for_ms = int(self._settings.deleted_for_s * 1000)
        return bool(await self._run("delete", proxy, deleted_for_ms))

    async def list(
        self,
        query: Query,
        *,
        sort: str = "score",
        descending: bool = True,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[int, Records]:
        """How many match, and one page of their records as JSON, in order.

        `sort` is one of SORTS, else ValueError. Redis is never held up: what cannot be read off
        one sorted set is looked through in pieces.
        """
        if sort not in SORTS:
            raise ValueError(f"sort: expected one of {', '.join(SORTS)}; found {sort!r}")
        wanted, facet = selection(query)
        end = offset + limit
        if facet and sort in _ORDERS:
            total = await self._size(facet)
            if facet == "all":
                page = await self._ranked(sort, descending, offset, min(end, total))
                return total, await self._records(page)
            if total > _WORTH_A_WALK and end < total / 2:
                found = await self._walked(facet, sort, descending, end)
                return total, await self._records(found[offset:end])
        matching = await self._look_through(wanted, SORTS[sort])
        matching.sort(reverse=descending)
        page = [proxy for _, proxy in matching[offset:end]]
        return len(matching), await self._records(page)

    async def all(self, query: Query, limit: int = 0) -> Records:
        """Records as JSON; a random `limit` of them in random order, or all with 0."""
        wanted, facet = selection(query)
        if facet and 0 < limit <= _PIECE:
            if facet == "all":
                drawn = await self._redis.zrandmember(self._key(":by:score"), limit)
            else:
                drawn = await self._redis.srandmember(self._key(f":in:{facet}"), limit)
            # Redis draws at random, and gives what it has drawn in an order of its own.
            return await self._records(random.sample(drawn or [], len(drawn or [])))
        found = [proxy for _, proxy in await self._look_through(wanted)]
        if limit:
            found = random.sample(found, min(limit, len(found)))
        return await self._records(found)

    async def count(self) -> Counts:
        """The sizes of the part of the pool that the reference's clients can use."""
        stored = await self._gathered.ask("HGETALL", self._key(":sizes"))
        sizes = {facet: int(size) for facet, size in stored.items()}
        by_source = {
            facet.removeprefix("source:"): size - sizes.get(f"not_web:{facet}", 0)
            for facet, size in sorted(sizes.items())
            if facet.startswith("source:")
        }
        return Counts(
            sizes.get("web", 0),
            sizes.get("https:connect", 0),
            {name: size for name, size in by_source.items() if size},
        )

    async def facets(self) -> dict[str, int]:
        """Sizes by protocol, https, anonymity, country, source and target: `socks5`, `country:CN`.

        `all` is the pool's size. Networks (`asn:`) are left out: there may be thousands.
        """
        sizes = await self._redis.hgetall(self._key(":sizes"))
        return {
            facet: int(size)
            for facet, size in sorted(sizes.items())
            if not facet.startswith("not_web:") and facet != "https:connect"
        }

    async def report(
        self,
        proxy: str,
        ok: bool,
        *,
        latency_ms: int = 0,
        reason: str = "",
        target: str = "",
        source: str = "client",
    ) -> bool:
        """Take a client's word on a proxy: it moves success rate and score, and may evict it.

        A measured latency is averaged into the record's. A failure brings the next check forward.
        False where the proxy is not in the pool.
        """
        given = Report(proxy, ok, latency_ms, reason, target, source)
        return bool(await self.report_many([given]))

    async def report_many(self, reports: Sequence[Report]) -> int:
        """The same for many; of how many the proxy was in the pool."""
        was_there = 0
        for start in range(0, len(reports), _REPORTS_AT_ONCE):
            batch = [_as_json(report) for report in reports[start : start + _REPORTS_AT_ONCE]]
            flags, damaged = await self._run("report", self._rules, self._moment(), *batch)
            self._warn_of(damaged)
            was_there += sum(flags)
        return was_there

    async def _size(self, facet: str) -> int:
        if facet == "all":
            return int(await self._redis.zcard(self._key(":by:score")))
        return int(await self._redis.scard(self._key(f":in:{facet}")))

    async def _ranked(self, order: str, descending: bool, first: int, end: int) -> Records:
        """Of all good proxies those from one rank to another."""
        proxies: Records = []
        for start in range(first, end, _PIECE):
            last = min(start + _PIECE, end) - 1
            key = self._key(f":by:{order}")
            proxies += await self._redis.zrange(key, start, last, desc=descending)
        return proxies

    async def _walked(self, facet: str, order: str, descending: bool, end: int) -> Records:
        """The first `end` that stand in the facet, in order."""
        # A dict: what changes its rank meanwhile may be met twice.
        proxies: dict[str, None] = {}
        rank, seen = 0, _PIECE
        while len(proxies) < end and seen == _PIECE:
            found, seen = await self._run("walk", facet, order, rank, _PIECE, int(descending))
            proxies.update(dict.fromkeys(found))
            rank += seen
        return [*proxies]

    async def _look_through(self, wanted: str, field: str = "score") -> Found:
        """Every proxy that is meant, after the field's value in its record."""
        found: dict[str, str] = {}
        for facet in await self._run("scan", wanted, ""):
            cursor = ""
            while cursor != "0":
                cursor, flat = await self._run("scan", wanted, facet, cursor or 0, _PIECE, field)
                found.update(zip(flat[::2], flat[1::2], strict=True))
        if field in ("last_time", "first_seen"):
            return [(text, proxy) for proxy, text in found.items()]
        return [(float(text or 0), proxy) for proxy, text in found.items()]

    async def _records(self, proxies: Sequence[str]) -> Records:
        """Their records, without those that have gone meanwhile."""
        records: Records = []
        for start in range(0, len(proxies), _PIECE):
            piece = await self._redis.hmget(self._table, list_of(proxies[start : start + _PIECE]))
            records += [record for record in piece if record]
        return records


def list_of(values: Iterable[str]) -> list[str]:
    """A list: inside the class its name is a method's."""
    return [*values]


def _as_json(report: Report) -> str:
    # What a client writes is kept and shown: one short word, or none at all.
    reason = report.reason if _WORD.fullmatch(report.reason) else ""
    if not report.ok and not reason:
        reason = "reported"
    if not _WORD.fullmatch(report.source):
        raise ValueError(f"source: expected one word; found {report.source[:40]!r}")
    return json.dumps(
        {
            "proxy": report.proxy,
            "ok": report.ok,
            "latency_ms": max(0, min(report.latency_ms, 3_600_000)),
            "reason": "" if report.ok else reason,
            "target": report.target,
            "source": report.source,
        }
    )
