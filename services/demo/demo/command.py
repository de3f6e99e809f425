"""The command `demo`: serves the pages and runs the farm."""

import argparse
import logging
import resource
import signal
import sys
from collections.abc import Callable

import uvicorn

from demo import settings as settings_module
from demo.exits import networks_csv
from demo.key_files import BadFileError, new_private_key, public_key_of
from demo.logs import start_log
from demo.pages import build_app
from demo.settings import ConfigurationError

EX_DATAERR, EX_CONFIG = 65, 78


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; the exit code, 78 for a refused configuration."""
    parser = argparse.ArgumentParser(prog="demo", description="The world outside, played locally.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="serve the pages and run the farm")
    commands.add_parser("settings", help="print all settings as a table")
    commands.add_parser("networks", help="print whose the exits are, as CSV")
    commands.add_parser("private-key", help="print a new RSA private key")
    commands.add_parser("public-key", help="print the public key of a private one on stdin")
    command = parser.parse_args(arguments).command
    if command != "serve":
        return _print(command)
    try:
        settings = settings_module.load()
        app = build_app(settings)
    except ConfigurationError as error:
        for line in error.lines:
            print(f"demo does not start: {line}", file=sys.stderr)
        return EX_CONFIG
    start_log(settings.log_level)
    _allow_files_for(settings.farm_max_connections)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
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


def _print(command: str) -> int:
    """Print what a command other than `serve` prints; the exit code."""
    texts: dict[str, Callable[[], str]] = {
        "settings": settings_module.table,
        "networks": networks_csv,
        "private-key": new_private_key,
        "public-key": lambda: public_key_of(sys.stdin.buffer.read()),
    }
    try:
        print(texts[command]().rstrip("\n"))
    except BadFileError as error:
        print(f"demo {command}: expected a private key in PEM, found {error}", file=sys.stderr)
        return EX_DATAERR
    return 0


def _allow_files_for(connections: int) -> None:
    """Raise the limit of open files to what `connections` may need, as far as the host permits."""
    wanted = 2 * connections + 1024  # a client and a destination each, and the listeners
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        logging.getLogger(__name__).warning(
            "%d files may be open, which is less than FARM_MAX_CONNECTIONS=%d may need (%d). "
            "What to do: raise the container's ulimit nofile, or lower the setting",
            hard,
            connections,
            wanted,
        )
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
