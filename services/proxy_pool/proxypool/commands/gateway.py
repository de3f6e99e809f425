"""`proxypool gateway`: the pool as one HTTP and SOCKS5 proxy."""

import asyncio
import logging
from argparse import ArgumentParser, Namespace

from proxypool.commands.processes import on_stop, run_loop
from proxypool.settings import Settings

log = logging.getLogger(__name__)

HELP = "serve the pool as one HTTP and SOCKS5 proxy"
ONE_SHOT = False


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Serve until asked to stop."""
    from proxypool.gateway.gateway import Gateway, load_accounts
    from proxypool.store import Store

    accounts = load_accounts(settings)

    async def main() -> None:
        store = Store(settings)
        gateway = Gateway(settings, store, accounts)
        stopped = asyncio.Event()
        on_stop(stopped.set)
        try:
            await gateway.start()
            await stopped.wait()
            await gateway.stop()
            log.info("stopped")
        finally:
            await store.close()

    return run_loop(main())
