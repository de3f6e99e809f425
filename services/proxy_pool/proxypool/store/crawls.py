"""Who crawls which source, and when."""

import json
from typing import Any

from proxypool.store.base import StoreBase

_LEAST_BETWEEN_CRAWLS_S = 60.0
"""A pool that runs dry asks a source no more often than this."""


class CrawlStore(StoreBase):
    """What the crawling scheduler needs."""

    async def claim_crawl(self, source: str, longest_wait_s: float, lease_s: float) -> float:
        """0 where the caller is to crawl `source` now, else the seconds until it may ask again.

        A crawl that does not finish within `lease_s` may be claimed by another scheduler. While
        fewer than POOL_SIZE_MIN proxies are good, a source that worked the last time does not wait
        for its interval, but a minute.
        """
        wait_ms = await self._run(
            "claim_crawl",
            source,
            int(longest_wait_s * 1000),
            int(lease_s * 1000),
            self._settings.pool_size_min,
            int(_LEAST_BETWEEN_CRAWLS_S * 1000),
        )
        return float(wait_ms) / 1000

    async def finish_crawl(self, source: str, statistics: dict[str, Any], next_s: float) -> None:
        """Record a crawl and plan the next in `next_s` seconds.

        `statistics` is any JSON object; `failures` in it says how many crawls in a row failed.
        """
        succeeded = not statistics.get("failures")
        text = json.dumps(statistics)
        await self._run("finish_crawl", source, text, int(next_s * 1000), int(succeeded))

    async def is_short(self) -> bool:
        """Whether fewer than POOL_SIZE_MIN proxies are good."""
        size: int = await self._redis.zcard(self._key(":by:score"))
        return size < self._settings.pool_size_min

    async def note_source_removed(self, source: str) -> None:
        """Forget a source's crawls. Its proxies stay, and go as any other when they die."""
        for suffix in (":crawls", ":next_crawl", ":crawled"):
            await self._redis.hdel(self._key(suffix), source)
