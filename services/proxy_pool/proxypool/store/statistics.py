"""Numbers: sizes, verdicts and their reasons, sources with their yields, and the history."""

import json
from collections.abc import Mapping
from typing import Any

from proxypool.store.reading import ReadingStore

_JUDGE_REPORTED_FOR_S = 3600.0
_LATENCY_BOUNDS_MS = (100, 250, 500, 1000, 2000, 5000, 10000)


class StatisticsStore(ReadingStore):
    """What people look at when they ask how the pool does."""

    async def statistics(self) -> dict[str, Any]:
        """Sizes; checks by outcome; why they failed, and why https did; facets; how many are how
        fast; clients' reports; each source's last crawl with how many of it are alive and known,
        and their ratio (yield); and what checkers last saw of the judges."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.hlen(self._table)
        for suffix in (":known", ":inflight"):
            pipe.hlen(self._key(suffix))
        pipe.xlen(self._key(":work"))
        for lane in ("new", "alive", "failed"):
            pipe.zcard(self._key(f":due:{lane}"))
        for suffix in (":checks", ":reasons", ":https_reasons", ":reports", ":crawls", ":listed"):
            pipe.hgetall(self._key(suffix))
        pipe.hgetall(self._key(":judges"))
        pipe.time()
        (
            good,
            known,
            inflight,
            queued,
            new,
            alive,
            failed,
            *hashes,
            judges,
            clock,
        ) = await pipe.execute()
        checks, reasons, https_reasons, reports, crawls, listed = hashes
        facets = await self.facets()
        latency = await self._latency()
        return {
            "good": good,
            "known": known,
            "under_way": inflight,
            "queued": queued,
            "waiting": {"new": new, "alive": alive, "failed": failed},
            "checks": _numbers(checks),
            "reasons": _numbers(reasons),
            "https_reasons": _numbers(https_reasons),
            "reports": _numbers(reports),
            "facets": facets,
            "latency": latency,
            "sources": {
                name: {
                    **json.loads(crawls.get(name, "{}")),
                    **_yield(facets.get(f"source:{name}", 0), int(listed.get(name, 0))),
                }
                for name in sorted({*crawls, *listed})
            },
            "judges": _fresh(judges, clock[0] - _JUDGE_REPORTED_FOR_S),
        }

    async def _latency(self) -> list[dict[str, int | None]]:
        """A histogram of the good ones: `up_to_ms` (included; None in the last), `count`."""
        key = self._key(":by:latency")
        pipe = self._redis.pipeline(transaction=False)
        lowest = "-inf"
        for bound in _LATENCY_BOUNDS_MS:
            pipe.zcount(key, lowest, bound)
            lowest = f"({bound}"
        pipe.zcount(key, lowest, "+inf")
        counts = await pipe.execute()
        bounds = (*_LATENCY_BOUNDS_MS, None)
        return [
            {"up_to_ms": bound, "count": count} for bound, count in zip(bounds, counts, strict=True)
        ]

    async def note_judges(self, judges: Mapping[str, Mapping[str, Any]]) -> None:
        """Record what a checker sees of each judge, by its URL; any JSON object."""
        seconds, _ = await self._redis.time()
        for name, seen in judges.items():
            text = json.dumps({**seen, "reported": seconds})
            await self._redis.hset(self._key(":judges"), name, text)

    async def sample_history(self) -> bool:
        """Add a sample to the history, unless another scheduler has just done so."""
        return bool(await self._run("sample", int(self._settings.history_interval_s * 1000)))

    async def history(self, hours: float = 24.0) -> list[dict[str, Any]]:
        """Samples of the last `hours` (168 at most), oldest first.

        Each has `time` (unix s), `good`, `https`, `known`, `protocols` and `anonymity` (name →
        size). The last day's are HISTORY_INTERVAL apart, older ones a quarter of an hour.
        """
        seconds, _ = await self._redis.time()
        samples: list[dict[str, Any]] = []
        for suffix in (":history:old", ":history"):
            texts = await self._redis.zrangebyscore(
                self._key(suffix), seconds - hours * 3600, "+inf"
            )
            samples += [json.loads(text) for text in texts]
        return sorted(samples, key=lambda sample: int(sample["time"]))


def _numbers(texts: Mapping[str, str]) -> dict[str, int]:
    return {name: int(text) for name, text in sorted(texts.items())}


def _yield(alive: int, known: int) -> dict[str, Any]:
    return {"alive": alive, "known": known, "yield": round(alive / known, 4) if known else 0.0}


def _fresh(judges: Mapping[str, str], since_s: float) -> dict[str, Any]:
    seen = {name: json.loads(text) for name, text in sorted(judges.items())}
    return {name: one for name, one in seen.items() if one["reported"] >= since_s}
