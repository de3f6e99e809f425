"""The store: Redis, every mutation one atomic script.

Keys, all beginning with the table's name:

| key | type | what it holds |
|---|---|---|
| (the table) | hash | proxy → its record as JSON, good proxies only |
| `:all`, `:https` | set | the good proxies by what they can do |
| `:by_source` | hash | source → how many good proxies it listed |
| `:known` | hash | proxy → sources, lane, failures, last reason; candidates and dead ones too |
| `:inflight` | hash | proxy → id of its work in the stream: the claim that a verdict must hold |
| `:deleted` | zset | proxies not to be taken up again, by the time until when |
| `:work` | stream | checks handed out, consumer group `checkers` |
| `:due:new`, `:due:alive`, `:due:failed` | zset | when each is to be checked next |
| `:checks`, `:reasons` | hash | verdicts counted by outcome, and by reason |
| `:crawls`, `:next_crawl` | hash | source → its last crawl as JSON, and when the next is due |
"""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import (
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proxypool.settings import Settings
from proxypool.verdict import Verdict

GROUP = "checkers"

UNAVAILABLE = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    OutOfMemoryError,
    NoPermissionError,
)
"""What is raised while Redis is away, starting, full or locked: worth another try later."""

SUFFIXES = (
    "",
    ":all",
    ":https",
    ":by_source",
    ":known",
    ":inflight",
    ":deleted",
    ":work",
    ":due:new",
    ":due:alive",
    ":due:failed",
    ":checks",
    ":reasons",
    ":crawls",
    ":next_crawl",
)

_SHARES = {"alive": 0.5, "new": 0.3, "failed": 0.2}
_DISPATCH_BATCH = 500  # bounds how long one script holds Redis up: about 5 ms
_ADD_BATCH = 500
_SPREAD = 0.2
_SOCKET_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 4.0  # beyond the 2 s that a name lookup may take in the container


@dataclass(frozen=True, slots=True)
class Work:
    """One check that a checker has taken from the stream."""

    id: str
    proxy: str


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a crawl's addresses."""

    new: int = 0
    known: int = 0
    barred: int = 0
    beyond: int = 0

    def __add__(self, other: "Added") -> "Added":
        return Added(
            self.new + other.new,
            self.known + other.known,
            self.barred + other.barred,
            self.beyond + other.beyond,
        )


