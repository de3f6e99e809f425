"""Redis: reads that wait together go out together, and a Redis that is away is left alone."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shortlink.metrics import redis_failures

log = logging.getLogger(__name__)

_T = TypeVar("_T")

_TIMEOUT_S = 0.5
_LEFT_ALONE_S = 1.0
_CONNECTIONS = 16
_AT_ONCE = 64
_UNDER_WAY = 2  # Redis answers one piece while the next is made


class RedisAwayError(Exception):
    """Redis was not asked: it did not answer a moment ago."""


UNAVAILABLE = (
    RedisAwayError,
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    OutOfMemoryError,
    NoPermissionError,
)
"""What is raised while Redis is away, starting, full or locked: worth another try later."""
_AWAY = (RedisConnectionError, RedisTimeoutError, BusyLoadingError)
_REFUSALS = ("MISCONF", "OOM ", "READONLY")


class RedisStore:
    """The connection that all parts of this process share."""

    def __init__(self, url: str) -> None:
        # redis-py says of its asyncio methods that they may as well answer at once.
        pool = BlockingConnectionPool.from_url(
            url,
            # Who finds all of them in use waits for one: that is no Redis that is away.
            max_connections=_CONNECTIONS,
            timeout=_TIMEOUT_S,
            decode_responses=True,
            socket_connect_timeout=_TIMEOUT_S,
            socket_timeout=_TIMEOUT_S,
            # One retry, at once: it replaces a pooled connection that a restarted Redis has closed.
            retry=Retry(NoBackoff(), 1),
            lib_name=None,
            lib_version=None,
        )
        self._redis: Any = Redis.from_pool(pool)
        self._away_until_s = 0.0
        self._asked: list[tuple[str, asyncio.Future[str | None]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> str | None:
        """A key's value; those that are asked for at the same time are read as one."""
        self._refuse_while_away()
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked.append((key, answer))
        if len(self._sending) < _UNDER_WAY:
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await answer

    async def set(self, key: str, value: str, seconds: int, *, new: bool = False) -> None:
        """Set a key for so long; with `new` only where there is none."""
        await self._do(self._redis.set(key, value, ex=seconds, nx=new))

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[object]) -> Any:
        """A script's answer."""
        return await self._do(self._redis.eval(script, len(keys), *keys, *arguments))

    async def append(self, stream: str, fields: dict[str, str], most: int) -> bool:
        """Add to a stream, unless it has `most` entries."""
        if await self._do(self._redis.xlen(stream)) >= most:
            return False
        await self._do(self._redis.xadd(stream, fields))
        return True

    async def first(self, stream: str, count: int) -> list[tuple[str, dict[str, str]]]:
        """A stream's oldest entries."""
        found: list[tuple[str, dict[str, str]]] = await self._do(
            self._redis.xrange(stream, count=count)
        )
        return found

    async def drop(self, stream: str, numbers: Sequence[str]) -> None:
        """Take entries out of a stream."""
        if numbers:
            await self._do(self._redis.xdel(stream, *numbers))

    async def length(self, stream: str) -> int:
        """How many entries a stream has."""
        return int(await self._do(self._redis.xlen(stream)))

    async def ping(self) -> None:
        """Make one round trip, also where it was away a moment ago."""
        self._away_until_s = 0.0
        await self._do(self._redis.ping())

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    def _refuse_while_away(self) -> None:
        if time.monotonic() < self._away_until_s:
            raise RedisAwayError("it did not answer a moment ago")

    async def _do(self, command: Awaitable[_T]) -> _T:
        """Raises one of UNAVAILABLE."""
        try:
            self._refuse_while_away()
        except RedisAwayError:
            if asyncio.iscoroutine(command):
                command.close()
            raise
        try:
            return await command
        except ResponseError as error:
            # A Redis that cannot write to its disk says so in an error of no class of its own.
            if not isinstance(error, UNAVAILABLE) and str(error).startswith(_REFUSALS):
                self._failed(error)
                raise ReadOnlyError(str(error)) from error
            self._failed(error)
            raise
        except RedisError as error:
            self._failed(error)
            raise

    def _failed(self, error: Exception) -> None:
        redis_failures.inc()
        if isinstance(error, _AWAY):
            self._away_until_s = time.monotonic() + _LEFT_ALONE_S
        log.warning("redis: %s: %s", type(error).__name__, error)

    async def _send(self) -> None:
        """Read pieces until nothing is asked."""
        while self._asked:
            some, self._asked = self._asked[:_AT_ONCE], self._asked[_AT_ONCE:]
            try:
                values: list[Any] = await self._do(self._redis.mget([key for key, _ in some]))
            except RedisError as error:
                # Nor will it answer those who wait by now: a Redis that hangs costs one timeout.
                some += self._asked
                self._asked = []
                values = [error] * len(some)
            except RedisAwayError as error:
                values = [error] * len(some)
            except BaseException:
                for _, answer in some:
                    answer.cancel()
                raise
            for (_, answer), value in zip(some, values, strict=True):
                if answer.done():
                    continue  # its caller has gone
                if isinstance(value, Exception):
                    answer.set_exception(value)
                else:
                    answer.set_result(value)
