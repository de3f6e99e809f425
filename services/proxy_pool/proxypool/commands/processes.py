"""What the long-running commands share: their event loop, how they stop, where they show life."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from proxypool.problems import ConfigurationError, Problem
from proxypool.settings import Settings


def run_loop(main_task: Coroutine[Any, Any, None]) -> int:
    """Run to its end, on uvloop where it is installed; the exit code."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main_task)
    else:
        uvloop.run(main_task)
    return 0


def on_stop(stop: Callable[[], object]) -> None:
    """Call `stop` when the process is asked to end (SIGTERM, SIGINT)."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def check_heartbeat(settings: Settings) -> None:
    """Touch the heartbeat; raises ConfigurationError where it cannot be."""
    try:
        settings.heartbeat_file.touch()
    except OSError as error:
        found = f"{settings.heartbeat_file}: {error.strerror}"
        advice = "mount a tmpfs there, or set HEARTBEAT_FILE to a writable place"
        raise ConfigurationError(
            [Problem("HEARTBEAT_FILE", "a file that can be written", found, advice)]
        ) from error
