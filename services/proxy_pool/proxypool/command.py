"""The command `proxypool`."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from proxypool import settings as settings_module
from proxypool.logs import start_log
from proxypool.problems import EX_CONFIG, ConfigurationError, Problem
from proxypool.settings import Settings

log = logging.getLogger(__name__)

EX_UNAVAILABLE = 69
"""Exit code of `stats` where Redis does not answer (sysexits.h)."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the process's exit code.

    A refused configuration is printed line by line and gives 78.
    """
    command = _parser().parse_args(arguments).command
    if command == "settings":
        print(settings_module.table())
        return 0
    try:
        settings = settings_module.load(command)
        start_log(settings)
        return _COMMANDS[command](settings)
    except ConfigurationError as error:
        for problem in error.problems:
            print(f"proxypool {command} does not start: {problem}", file=sys.stderr)
        return EX_CONFIG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="proxypool", description="A pool of checked proxies.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("server", help="serve the API and the dashboard")
    commands.add_parser("schedule", help="crawl the sources and hand out checks")
    commands.add_parser("checker", help="check proxies")
    commands.add_parser("stats", help="print sizes, verdicts with reasons, and sources as JSON")
    commands.add_parser("settings", help="print all settings as a table")
    return parser


def _server(settings: Settings) -> int:
    import uvicorn

    from proxypool.server import build_app

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
            timeout_graceful_shutdown=5,
            backlog=1024,
        )
    )
    # uvicorn shuts down gracefully, then raises the signal again: asked to stop, we stop with 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()
    return 0 if server.started else 1


def _schedule(settings: Settings) -> int:
    from proxypool.scheduler import Scheduler
    from proxypool.sources import load_sources
    from proxypool.store import Store

    if settings.sources_dir is None:
        raise RuntimeError("load() lets schedule pass with SOURCES_DIR alone")
    sources = load_sources(settings.sources_dir)
    _check_heartbeat(settings)

    async def run() -> None:
        store = Store(settings)
        running = asyncio.create_task(Scheduler(settings, sources, store).run())
        _on_stop(running.cancel)
        try:
            await running
        except asyncio.CancelledError:
            log.info("stopped")
        finally:
            await store.close()

    return _run(run())


def _checker(settings: Settings) -> int:
    from proxypool.checker_processes import run_checkers

    _check_heartbeat(settings)
    return run_checkers(settings)


def _stats(settings: Settings) -> int:
    from proxypool.store import UNAVAILABLE, Store

    async def read() -> dict[str, Any]:
        store = Store(settings)
        try:
            return await store.statistics()
        finally:
            await store.close()

    try:
        print(json.dumps(asyncio.run(read()), indent=2))
    except UNAVAILABLE as error:
        problem = Problem("redis", "an answer", str(error), "see that Redis runs")
        print(f"proxypool stats: {problem}", file=sys.stderr)
        return EX_UNAVAILABLE
    return 0


_COMMANDS = {"server": _server, "schedule": _schedule, "checker": _checker, "stats": _stats}


def _run(main_task: Coroutine[Any, Any, None]) -> int:
    """Run on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main_task)
    else:
        uvloop.run(main_task)
    return 0


def _on_stop(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _check_heartbeat(settings: Settings) -> None:
    try:
        settings.heartbeat_file.touch()
    except OSError as error:
        found = f"{settings.heartbeat_file}: {error.strerror}"
        advice = "mount a tmpfs there, or set HEARTBEAT_FILE to a writable place"
        raise ConfigurationError(
            [Problem("HEARTBEAT_FILE", "a file that can be written", found, advice)]
        ) from error
