"""Keeps loops alive while Redis is away: waits, says so, goes on."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from proxypool.store import UNAVAILABLE

T = TypeVar("T")

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 5.0


async def patiently(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of `attempt`, tried again with growing waits while Redis is unavailable."""
    wait_s = _FIRST_WAIT_S
    failures = 0
    while True:
        try:
            result = await attempt()
        except UNAVAILABLE as error:
            failures += 1
            log.warning(
                "redis does not serve %s: %s: %s; try %d follows in %.1f s",
                what,
                type(error).__name__,
                error,
                failures + 1,
                wait_s,
            )
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            continue
        if failures:
            log.info("redis serves %s again after %d failures", what, failures)
        return result
