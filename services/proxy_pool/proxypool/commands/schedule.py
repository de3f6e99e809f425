"""`proxypool schedule`: crawls the sources and hands out checks."""

import asyncio
import logging
from argparse import ArgumentParser, Namespace

from proxypool.commands.processes import check_heartbeat, on_stop, run_loop
from proxypool.settings import Settings

log = logging.getLogger(__name__)

HELP = "crawl the sources and hand out checks"
ONE_SHOT = False


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Schedule until asked to stop."""
    from proxypool.scheduler import Scheduler
    from proxypool.sources import SourceFiles
    from proxypool.store import Store
    from proxypool.targets import load_targets

    if settings.sources_dir is None:
        raise RuntimeError("load() lets schedule pass with SOURCES_DIR alone")
    files = SourceFiles(settings.sources_dir, settings.proxy_fetcher)
    sources = files.load()
    if settings.targets_file is not None:
        load_targets(settings.targets_file)  # a wrong one is refused now, and not by the log
    check_heartbeat(settings)

    async def main() -> None:
        store = Store(settings)
        running = asyncio.create_task(Scheduler(settings, sources, store, files).run())
        on_stop(running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            log.info("stopped")
        finally:
            await store.close()

    return run_loop(main())
