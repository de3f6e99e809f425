"""A checker's processes: one event loop per core, started and stopped together."""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from proxypool.checker import Checker
from proxypool.commands.processes import on_stop, run_loop
from proxypool.cores import usable_cores, within_open_files
from proxypool.heartbeat import Heartbeat
from proxypool.settings import Settings
from proxypool.store import Store
from proxypool.supervisor import Role, Supervisor

log = logging.getLogger(__name__)

_COLLECT_EVERY = 50_000  # objects
_FRESH_S = 10.0
_LOOK_EVERY_S = 1.0
_KILL_AFTER_S = 5.0  # beyond STOP_GRACE, and sooner than whoever stops us would


def run_checkers(settings: Settings) -> int:
    """Check until asked to stop, in CHECK_PROCESSES processes; the exit code.

    What a process that dies had under way is taken over after CLAIM_IDLE. One that cannot be kept
    running ends all.
    """
    count = settings.check_processes or usable_cores()
    if count == 1:
        return run_loop(_check(settings))
    return asyncio.run(_supervise(settings, count))


async def _supervise(settings: Settings, count: int) -> int:
    beats = [_beside(settings.heartbeat_file, number) for number in range(count)]
    roles = [
        Role(
            f"checking process {number}",
            {
                "CHECK_PROCESSES": "1",
                "CHECK_CONCURRENCY": str(_share(settings.check_concurrency, number, count)),
                "HEARTBEAT_FILE": str(beats[number]),
            },
            command=(sys.executable, "-m", "proxypool", "checker"),
        )
        for number in range(count)
    ]
    supervisor = Supervisor(roles, grace_s=settings.stop_grace_s + _KILL_AFTER_S)
    on_stop(supervisor.stop)
    log.info("checking in %d processes", count)
    watching = asyncio.create_task(_watch(beats, Heartbeat(settings.heartbeat_file)))
    try:
        return await supervisor.run()
    finally:
        watching.cancel()
        for beat in beats:
            beat.unlink(missing_ok=True)


def _beside(heartbeat_file: Path, number: int) -> Path:
    return heartbeat_file.with_name(f"{heartbeat_file.name}.{number}")


def _share(all_: int, number: int, count: int) -> int:
    return max(1, all_ // count + (number < all_ % count))


async def _watch(beats: Sequence[Path], heartbeat: Heartbeat) -> None:
    """Beat for all while each of them does."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        oldest = min(beat.stat().st_mtime if beat.exists() else 0.0 for beat in beats)
        if time.time() - oldest < _FRESH_S:
            heartbeat.beat()


async def _check(settings: Settings) -> None:
    """One process's work."""
    # A check leaves no cycles, and there are thousands at once: looking through all of them for
    # some at every 2,000th new object costs as much as Redis does.
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, 20)
    store = Store(settings)
    checker = Checker(within_open_files(settings), store)
    on_stop(checker.stop)
    try:
        await checker.run()
    finally:
        await store.close()
