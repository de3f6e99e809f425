"""Candidates come in, checks are handed out, taken, and settled."""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from redis.exceptions import ResponseError

from proxypool.candidate import Candidate
from proxypool.protocol import Protocol
from proxypool.store.base import StoreBase
from proxypool.verdict import Verdict

GROUP = "checkers"

_SHARES = {"alive": 0.5, "new": 0.3, "failed": 0.2}
_DISPATCH_AT_ONCE = 200  # these bound how long one script holds Redis up
_ADD_AT_ONCE = 200
_SETTLE_AT_ONCE = 32
_SWEEP_AT_ONCE = 200
_SPREAD = 0.2
_PROTOCOLS = frozenset(protocol.value for protocol in Protocol)


def _hint(said: Protocol | None) -> str:
    """What a list's word for a proxy means to a check.

    What lists call an HTTP proxy is asked for tunnels too: only there does it show whether it
    leaves TLS alone.
    """
    if said is Protocol.HTTP:
        return f"{Protocol.HTTP},{Protocol.CONNECT}"
    return said or ""


class Work(NamedTuple):
    """One check that a checker has taken from the stream."""

    id: str
    proxy: str
    hint: tuple[Protocol, ...] = ()
    """What it is known or said to speak, first things first."""
    full: bool = True
    """Try all protocols."""
    targets: tuple[str, ...] = ()
    """The names of the targets to try it with."""
    was_good: bool = False
    """By its last check."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a source's candidates."""

    new: int = 0
    known: int = 0
    barred: int = 0
    """Deleted or popped not long ago."""
    beyond: int = 0
    """Not taken: MAX_KNOWN is reached."""
    expired: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(
            self.new + other.new,
            self.known + other.known,
            self.barred + other.barred,
            self.beyond + other.beyond,
            self.expired + other.expired,
        )


class WorkStore(StoreBase):
    """What scheduler and checkers need."""

    async def add(
        self, source: str, candidates: Sequence[Candidate], *, private: bool = False
    ) -> Added:
        """Take up candidates that `source` lists.

        `private`: the source is the user's own. What a public source lists too is not private.
        Raises ValueError for a source's name with a slash.
        """
        if not source or "/" in source:
            raise ValueError(f"source: expected a name without a slash; found {source!r}")
        total = Added()
        for start in range(0, len(candidates), _ADD_AT_ONCE):
            batch = [
                [str(candidate.upstream), _hint(candidate.protocol), candidate.expires]
                for candidate in candidates[start : start + _ADD_AT_ONCE]
            ]
            *numbers, damaged = await self._run(
                "add", source, self._settings.max_known, int(private), json.dumps(batch)
            )
            self._warn_of(damaged)
            total += Added(*numbers)
        return total

    async def dispatch(self) -> int:
        """Hand out due checks, as many as the queue has room for; how many were handed out.

        Before that, what has expired and what is beyond the pool's size is dropped.
        """
        await self._sweep()
        lease_ms = int((2 * self._settings.claim_idle_s + self._settings.verify_timeout_s) * 1000)
        full_ms = int(self._settings.full_check_interval_s * 1000)
        total = 0
        for _ in range(0, self._settings.max_queue, _DISPATCH_AT_ONCE):
            *handed, looked_at, damaged = await self._run(
                "dispatch",
                self._rules,
                self._settings.max_queue,
                lease_ms,
                _DISPATCH_AT_ONCE,
                full_ms,
                *_SHARES.values(),
            )
            self._warn_of(damaged)
            total += sum(handed)
            if looked_at < _DISPATCH_AT_ONCE:
                break
        return total

    async def _sweep(self) -> None:
        while True:
            *dropped, damaged = await self._run("sweep", self._rules, _SWEEP_AT_ONCE)
            self._warn_of(damaged)
            if max(dropped) < _SWEEP_AT_ONCE:
                return

    async def ensure_group(self) -> None:
        """Make the stream's consumer group where there is none."""
        try:
            await self._redis.xgroup_create(self._key(":work"), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def take(self, consumer: str, count: int, wait_s: float) -> list[Work]:
        """Up to `count` checks, waiting up to `wait_s` for the first."""
        try:
            answer = await self._redis.xreadgroup(
                GROUP,
                consumer,
                {self._key(":work"): ">"},
                count=count,
                block=max(1, int(wait_s * 1000)),
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.ensure_group()
            return []
        return [_work(entry_id, fields) for _, entries in answer for entry_id, fields in entries]

    async def take_over(self, consumer: str, count: int) -> list[Work]:
        """Checks that another checker has held for too long."""
        try:
            # From Redis 7.0 a third part follows: entries that were gone.
            _, entries, *_ = await self._redis.xautoclaim(
                self._key(":work"),
                GROUP,
                consumer,
                min_idle_time=int(self._settings.claim_idle_s * 1000),
                count=count,
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.ensure_group()
            return []
        return [_work(entry_id, fields) for entry_id, fields in entries if fields]

    async def settle(self, verdicts: Iterable[tuple[Work, Verdict]]) -> dict[str, int]:
        """Write verdicts; how many counted as good, failed, refused, postponed and stale."""
        totals = dict.fromkeys(("good", "failed", "refused", "postponed", "stale"), 0)
        arguments = [_settlement(work, verdict) for work, verdict in verdicts]
        for start in range(0, len(arguments), _SETTLE_AT_ONCE):
            *counts, damaged = await self._run(
                "settle",
                self._rules,
                GROUP,
                self._moment(),
                *arguments[start : start + _SETTLE_AT_ONCE],
            )
            self._warn_of(damaged)
            for name, number in zip(totals, counts, strict=True):
                totals[name] += number
        return totals

    async def leave(self, consumer: str) -> None:
        """Forget a consumer, unless it still holds work."""
        await self._run("bury", GROUP, consumer, 0)

    async def bury_consumers(self) -> None:
        """Forget consumers that have been silent for long and hold no work."""
        await self._run("bury", GROUP, "", int(10 * self._settings.claim_idle_s * 1000))


def _work(entry_id: str, fields: dict[str, str]) -> Work:
    # Work of an earlier layout has the proxy alone.
    return Work(
        entry_id,
        fields["proxy"],
        _protocols(fields.get("hint", "")),
        fields.get("full", "1") == "1",
        tuple(filter(None, fields.get("targets", "").split(","))),
        fields.get("lane") == "alive",
    )


@lru_cache(maxsize=256)
def _protocols(names: str) -> tuple[Protocol, ...]:
    return tuple(Protocol(name) for name in names.split(",") if name in _PROTOCOLS)


def _settlement(work: Work, verdict: Verdict) -> bytes:
    spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  spreads load, no secret
    content: dict[str, Any] = verdict.told()
    content.update(id=work.id, proxy=work.proxy, spread=spread)
    if work.full:
        content["full"] = True
    return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)  # a Protocol is a str, too
