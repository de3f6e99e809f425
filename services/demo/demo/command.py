"""The command `demo`: serves the pages and runs the farm."""

import argparse
import logging
import signal
import sys
import time

import uvicorn

from demo import settings as settings_module
from demo.pages import build_app
from demo.settings import ConfigurationError

EX_CONFIG = 78


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; the exit code, 78 for a refused configuration."""
    parser = argparse.ArgumentParser(prog="demo", description="The world outside, played locally.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="serve the pages and run the farm")
    commands.add_parser("settings", help="print all settings as a table")
    if parser.parse_args(arguments).command == "settings":
        print(settings_module.table())
        return 0
    try:
        settings = settings_module.load()
    except ConfigurationError as error:
        for line in error.lines:
            print(f"demo does not start: {line}", file=sys.stderr)
        return EX_CONFIG
    logging.Formatter.converter = time.gmtime  # UTC, like every other time that is shown
    logging.basicConfig(
        level=settings.log_level,
        format="%(asctime)sZ %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            build_app(settings),
            host=settings.host,
            port=settings.port,
            http="httptools",
            ws="none",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=3,
        )
    )
    # uvicorn shuts down gracefully, then raises the signal again: asked to stop, we stop with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()
    return 0 if server.started else 1
