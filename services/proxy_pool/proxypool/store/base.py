"""The connection that all parts of the store share, its scripts and its rules."""

import json
import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from redis.commands.core import AsyncScript
from redis.exceptions import (
    BusyLoadingError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from proxypool.connection import connect
from proxypool.settings import Settings
from proxypool.store.gathered import Gathered

log = logging.getLogger(__name__)

UNAVAILABLE = (
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    OutOfMemoryError,
    NoPermissionError,
)
"""What is raised while Redis is away, starting, full or locked: worth another try later."""

_REFUSALS = ("MISCONF ", "-OOM ", "-READONLY ")
"""What Redis says when it cannot write to its disk, and within a script's error before 7.0."""

_READS = ("clock", "match")
_WRITES = ("clock", "records")
_SCORES = ("clock", "records", "score")
SCRIPTS: dict[str, tuple[str, ...]] = {
    "add": _WRITES,
    "best": _READS,
    "bury": (),
    "claim_crawl": ("clock",),
    "delete": _WRITES,
    "dispatch": _WRITES,
    "draw": (),
    "finish_crawl": ("clock",),
    "forget_target": _WRITES,
    "get": _READS,
    "heal": _WRITES,
    "migrate": _SCORES,
    "pop": ("clock", "records", "match"),
    "relist": _WRITES,
    "report": _SCORES,
    "sample": ("clock",),
    "scan": _READS,
    "session": ("clock",),
    "settle": _SCORES,
    "sweep": _SCORES,
    "walk": (),
}
"""Each script and the parts that stand between the prelude and it."""

_READING = frozenset({"best", "draw", "get", "sample", "scan", "walk"})
"""Those that change nothing."""


class StoreBase:
    """One connection pool, and the scripts by name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection = connect(settings)
        # redis-py says of its asyncio methods that they may as well answer at once.
        self._redis: Any = self._connection.redis
        self._gathered = Gathered(self._redis)
        self._table = settings.table_name
        self._rules = json.dumps(
            {
                "recheck_ms": settings.recheck_interval_s * 1000,
                "retry_ms": settings.retry_interval_s * 1000,
                "negative_ms": settings.negative_interval_s * 1000,
                "negative_max_ms": settings.negative_interval_max_s * 1000,
                "forget_ms": settings.forget_after_s * 1000,
                "score_memory": settings.score_memory,
                "evict_below": settings.evict_below,
                "max_fail_count": settings.max_fail_count,
                "pool_size_max": settings.pool_size_max,
            }
        )
        folder = files("proxypool") / "scripts"

        def text(name: str) -> str:
            return (folder / f"{name}.lua").read_text(encoding="utf-8")

        self._scripts: dict[str, AsyncScript] = {
            name: self._redis.register_script("".join(map(text, ("prelude", *parts, name))))
            for name, parts in SCRIPTS.items()
        }

    async def close(self) -> None:
        """Close all connections; an embedded store that nobody else uses is stopped."""
        await self._connection.close()

    async def ping(self) -> None:
        """Make one round trip."""
        await self._redis.ping()

    def _key(self, suffix: str) -> str:
        return self._table + suffix

    def _moment(self) -> str:
        """The time of day as people read it, in TIMEZONE."""
        return self._as_read(datetime.now(UTC))

    def _as_read(self, moment: datetime) -> str:
        """`moment` as people read it, in TIMEZONE."""
        return moment.astimezone(self._settings.timezone).strftime("%Y-%m-%d %H:%M:%S")

    async def _run(self, script: str, *arguments: str | bytes | int | float) -> Any:
        try:
            if script in _READING:
                return await self._read(self._scripts[script], arguments)
            return await self._scripts[script](keys=[self._table], args=arguments)
        except UNAVAILABLE:
            raise
        except ResponseError as error:
            text = str(error)
            if any(refusal in text for refusal in _REFUSALS):
                raise ReadOnlyError(text) from error
            raise

    async def _read(
        self, script: AsyncScript, arguments: Sequence[str | bytes | int | float]
    ) -> Any:
        try:
            return await self._gathered.ask("EVALSHA", script.sha, 1, self._table, *arguments)
        except NoScriptError:
            await self._redis.script_load(script.script)
            return await self._gathered.ask("EVALSHA", script.sha, 1, self._table, *arguments)

    def _warn_of(self, damaged: list[str]) -> None:
        """Say which proxies were dropped because what was stored of them could not be read."""
        for name in damaged:
            place = name.rpartition("@")[2]
            log.error("dropped %s: what was stored of it cannot be read", place[:80])


def seed() -> int:
    """A number for a script to draw lots with: Redis begins each one with the same."""
    return random.getrandbits(31)
