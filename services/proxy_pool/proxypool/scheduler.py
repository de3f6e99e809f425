"""The scheduler: crawls the sources side by side, and hands out what is due to be checked."""

import asyncio
import logging
import random

import aiohttp

from proxypool.candidate import Candidate
from proxypool.crawl import crawl, new_session
from proxypool.heartbeat import Heartbeat
from proxypool.patience import patiently
from proxypool.settings import Settings
from proxypool.sources import Source
from proxypool.store import Store

log = logging.getLogger(__name__)

_TICK_S = 0.5
_FIRST_BACK_OFF_S = 2.0
_BACK_OFF_LIMIT = 4
"""A source that fails is tried again after 2, 4, 8 … seconds, at most this many intervals."""
_LONGEST_SLEEP_S = 30.0
_PARALLEL_CRAWLS = 16


class Scheduler:
    """Runs until cancelled. Any number may run: each crawl and each check is handed out once."""

    def __init__(self, settings: Settings, sources: list[Source], store: Store) -> None:
        self._settings = settings
        self._sources = sources
        self._store = store
        self._heartbeat = Heartbeat(settings.heartbeat_file)
        self._failures: dict[str, int] = {}
        self._due = asyncio.Event()
        self._room = asyncio.Semaphore(_PARALLEL_CRAWLS)

    async def run(self) -> None:
        """Crawl and hand out for ever."""
        log.info("crawling %d sources", len(self._sources))
        async with new_session() as session, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_out())
            for source in self._sources:
                tasks.create_task(self._follow(source, session))

    async def _hand_out(self) -> None:
        while True:
            handed = await patiently("handing out checks", self._store.dispatch)
            self._heartbeat.beat()
            if handed:
                log.debug("handed out %d checks", handed)
            self._due.clear()
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._due.wait()  # candidates of a crawl are not made to wait
            except TimeoutError:
                continue

    async def _follow(self, source: Source, session: aiohttp.ClientSession) -> None:
        lease_s = len(source.page_urls()) * source.timeout_s + 60.0
        longest_wait_s = max(source.interval_s * _BACK_OFF_LIMIT, lease_s)
        while True:
            wait_s = await patiently(
                f"the claim of {source.name}",
                lambda: self._store.claim_crawl(source.name, longest_wait_s, lease_s),
            )
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, _LONGEST_SLEEP_S))
                continue
            async with self._room:
                await self._crawl(source, session)

    async def _crawl(self, source: Source, session: aiohttp.ClientSession) -> None:
        result = await crawl(source, session)
        rule = self._settings.upstream_rule
        # Only the checker's own look, at connect time, decides; this keeps the queue free of noise.
        proxies = [
            Candidate(found)
            for found in result.upstreams
            if found.ip is None or rule.permits(found.ip)
        ]
        added = await patiently(
            f"the candidates of {source.name}", lambda: self._store.add(source.name, proxies)
        )
        self._due.set()
        failures = 0 if result.succeeded else self._failures.get(source.name, 0) + 1
        self._failures[source.name] = failures
        next_s = self._next_s(source, failures)
        statistics = {
            **result.statistics(),
            "not_allowed": len(result.upstreams) - len(proxies),
            "new": added.new,
            "barred": added.barred,
            "beyond_max_known": added.beyond,
            "failures": failures,
        }
        await patiently(
            f"the statistics of {source.name}",
            lambda: self._store.finish_crawl(source.name, statistics, next_s),
        )
        level = logging.INFO if result.succeeded else logging.WARNING
        log.log(
            level,
            "source %s: %d proxies, %d new, %.1f s%s; next in %.0f s",
            source.name,
            len(result.upstreams),
            added.new,
            result.duration_s,
            f", last error: {result.error}" if result.error else "",
            next_s,
        )

    def _next_s(self, source: Source, failures: int) -> float:
        spread = random.uniform(0.9, 1.1)  # noqa: S311  spreads load, no secret
        if not failures:
            return source.interval_s * spread
        back_off_s = _FIRST_BACK_OFF_S * 2.0 ** min(failures - 1, 20)
        return min(back_off_s, source.interval_s * _BACK_OFF_LIMIT) * spread
