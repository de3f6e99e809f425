"""Limits: how many requests a caller makes, how many logins may fail, how long a body is.

Their memory is bounded, whoever calls.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proxypool.api.errors import RefusedError
from proxypool.problems import Problem

_KEPT = 10_000  # buckets; the one that was used longest ago goes first


class Buckets:
    """A token bucket for each key: `burst` at once, and then `burst` in each `period_s`."""

    def __init__(
        self,
        burst: int,
        period_s: float,
        kept: int = _KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst = float(burst)
        self._per_second = burst / period_s
        self._kept = kept
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait_s(self, key: str) -> int:
        """0 where `key` has a token, else the whole seconds until it has; takes none."""
        tokens = self._tokens(key, self._clock())
        return 0 if tokens >= 1 else math.ceil((1 - tokens) / self._per_second)

    def take(self, key: str) -> int:
        """Take a token: 0, or the whole seconds until there is one."""
        now = self._clock()
        tokens = self._tokens(key, now)
        if tokens < 1:
            return math.ceil((1 - tokens) / self._per_second)
        self._buckets[key] = (tokens - 1, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._kept:
            self._buckets.popitem(last=False)
        return 0

    def _tokens(self, key: str, now: float) -> float:
        tokens, then = self._buckets.get(key, (self._burst, now))
        return min(self._burst, tokens + (now - then) * self._per_second)


def too_many(name: str, limit: str, wait_s: int) -> RefusedError:
    """The answer to a caller that has used up its share."""
    problem = Problem(name, limit, "more", f"wait {wait_s} s and ask more slowly")
    return RefusedError(problem, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait_s)})


class BodyLimit:
    """Refuses bodies that are longer than `limit` bytes, without reading them whole.

    `limits` says otherwise for single paths.
    """

    def __init__(self, app: ASGIApp, limit: int, limits: dict[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)  # nobody reads a body of these
            return
        limit = self._limits.get(scope["path"], self._limit)
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_long(limit)
            return message

        await self._app(scope, limited, send)


def _too_long(limit: int) -> RefusedError:
    advice = "send it in several calls, or raise IMPORT_MAX_BYTES for imports"
    problem = Problem("body", f"at most {limit} bytes", "more", advice)
    # What is left of the body is not read: the connection cannot be used again.
    return RefusedError(problem, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Connection": "close"})
