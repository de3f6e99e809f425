"""Ten thousand at once: each begins, waits until all the others wait as well, and ends.

"At once" is the most that waited together: each counts itself in when it begins to wait and out
when it has waited, and who leads them lets them go once all are there, or after half a minute
without the last ones. Where the kernel refuses another thread or process, there are no more than it
gave. Processes are fewer, so that this machine's others are left alone; the time of each is what
compares.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, MutableSequence
from contextlib import AbstractContextManager
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Semaphore

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_a_fork, seconds

WITHIN_S = 30.0
fork = multiprocessing.get_context("fork")


class Waiting:
    """How many wait now, and the most that ever waited together."""

    def __init__(self, counts: MutableSequence[int], lock: AbstractContextManager[object]) -> None:
        self._counts, self._lock = counts, lock
        self._counts[:] = [0, 0]

    def begin(self) -> None:
        """One more."""
        with self._lock:
            now, most = self._counts
            self._counts[:] = [now + 1, max(now + 1, most)]

    def end(self) -> None:
        """One less."""
        with self._lock:
            self._counts[0] -= 1

    @property
    def now(self) -> int:
        """So many."""
        return self._counts[0]

    @property
    def most(self) -> int:
        """So many at once."""
        return self._counts[1]


def until_all_are_there(
    arrived: threading.Semaphore | Semaphore, count: int, within_s: float
) -> None:
    """Wait for so many, and no longer than this."""
    end = time.monotonic() + within_s
    for _ in range(count):
        if not arrived.acquire(timeout=max(0.0, end - time.monotonic())):
            return


def coroutines(count: int, within_s: float = WITHIN_S) -> int:
    """So many coroutines in one thread; how many waited at once."""
    waiting = Waiting([0, 0], contextlib.nullcontext())  # nobody else runs between two awaits

    async def wait(go: asyncio.Event) -> None:
        waiting.begin()
        await go.wait()
        waiting.end()

    async def all_of_them() -> None:
        go = asyncio.Event()
        tasks = [asyncio.create_task(wait(go)) for _ in range(count)]
        end = time.monotonic() + within_s
        while waiting.now < count and time.monotonic() < end:
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)

    asyncio.run(all_of_them())
    return waiting.most


def threads(count: int, within_s: float = WITHIN_S) -> int:
    """As many threads as the kernel gives, and no more than so many; how many waited at once."""
    go = threading.Lock()
    arrived = threading.Semaphore(0)
    waiting = Waiting([0, 0], threading.Lock())
    started: list[threading.Thread] = []

    def wait() -> None:
        waiting.begin()
        arrived.release()
        with go:  # each lets the next one through
            pass
        waiting.end()

    with go:
        try:
            for _ in range(count):
                thread = threading.Thread(target=wait)
                thread.start()
                started.append(thread)
        except RuntimeError:  # "can't start new thread"
            pass
        until_all_are_there(arrived, len(started), within_s)
    for thread in started:
        thread.join()
    return waiting.most


def processes(count: int, within_s: float = WITHIN_S) -> int:
    """The same with forks of this process, each waiting for its end of a pipe to close."""
    reads, writes = os.pipe()
    arrived = fork.Semaphore(0)
    waiting = Waiting(fork.Array("q", 2, lock=False), fork.Lock())
    started: list[ForkProcess] = []

    def wait() -> None:
        os.close(writes)
        waiting.begin()
        arrived.release()
        os.read(reads, 1)
        waiting.end()

    try:
        for _ in range(count):
            process = fork.Process(target=wait)
            process.start()
            started.append(process)
    except BlockingIOError:  # "Resource temporarily unavailable"
        pass
    until_all_are_there(arrived, len(started), within_s)
    os.close(writes)
    for process in started:
        process.join()
    os.close(reads)
    return waiting.most


def measure(run: Run) -> Measured:
    """How many waited at once, and microseconds for each."""
    rounds = 1 if run.quick else 2
    kinds: dict[str, tuple[Callable[[int], int], int]] = {
        "coroutines": (coroutines, 10_000),
        "threads": (threads, 1_000 if run.quick else 10_000),
        "processes": (processes, 100 if run.quick else 300),
    }
    at_once: dict[str, list[float]] = {name: [] for name in kinds}
    each: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, (way, count) in kinds.items():
            found: list[float] = []
            # Called before the next turn gives these names to others.
            took_s = seconds(lambda: found.append(in_a_fork(lambda: way(count))))  # noqa: B023
            at_once[name].append(found[0])
            each[name].append(took_s / found[0] * 1e6)
    return Measured({"at once": at_once, "µs for each": each})


EXPERIMENT = Experiment(
    title="Ten thousand at once",
    predictions=(
        Prediction(
            "10,000 coroutines wait at once in one thread.",
            *("at once", "coroutines"),
            at_least=10_000,
        ),
        Prediction(
            "At least 1,000 threads of one process do.",
            *("at once", "threads"),
            at_least=1_000,
        ),
        Prediction(
            "At least 100 processes do.",
            *("at once", "processes"),
            at_least=100,
        ),
        Prediction(
            "A thread among many takes at least twice the time of a coroutine among many.",
            *("µs for each", "threads", "coroutines"),
            at_least=2,
        ),
        Prediction(
            "A process takes at least 1.5 times the time of a thread.",
            *("µs for each", "processes", "threads"),
            at_least=1.5,
        ),
    ),
    measure=measure,
    limit_s=240,
    settings=(
        Setting(
            "The gateway lets in so many connections at once, all in one loop ({line}).",
            "group_vars/all.yml",
            "proxy_pool_gateway_max_connections:",
        ),
        Setting(
            "What ends first is open files, not coroutines: a checker asks for two for each "
            "check and does fewer where it may not have them ({line}).",
            "services/proxy_pool/proxypool/cores.py",
            "_FILES_PER_CHECK = ",
        ),
    ),
)