class Store:
    """The pool in Redis. Methods raise one of UNAVAILABLE while Redis does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # One retry, at once: it replaces a pooled connection that a restarted Redis has closed.
        self._redis: Redis = Redis.from_url(
            settings.db_conn,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_TIMEOUT_S,
            socket_timeout=_SOCKET_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
            max_connections=128,
            lib_name=None,
            lib_version=None,
        )
        self._keys = [settings.table_name + suffix for suffix in SUFFIXES]
        self._work_key = settings.table_name + ":work"
        self._rules = json.dumps(
            {
                "recheck_ms": settings.recheck_interval_s * 1000,
                "retry_ms": settings.retry_interval_s * 1000,
                "negative_ms": settings.negative_interval_s * 1000,
                "negative_max_ms": settings.negative_interval_max_s * 1000,
                "forget_ms": settings.forget_after_s * 1000,
                "max_fail_count": settings.max_fail_count,
            }
        )
        folder = files("proxypool") / "scripts"
        prelude = (folder / "prelude.lua").read_text(encoding="utf-8")
        self._scripts: dict[str, AsyncScript] = {
            name: self._redis.register_script(
                prelude + (folder / f"{name}.lua").read_text(encoding="utf-8")
            )
            for name in (
                "add",
                "all",
                "bury",
                "claim_crawl",
                "count",
                "delete",
                "dispatch",
                "finish_crawl",
                "get",
                "pop",
                "settle",
            )
        }

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    async def ping(self) -> None:
        """Make one round trip."""
        await self._redis.ping()

    # What the API needs

    async def get(self, facet: str) -> str | None:
        """A random good proxy's record as JSON; `facet` is `all` or `https`."""
        record: str | None = await self._run("get", facet)
        return record

    async def pop(self, facet: str) -> str | None:
        """The same, and takes it out: no other caller is given it."""
        popped_for_ms = int(self._settings.popped_for_s * 1000)
        record: str | None = await self._run("pop", facet, popped_for_ms)
        return record

    async def all(self, facet: str, limit: int = 0) -> list[str]:
        """Records as JSON; a random `limit` of them, or all with 0."""
        records: list[str] = await self._run("all", facet, limit)
        return records

    async def count(self) -> tuple[int, int, dict[str, int]]:
        """How many good proxies there are, how many of them carry https, and of each source."""
        total, https, flat = await self._run("count")
        return total, https, {flat[i]: int(flat[i + 1]) for i in range(0, len(flat), 2)}

    async def delete(self, proxy: str) -> bool:
        """Take one proxy out, and keep it out; whether it was in the pool."""
        deleted_for_ms = int(self._settings.deleted_for_s * 1000)
        return bool(await self._run("delete", proxy, deleted_for_ms))

    # What the scheduler needs

    async def add(self, source: str, proxies: Sequence[str]) -> Added:
        """Take up candidates that `source` lists."""
        total = Added()
        for start in range(0, len(proxies), _ADD_BATCH):
            batch = proxies[start : start + _ADD_BATCH]
            total += Added(*await self._run("add", source, self._settings.max_known, *batch))
        return total

    async def dispatch(self) -> int:
        """Hand out due checks, as many as the queue has room for; how many were handed out."""
        lease_ms = int((2 * self._settings.claim_idle_s + self._settings.verify_timeout_s) * 1000)
        handed = await self._run(
            "dispatch", self._settings.max_queue, lease_ms, _DISPATCH_BATCH, *_SHARES.values()
        )
        return sum(handed)

    async def claim_crawl(self, source: str, longest_wait_s: float, lease_s: float) -> float:
        """0 where the caller is to crawl `source` now, else the seconds until it may ask again.

        A crawl that does not finish within `lease_s` may be claimed by another scheduler.
        """
        wait_ms = await self._run(
            "claim_crawl", source, int(longest_wait_s * 1000), int(lease_s * 1000)
        )
        return float(wait_ms) / 1000

    async def finish_crawl(self, source: str, statistics: dict[str, Any], next_s: float) -> None:
        """Record a crawl and plan the next in `next_s` seconds."""
        await self._run("finish_crawl", source, json.dumps(statistics), int(next_s * 1000))

    # What the checker needs

    async def ensure_group(self) -> None:
        """Make the stream's consumer group where there is none."""
        try:
            await self._redis.xgroup_create(self._work_key, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def take(self, consumer: str, count: int, wait_s: float) -> list[Work]:
        """Up to `count` checks, waiting up to `wait_s` for the first."""
        try:
            answer = await self._redis.xreadgroup(
                GROUP,
                consumer,
                {self._work_key: ">"},
                count=count,
                block=max(1, int(wait_s * 1000)),
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self.ensure_group()
            return []
        return [
            Work(entry_id, fields["proxy"]) for _, entries in answer for entry_id, fields in entries
        ]

    async def take_over(self, consumer: str, count: int) -> list[Work]:
        """Checks that another checker has held for too long."""
        try:
            _, entries, _ = await self._redis.xautoclaim(
                self._work_key,
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
        return [Work(entry_id, fields["proxy"]) for entry_id, fields in entries if fields]

    async def settle(self, verdicts: Iterable[tuple[Work, Verdict]]) -> dict[str, int]:
        """Write verdicts; how many counted as good, failed, refused, postponed and stale."""
        arguments = []
        for work, verdict in verdicts:
            spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  spreads load, no secret
            arguments.append(
                json.dumps(
                    {"id": work.id, "proxy": work.proxy, "spread": spread, **verdict.as_dict()}
                )
            )
        counts = await self._run("settle", GROUP, self._rules, *arguments)
        return dict(zip(("good", "failed", "refused", "postponed", "stale"), counts, strict=True))

    async def leave(self, consumer: str) -> None:
        """Forget a consumer, unless it still holds work."""
        await self._run("bury", GROUP, consumer, 0)

    async def bury_consumers(self) -> None:
        """Forget consumers that have been silent for long and hold no work."""
        await self._run("bury", GROUP, "", int(10 * self._settings.claim_idle_s * 1000))

    # What people need

    async def statistics(self) -> dict[str, Any]:
        """Sizes, verdicts by outcome and by reason, and each source's last crawl."""
        table = self._settings.table_name
        pipe = self._redis.pipeline(transaction=False)
        for suffix in ("", ":known", ":inflight"):
            pipe.hlen(table + suffix)
        pipe.xlen(self._work_key)
        for suffix in (":checks", ":reasons", ":crawls", ":by_source"):
            pipe.hgetall(table + suffix)
        good, known, inflight, queued, checks, reasons, crawls, by_source = await pipe.execute()
        return {
            "good": good,
            "known": known,
            "under_way": inflight,
            "queued": queued,
            "checks": {name: int(value) for name, value in checks.items()},
            "reasons": {name: int(value) for name, value in reasons.items()},
            "sources": {
                name: {**json.loads(text), "alive": int(by_source.get(name, 0))}
                for name, text in sorted(crawls.items())
            },
        }

    async def _run(self, script: str, *arguments: str | int | float) -> Any:
        return await self._scripts[script](keys=self._keys, args=list(arguments))
