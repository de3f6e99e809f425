"""How long it takes until a worker has begun, done nothing, and is gone again.

A process that is started anew loads the interpreter; a fork is a copy of one that has; a thread is
a stack and an entry in the kernel; a coroutine is an object.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_turns, seconds

fork = multiprocessing.get_context("fork")


def nothing() -> None:
    """What each of them does."""


def new_process() -> None:
    """A fresh interpreter, without site-packages."""
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)


def forked_process() -> None:
    """A copy of this process."""
    process = fork.Process(target=nothing)
    process.start()
    process.join()


def one_thread() -> None:
    """A thread of this process."""
    thread = threading.Thread(target=nothing)
    thread.start()
    thread.join()


def coroutines(times: int) -> None:
    """Tasks of a loop that runs already, one after the other."""

    async def do_nothing() -> None:
        pass

    async def one_by_one() -> None:
        for _ in range(times):
            await asyncio.create_task(do_nothing())

    asyncio.run(one_by_one())


def each_us(times: int, work: Callable[[], None]) -> float:
    """Microseconds for one, over so many."""

    def all_of_them() -> None:
        for _ in range(times):
            work()

    return seconds(all_of_them) / times * 1e6


def measure(run: Run) -> Measured:
    """Microseconds from start to end of each kind."""
    few, some, many = (3, 10, 2000) if run.quick else (10, 50, 10_000)
    ways = {
        "new process": lambda: each_us(few, new_process),
        "forked process": lambda: each_us(some, forked_process),
        "thread": lambda: each_us(some * 5, one_thread),
        "coroutine": lambda: seconds(lambda: coroutines(many)) / many * 1e6,
    }
    return Measured({"µs": in_turns(run.rounds, ways)})


EXPERIMENT = Experiment(
    title="Start-up",
    predictions=(
        Prediction(
            "A new process takes at least 1.3 times as long as a fork.",
            *("µs", "new process", "forked process"),
            at_least=1.3,
        ),
        Prediction(
            "A fork takes at least 3 times as long as a thread.",
            *("µs", "forked process", "thread"),
            at_least=3,
        ),
        Prediction(
            "A thread takes at least twice as long as a coroutine.",
            *("µs", "thread", "coroutine"),
            at_least=2,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "The API is loaded once, and its processes are forks of that ({line}).",
            "services/luffy_api/luffy/gunicorn_conf.py",
            "preload_app = True",
        ),
        Setting(
            "Celery's process lives for a thousand tasks, not for one ({line}).",
            "services/luffy_api/bin/luffy",
            "--max-tasks-per-child",
        ),
    ),
)
