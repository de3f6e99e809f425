"""The scheduler: lets the sources be crawled, and hands out what is due to be checked."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from proxypool.crawler import Crawler
from proxypool.heartbeat import Heartbeat
from proxypool.patience import patiently
from proxypool.problems import ConfigurationError
from proxypool.settings import Settings
from proxypool.sources import Source, SourceFiles
from proxypool.store import Store
from proxypool.targets import TargetsFile

log = logging.getLogger(__name__)

_TICK_S = 0.5
_LOOK_AT_TARGETS_S = 2.0


class Scheduler:
    """Runs until cancelled. Any number may run: each crawl and each check is handed out once."""

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[Source],
        store: Store,
        files: SourceFiles | None = None,
    ) -> None:
        """`files`, where given, are watched: their changes take effect without a restart."""
        self._settings = settings
        self._store = store
        self._heartbeat = Heartbeat(settings.heartbeat_file)
        self._due = asyncio.Event()
        self._crawler = Crawler(settings, sources, store, files=files, on_candidates=self._due.set)

    async def run(self) -> None:
        """Crawl and hand out for ever.

        Raises ConfigurationError where the store is that of a later version.
        """
        await patiently("the layout", self._store.migrate)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_out())
            tasks.create_task(self._sample())
            if self._settings.targets_file is not None:
                tasks.create_task(self._follow_targets(self._settings.targets_file))
            tasks.create_task(self._crawler.run())

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

    async def _sample(self) -> None:
        while True:
            await patiently("the history", self._store.sample_history)
            await asyncio.sleep(self._settings.history_interval_s)

    async def _follow_targets(self, path: Path) -> None:
        file = TargetsFile(path)
        while True:
            try:
                # A mounted file may lie on a network.
                targets = await asyncio.to_thread(file.changed)
            except ConfigurationError as error:
                for problem in error.problems:
                    log.error("the targets stay as they were: %s", problem)
                targets = None
            if targets is not None:
                await patiently("the targets", partial(self._store.sync_targets, targets))
                log.info("%s: %d targets", path.name, len(targets))
            await asyncio.sleep(_LOOK_AT_TARGETS_S)
