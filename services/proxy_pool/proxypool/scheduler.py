"""The scheduler: lets the sources be crawled, and hands out what is due to be checked."""

import asyncio
import logging
from collections.abc import Sequence

from proxypool.crawler import Crawler
from proxypool.heartbeat import Heartbeat
from proxypool.patience import patiently
from proxypool.settings import Settings
from proxypool.sources import Source, SourceFiles
from proxypool.store import Store

log = logging.getLogger(__name__)

_TICK_S = 0.5


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
        self._store = store
        self._heartbeat = Heartbeat(settings.heartbeat_file)
        self._due = asyncio.Event()
        self._crawler = Crawler(settings, sources, store, files=files, on_candidates=self._due.set)

    async def run(self) -> None:
        """Crawl and hand out for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_out())
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
