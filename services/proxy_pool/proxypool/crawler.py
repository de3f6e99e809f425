"""Follows the sources: crawls each when it is due, side by side, and takes up changed files."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aiohttp

from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.page_memory import PageMemory
from proxypool.patience import patiently
from proxypool.problems import ConfigurationError
from proxypool.settings import Settings
from proxypool.source_health import Health, State, health_after
from proxypool.sources import Source, SourceFiles, public_version, version
from proxypool.store import Added, Store

log = logging.getLogger(__name__)

FILES = "(files)"
"""Stands among the sources' statistics while a change of the files is refused. No source can have
this name."""

_LOOK_S = 3.0
_LOOK_AGAIN_AT_REFUSED_S = 60.0
"""What was refused may be good without a change: a plug-in that was too slow, say."""
_FIRST_BACK_OFF_S = 2.0
_BACK_OFF_LIMIT = 4
"""A source that fails is tried again after 2, 4, 8 … seconds, at most this many intervals."""
_LONGEST_SLEEP_S = 5.0
_PARALLEL_CRAWLS = 16
_LEASE_S = 60.0
"""What a crawl's claim lasts longer than its deadline."""


class Crawler:
    """Runs until cancelled. Any number may run: each crawl is claimed by one."""

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Source],
        store: Store,
        *,
        files: SourceFiles | None = None,
        on_candidates: Callable[[], object] = lambda: None,
        look_s: float = _LOOK_S,
    ) -> None:
        """`files`, where given, are watched each `look_s`; `on_candidates` is called when there
        are new ones.
        """
        self._settings = settings
        self._sources = sources
        self._store = store
        self._files = files
        self._on_candidates = on_candidates
        self._look_s = look_s
        self._memory = PageMemory()
        self._room = asyncio.Semaphore(_PARALLEL_CRAWLS)
        self._followed: dict[str, tuple[str, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Crawl for ever."""
        log.info("crawling %d sources", len(self._sources))
        rule = self._settings.source_rule
        async with new_session(rule) as session, asyncio.TaskGroup() as tasks:
            await self._forget_what_changed()
            await self._take_up(self._sources, session, tasks)
            if self._files is not None:
                await self._watch(self._files, session, tasks)

    async def _forget_what_changed(self) -> None:
        """What was crawled by an earlier process, from files that were others then."""
        named = {source.name: public_version(source) for source in self._sources}
        statistics = await patiently("the sources' statistics", self._store.statistics)
        for name, numbers in statistics["sources"].items():
            if "version" in numbers and numbers["version"] != named.get(name):
                await self._forget(name)

    async def _forget(self, name: str) -> None:
        await patiently(f"the removal of {name}", partial(self._store.note_source_removed, name))

    async def _take_up(
        self, sources: Sequence[Source], session: aiohttp.ClientSession, tasks: asyncio.TaskGroup
    ) -> None:
        versions = await asyncio.to_thread(lambda: {one.name: version(one) for one in sources})
        for name, (known, task) in list(self._followed.items()):
            if versions.get(name) == known:
                continue
            task.cancel()
            await asyncio.wait([task])
            del self._followed[name]
            await self._forget(name)  # a changed one is crawled at once
            log.info("source %s: %s", name, "changed" if name in versions else "removed")
        for source in sources:
            if source.name not in self._followed:
                task = tasks.create_task(self._follow(source, session))
                self._followed[source.name] = versions[source.name], task

    async def _watch(
        self, files: SourceFiles, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup
    ) -> None:
        refused = ""
        loaded = time.monotonic()
        while True:
            await asyncio.sleep(self._look_s)
            changed = await asyncio.to_thread(files.changed)
            stale = refused and time.monotonic() - loaded > _LOOK_AGAIN_AT_REFUSED_S
            if not changed and not stale:
                continue
            loaded = time.monotonic()
            try:
                sources = await asyncio.to_thread(files.load)
            except ConfigurationError as error:
                if str(error) != refused:
                    refused = str(error)
                    await self._note_refused(error)
                continue
            await self._take_up(sources, session, tasks)
            log.info("%s: %d sources", files.folder, len(sources))
            if refused:
                refused = ""
                await self._forget(FILES)

    async def _note_refused(self, error: ConfigurationError) -> None:
        for problem in error.problems:
            log.error("the sources stay as they were: %s", problem)
        statistics = {
            "state": "refused",
            "error": f"the sources stay as they were: {error}"[:2000],
            "finished": _now(),
            "failures": 1,
        }
        await patiently(
            "the refused files", partial(self._store.finish_crawl, FILES, statistics, 0.0)
        )

    async def _follow(self, source: Source, session: aiohttp.ClientSession) -> None:
        lease_s = source.crawl_deadline_s + _LEASE_S
        longest_wait_s = max(source.interval_s * _BACK_OFF_LIMIT, lease_s)
        claim = partial(self._store.claim_crawl, source.name, longest_wait_s, lease_s)
        while True:
            async with self._room:
                wait_s = await patiently(f"the claim of {source.name}", claim)
                if wait_s <= 0:
                    await self._crawl(source, session)
            await asyncio.sleep(min(wait_s, _LONGEST_SLEEP_S))

    async def _crawl(self, source: Source, session: aiohttp.ClientSession) -> None:
        result = await crawl(
            source,
            session,
            memory=self._memory,
            networks=self._settings.allowed_source_networks,
        )
        rule = self._settings.upstream_rule
        # Only the checker's own look, at connect time, decides; this keeps the queue free of noise.
        allowed = [
            candidate
            for candidate in result.candidates
            if (ip := candidate.upstream.ip) is None or rule.permits(ip)
        ]
        added: Added = await patiently(
            f"the candidates of {source.name}",
            partial(self._store.add, source.name, allowed, private=source.private),
        )
        self._on_candidates()
        seen = (await patiently("the statistics", self._store.statistics))["sources"]
        before = seen.get(source.name, {})
        health = health_after(before, succeeded=result.succeeded)
        next_s = self._next_s(source, health.failures)
        statistics = {
            **_statistics(result, added, before),
            "not_allowed": len(result.found) - len(allowed),
            "state": health.state,
            "failures": health.failures,
            "crawls_without_alive": health.crawls_without_alive,
            "version": public_version(source),
        }
        await patiently(
            f"the statistics of {source.name}",
            partial(self._store.finish_crawl, source.name, statistics, next_s),
        )
        log.log(
            logging.INFO if result.succeeded else logging.WARNING,
            "source %s: %d proxies, %d new, %.1f s%s; next in %.0f s",
            source.name,
            len(result.found),
            added.new,
            result.duration_s,
            f", last error: {result.error}" if result.error else "",
            next_s,
        )
        _tell_of_change(source, before.get("state", State.OK), health)

    def _next_s(self, source: Source, failures: int) -> float:
        spread = random.uniform(0.9, 1.1)  # noqa: S311  spreads load, no secret
        if not failures:
            return source.interval_s * spread
        back_off_s = _FIRST_BACK_OFF_S * 2.0 ** min(failures - 1, 20)
        return min(back_off_s, source.interval_s * _BACK_OFF_LIMIT) * spread


def _statistics(result: Crawl, added: Added, before: dict[str, Any]) -> dict[str, Any]:
    numbers = result.statistics()
    return {
        **numbers,
        "new": added.new,
        "barred": added.barred,
        "beyond_max_known": added.beyond,
        "expired": result.expired + added.expired,
        "last_error": result.error or before.get("last_error", ""),
        "last_error_time": numbers["finished"]
        if result.error
        else before.get("last_error_time", ""),
    }


def _tell_of_change(source: Source, before: str, health: Health) -> None:
    if health.state == before:
        return
    if health.state is State.OK:
        log.info("source %s is ok again", source.name)
    else:
        log.warning("source %s is %s: %s", source.name, health.state, health.reason)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
