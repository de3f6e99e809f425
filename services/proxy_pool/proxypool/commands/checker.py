"""`proxypool checker`: checks proxies."""

from argparse import ArgumentParser, Namespace

from proxypool.commands.processes import check_heartbeat, on_stop, run_loop
from proxypool.settings import Settings

HELP = "check proxies"
ONE_SHOT = False


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Check until asked to stop."""
    from proxypool.checker import Checker
    from proxypool.store import Store

    check_heartbeat(settings)

    async def main() -> None:
        store = Store(settings)
        checker = Checker(settings, store)
        on_stop(checker.stop)
        try:
            await checker.run()
        finally:
            await store.close()

    return run_loop(main())
