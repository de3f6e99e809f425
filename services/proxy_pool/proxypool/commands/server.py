"""`proxypool server`: the API and the dashboard."""

import signal
import sys
from argparse import ArgumentParser, Namespace

from proxypool.settings import Settings

HELP = "serve the API and the dashboard"
ONE_SHOT = False


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Serve until asked to stop. Raises ConfigurationError where PORT is taken."""
    from proxypool.listening import listening
    from proxypool.server import build_server

    server = build_server(settings)
    sockets = listening(settings.host, settings.port)
    # uvicorn shuts down gracefully, then raises the signal again: asked to stop, we stop with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    server.run(sockets=sockets)
    return 0 if server.started else 1
