"""Keeps several processes of the pool running beside each other: they start, log and stop as one.

A process that ends is started again, after a pause that grows while it keeps ending early. One that
refuses its configuration (78) ends all: nothing would change by itself.
"""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from proxypool.problems import EX_CONFIG

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_STEADY_AFTER_S = 60.0
"""A process that ran so long has not failed at starting."""
_MOST_EARLY_ENDS = 5
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True)
class Role:
    """One process: `proxypool NAME`."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What it gets beside our own environment; may hold a password."""
    command: Sequence[str] = ()
    """What runs, where it is not `proxypool NAME`."""

    def argv(self) -> list[str]:
        """The command line; nothing secret is on it."""
        return [*self.command] or [sys.executable, "-m", "proxypool", self.name]


class Supervisor:
    """Runs the roles until it is stopped, or one cannot be kept running."""

    def __init__(
        self,
        roles: Sequence[Role],
        *,
        grace_s: float,
        first_pause_s: float = _FIRST_PAUSE_S,
    ) -> None:
        self._roles = roles
        self._grace_s = grace_s
        self._first_pause_s = first_pause_s
        self._stopping = asyncio.Event()
        self._exit_code = 0
        self._running: dict[str, asyncio.subprocess.Process] = {}

    def stop(self) -> None:
        """Ask all to end; a second time ends them at once."""
        if self._stopping.is_set():
            for process in self._running.values():
                _signal(process, signal.SIGKILL)
        self._stopping.set()

    async def run(self) -> int:
        """Run them; the exit code: 0 where it was stopped, else that of the one that gave up."""
        await asyncio.gather(*(self._keep(role) for role in self._roles))
        return self._exit_code

    async def _keep(self, role: Role) -> None:
        loop = asyncio.get_running_loop()
        early, pause_s = 0, self._first_pause_s
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._once(role)
            if self._stopping.is_set():
                return
            if loop.time() - started >= _STEADY_AFTER_S:
                early, pause_s = 0, self._first_pause_s
            early += 1
            if code == EX_CONFIG or early == _MOST_EARLY_ENDS:
                log.error("%s ended with %d: all stop", role.name, code)
                self._exit_code = code or 1
                self.stop()
                return
            log.error("%s ended with %d: it is started again in %g s", role.name, code, pause_s)
            await _first(self._stopping, pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _once(self, role: Role) -> int:
        """One run of one process, to its end or ours; its exit code, -N where signal N ended it."""
        process = await asyncio.create_subprocess_exec(
            *role.argv(),
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, **role.environment},
            preexec_fn=_die_with_parent(),
        )
        self._running[role.name] = process
        log.info("%s runs as process %d", role.name, process.pid)
        try:
            ended = asyncio.ensure_future(process.wait())
            stopping = asyncio.ensure_future(self._stopping.wait())
            await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not ended.done():
                _signal(process, signal.SIGTERM)
                await self._end(role.name, process, ended)
            return await ended
        finally:
            del self._running[role.name]

    async def _end(
        self, name: str, process: asyncio.subprocess.Process, ended: "asyncio.Future[int]"
    ) -> None:
        done, _ = await asyncio.wait((ended,), timeout=self._grace_s)
        if not done:
            log.error("%s did not end within %g s: it is killed", name, self._grace_s)
            _signal(process, signal.SIGKILL)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        process.send_signal(number)


async def _first(event: asyncio.Event, limit_s: float) -> None:
    """Wait for the event, or until the time is over."""
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.wait((waiting,), timeout=limit_s)
    waiting.cancel()


def _die_with_parent() -> Callable[[], None] | None:
    """What makes Linux end a child when we are killed, run in the child before its program."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)  # found before the fork: little may be done after it

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    return ask
