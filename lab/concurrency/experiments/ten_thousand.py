"""Ten thousand at once: each begins, waits until all the others wait as well, and ends.

"At once" is how many waited together. Where the kernel refuses another thread, that is as many as
there were. Processes are fewer, so that this machine's others are left alone; the time of each is
what compares.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_a_fork, seconds

fork = multiprocessing.get_context("fork")


def coroutines(count: int) -> int:
    """So many coroutines in one thread; how many waited at once."""
    waiting = 0

    async def wait(go: asyncio.Event) -> None:
        nonlocal waiting
        waiting += 1
        await go.wait()

    async def all_of_them() -> None:
        go = asyncio.Event()
        tasks = [asyncio.create_task(wait(go)) for _ in range(count)]
        while waiting < count:
            await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)

    asyncio.run(all_of_them())
    return waiting


def threads(count: int) -> int:
    """As many threads as the kernel gives, and no more than so many."""
    go = threading.Lock()
    arrived = threading.Semaphore(0)
    started: list[threading.Thread] = []

    def wait() -> None:
        arrived.release()
        with go:  # each lets the next one through
            pass

    with go:
        try:
            for _ in range(count):
                thread = threading.Thread(target=wait)
                thread.start()
                started.append(thread)
        except RuntimeError:  # "can't start new thread"
            pass
        for _ in started:
            arrived.acquire()
    for thread in started:
        thread.join()
    return len(started)


def processes(count: int) -> int:
    """So many forks of this process, each waiting for its end of a pipe to close."""
    reads, writes = os.pipe()
    arrived = fork.Semaphore(0)

    def wait() -> None:
        os.close(writes)
        arrived.release()
        os.read(reads, 1)

    started = [fork.Process(target=wait) for _ in range(count)]
    for process in started:
        process.start()
    for _ in started:
        arrived.acquire()
    os.close(writes)
    for process in started:
        process.join()
    os.close(reads)
    return len(started)


def measure(run: Run) -> Measured:
    """How many waited at once, and microseconds for each."""
    rounds = 1 if run.quick else 2
    kinds: dict[str, tuple[Callable[[int], int], int]] = {
        "coroutines": (coroutines, 10_000),
        "threads": (threads, 1_000 if run.quick else 10_000),
        "processes": (processes, 30 if run.quick else 300),
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
