"""`proxypool checker`: checks proxies."""

from argparse import ArgumentParser, Namespace

from proxypool.commands.processes import check_heartbeat
from proxypool.settings import Settings

HELP = "check proxies"
ONE_SHOT = False


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Check until asked to stop."""
    from proxypool.checker_processes import run_checkers

    check_heartbeat(settings)
    return run_checkers(settings)
