"""A checker's processes: one event loop per core, supervised, stopping together.

`python -m proxypool.checker_processes` is one of them: it shows life by bytes on standard output,
and stops when its standard input ends, so that none outlives the supervisor.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from proxypool import settings as settings_module
from proxypool.checker import Beating, Checker
from proxypool.cores import allow_open_files, usable_cores
from proxypool.heartbeat import Heartbeat
from proxypool.logs import start_log
from proxypool.problems import EX_CONFIG
from proxypool.settings import Settings
from proxypool.store import Store

log = logging.getLogger(__name__)

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_STEADY_S = 60.0
"""A process that ran for so long is restarted at once."""
_FRESH_S = 10.0
_LOOK_EVERY_S = 1.0
_KILL_AFTER_S = 10.0
_OTHER_FILES = 256
_FILES_PER_CHECK = 2  # most proxies are dead, and those have one connection


def run_checkers(settings: Settings) -> int:
    """Check until asked to stop, in CHECK_PROCESSES processes; the exit code."""
    count = settings.check_processes or usable_cores()
    if count == 1:
        return _run_loop(_check(settings, Heartbeat(settings.heartbeat_file)))
    return _run_loop(Supervisor(settings, count).run())


class Supervisor:
    """Keeps `count` processes running; healthy when every one of them is."""

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings = settings
        self._count = count
        self._heartbeat = Heartbeat(settings.heartbeat_file)
        self._last_beats: dict[int, float] = {}
        self._stopping = asyncio.Event()
        self._exit_code = 0

    async def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit code."""
        _on_stop(self._stopping.set)
        log.info("checking in %d processes", self._count)
        watching = asyncio.create_task(self._watch())
        try:
            async with asyncio.TaskGroup() as tasks:
                for number in range(self._count):
                    tasks.create_task(self._keep(number))
        finally:
            watching.cancel()
        return self._exit_code

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            oldest = min(self._last_beats.get(n, float("-inf")) for n in range(self._count))
            if loop.time() - oldest < _FRESH_S:
                self._heartbeat.beat()

    async def _keep(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        wait_s = _FIRST_WAIT_S
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._run_one(number)
            self._last_beats.pop(number, None)
            if self._stopping.is_set():
                return
            if code == EX_CONFIG:  # it has said why; another try would say it again
                self._exit_code = EX_CONFIG
                self._stopping.set()
                return
            if loop.time() - started > _STEADY_S:
                wait_s = _FIRST_WAIT_S
            log.error(
                "checking process %d ended with %d, another starts in %.0f s; its work is taken "
                "over after CLAIM_IDLE",
                number,
                code,
                wait_s,
            )
            await self._wait(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)

    async def _run_one(self, number: int) -> int:
        """One process, from its start to its end; its exit code."""
        base, more = divmod(self._settings.check_concurrency, self._count)
        share = max(1, base + (number < more))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "CHECK_CONCURRENCY": str(share), "CHECK_PROCESSES": "1"},
        )
        ended = asyncio.create_task(self._note_beats(number, process))
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                process.terminate()
                timeout_s = self._settings.stop_grace_s + _KILL_AFTER_S
                await asyncio.wait((ended,), timeout=timeout_s)
        finally:
            stopping.cancel()
            if process.returncode is None and not ended.done():
                log.error("checking process %d does not stop, it is killed", number)
                process.kill()
        return await process.wait()

    async def _note_beats(self, number: int, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        if process.stdout is None:
            raise RuntimeError("it was started with a pipe")
        while await process.stdout.read(64):
            self._last_beats[number] = loop.time()
        await process.wait()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


class _PipeHeartbeat:
    """Shows life to the supervisor, at most once a second."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._last = float("-inf")

    def beat(self) -> None:
        """Work was done just now."""
        now = asyncio.get_running_loop().time()
        if now - self._last < 1.0:
            return
        self._last = now
        try:
            os.write(sys.stdout.fileno(), b".")
        except BrokenPipeError:
            self._stop()  # the supervisor is gone


async def _check(settings: Settings, heartbeat: Beating | None) -> int:
    """One process's work; without a heartbeat it is a supervised one."""
    store = Store(settings)
    checker: Checker | None = None

    def stop() -> None:
        if checker is not None:
            checker.stop()

    checker = Checker(_within_limits(settings), store, heartbeat or _PipeHeartbeat(stop))
    _on_stop(stop)
    if heartbeat is None:
        _on_end_of_input(stop)
    try:
        await checker.run()
    finally:
        await store.close()
    return 0


def _within_limits(settings: Settings) -> Settings:
    """The settings with no more checks at once than there may be open files."""
    wanted = settings.check_concurrency * _FILES_PER_CHECK + _OTHER_FILES
    limit = allow_open_files(wanted)
    if limit >= wanted:
        return settings
    fewer = max(1, (limit - _OTHER_FILES) // _FILES_PER_CHECK)
    log.warning(
        "CHECK_CONCURRENCY: expected %d open files to be allowed for %d checks at once; found %d. "
        "What to do: raise the limit (ulimits.nofile), or lower CHECK_CONCURRENCY. Goes on with %d",
        wanted,
        settings.check_concurrency,
        limit,
        fewer,
    )
    return replace(settings, check_concurrency=fewer)


def _on_end_of_input(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not os.read(descriptor, 64):
            loop.remove_reader(descriptor)
            stop()

    loop.add_reader(descriptor, read)


def _on_stop(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _run_loop(main_task: Coroutine[Any, Any, int]) -> int:
    """Run on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main_task)
    return uvloop.run(main_task)


def _main() -> int:
    settings = settings_module.load("checker")
    start_log(settings)
    return _run_loop(_check(settings, None))


if __name__ == "__main__":
    sys.exit(_main())
