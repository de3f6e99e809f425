"""Each way computes in pure Python for the same time, with one worker and with one for each core.

CPython's global interpreter lock (GIL) lets one thread of a process run Python at a time: more
threads take turns at one core, and so do coroutines. Only processes have a GIL each.

"Cores used" is processor time per second, which a busy neighbour can lower but never raise. "Cores
wanted" adds the time that workers stood in the kernel's queue for a core, which a busy neighbour
cannot lower. Who waits for the GIL sleeps and wants none, but for a look every 5 ms, which takes
its time in that queue where a machine is busy.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time

from lab.concurrency.cores import Share, figures, in_threads, of_process, shared
from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting

WORKERS = max(2, len(os.sched_getaffinity(0)))
fork = multiprocessing.get_context("fork")


def compute() -> None:
    """One piece of work, of some tenths of a millisecond."""
    sum(number * number for number in range(3000))


def in_processes(count: int, window_s: float) -> Share:
    """What so many processes get."""
    all_there, answers = fork.Barrier(count), fork.SimpleQueue()

    def run() -> None:
        all_there.wait()
        answers.put(shared(window_s, compute))

    processes = [fork.Process(target=run) for _ in range(count)]
    for process in processes:
        process.start()
    shares = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(shares, Share())


def in_coroutines(count: int, window_s: float) -> Share:
    """What so many coroutines get, which give way after each piece."""

    async def run(end: float) -> int:
        pieces = 0
        while time.monotonic() < end:
            compute()
            pieces += 1
            await asyncio.sleep(0)
        return pieces

    async def run_all(end: float) -> list[int]:
        return await asyncio.gather(*(run(end) for _ in range(count)))

    # Of the whole process: a loop that had its work done in other threads would be found out.
    return of_process(lambda: sum(asyncio.run(run_all(time.monotonic() + window_s))))


def measure(run: Run) -> Measured:
    """What one thread gets, and what as many workers as cores get."""
    window_s = 0.25 if run.quick else 0.5
    ways = {
        "one thread": lambda: in_threads(1, window_s, compute),
        "threads": lambda: in_threads(WORKERS, window_s, compute),
        "coroutines": lambda: in_coroutines(WORKERS, window_s),
        "processes": lambda: in_processes(WORKERS, window_s),
    }
    return Measured(figures(run.rounds, ways))


EXPERIMENT = Experiment(
    title="Computing: CPU-bound work",
    predictions=(
        Prediction(
            "Threads never use more than one core (1.15 at most).",
            *("cores used", "threads"),
            at_most=1.15,
        ),
        Prediction(
            "Coroutines neither.",
            *("cores used", "coroutines"),
            at_most=1.15,
        ),
        Prediction(
            "Processes want at least 1.8 cores all the time.",
            *("cores wanted", "processes"),
            at_least=1.8,
            by_median=True,
        ),
        Prediction(
            "Threads do at most 1.25 times the work of one thread.",
            *("pieces/s", "threads", "one thread"),
            at_most=1.25,
            needs_idle_cores=True,
        ),
        Prediction(
            "Processes do at least 1.4 times the work of one thread.",
            *("pieces/s", "processes", "one thread"),
            at_least=1.4,
            needs_idle_cores=True,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "The course site's API has processes beside its threads ({line}): what is computed, "
            "such as a page of JSON, is computed on more than one core.",
            "services/luffy_api/luffy/gunicorn_conf.py",
            "workers = _environment.gunicorn_workers",
        ),
        Setting(
            "A checker of the proxy pool is one process with a loop of its own for each core "
            "that it may use ({line}).",
            "services/proxy_pool/proxypool/checker_processes.py",
            "count = settings.check_processes or usable_cores()",
        ),
    ),
)
