"""Values that are fetched again while the old ones still serve."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from proxypool.store import UNAVAILABLE

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

log = logging.getLogger(__name__)

_MAX_KEYS = 512


class StoreAwayError(Exception):
    """The store does not answer, and nothing is known from before."""


class Cache(Generic[K, V]):
    """Fetches each key's value once for all who ask.

    A value serves for `fresh_s`; then, until `stale_s`, while another is on its way; and, where
    the store is away, until `without_store_s`.
    """

    def __init__(
        self,
        fetch: Callable[[K], Awaitable[V]],
        *,
        fresh_s: float,
        stale_s: float,
        without_store_s: float,
    ) -> None:
        self._fetch = fetch
        self._fresh_s = fresh_s
        self._stale_s = stale_s
        self._without_store_s = without_store_s
        self._values: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._fetching: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """The key's value. Raises StoreAwayError."""
        known = self._values.get(key)
        if known is None:
            return await asyncio.shield(self._begin(key))
        self._values.move_to_end(key)
        value, since = known
        age = time.monotonic() - since
        if age < self._fresh_s:
            return value
        fetching = self._begin(key)
        if age < self._stale_s:
            return value
        try:
            return await asyncio.shield(fetching)  # one that leaves does not end it for others
        except StoreAwayError:
            if age < self._without_store_s:
                return value
            raise

    async def close(self) -> None:
        """Give up what is being fetched."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: K) -> "asyncio.Task[V]":
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.create_task(self._try(key))
            self._fetching[key] = task
            task.add_done_callback(lambda done: self._finished(key, done))
        return task

    async def _try(self, key: K) -> V:
        try:
            return await self._fetch(key)
        except UNAVAILABLE as error:
            raise StoreAwayError(type(error).__name__) from error

    def _finished(self, key: K, task: "asyncio.Task[V]") -> None:
        del self._fetching[key]
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.warning("upstreams could not be read: %s: %s", type(error).__name__, error)
            return
        self._values[key] = (task.result(), time.monotonic())
        self._values.move_to_end(key)
        if len(self._values) > _MAX_KEYS:
            self._values.popitem(last=False)
