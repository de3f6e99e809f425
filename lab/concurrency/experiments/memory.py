"""What a worker that only waits costs in memory.

Of processes, their proportional set (PSS): a page that several share counts for each by its part.
Of threads and coroutines, by how much the process grows that holds them, in a process made for
each round. What the kernel keeps for itself (page tables, a thread's kernel stack of 16 KiB) is
not in it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_a_fork, in_turns

fork = multiprocessing.get_context("fork")


def pss_kib(pid: int) -> float:
    """A process's proportional set, in KiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return float(re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)[0])


def new_processes(count: int) -> float:
    """KiB for each of so many fresh interpreters that have loaded what this one has."""
    command = [sys.executable, "-c", f"import {__name__}; print(); input()"]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe) for _ in range(count)]
    try:
        for process in processes:
            cast("IO[bytes]", process.stdout).readline()
        return sum(pss_kib(process.pid) for process in processes) / count
    finally:
        for process in processes:
            process.communicate(b"\n")


def forked_processes(count: int) -> float:
    """KiB that all forks and their parent have more than the parent had alone, for each."""
    before = pss_kib(os.getpid())
    all_wait, go = fork.Barrier(count + 1), fork.Event()

    def wait() -> None:
        all_wait.wait()
        go.wait()

    processes = [fork.Process(target=wait) for _ in range(count)]
    for process in processes:
        process.start()
    all_wait.wait()
    pids = [os.getpid(), *(process.pid or 0 for process in processes)]
    after = sum(pss_kib(pid) for pid in pids)
    go.set()
    for process in processes:
        process.join()
    return (after - before) / count


def threads(count: int) -> float:
    """KiB for each of so many threads."""
    before = pss_kib(os.getpid())
    all_wait, go = threading.Barrier(count + 1), threading.Event()

    def wait() -> None:
        all_wait.wait()
        go.wait()

    started = [threading.Thread(target=wait) for _ in range(count)]
    for thread in started:
        thread.start()
    all_wait.wait()
    after = pss_kib(os.getpid())
    go.set()
    for thread in started:
        thread.join()
    return (after - before) / count


def coroutines(count: int) -> float:
    """KiB for each of so many coroutines, their tasks included."""

    async def all_of_them() -> float:
        before, go = pss_kib(os.getpid()), asyncio.Event()
        tasks = [asyncio.create_task(go.wait()) for _ in range(count)]
        await asyncio.sleep(0)
        after = pss_kib(os.getpid())
        go.set()
        await asyncio.gather(*tasks)
        return (after - before) / count

    return asyncio.run(all_of_them())


def measure(run: Run) -> Measured:
    """KiB for each worker of a kind."""
    few, some, many = (2, 100, 5_000) if run.quick else (5, 500, 10_000)
    ways = {
        "new process": lambda: new_processes(few),
        "forked process": lambda: in_a_fork(lambda: forked_processes(few)),
        "thread": lambda: in_a_fork(lambda: threads(some)),
        "coroutine": lambda: in_a_fork(lambda: coroutines(many)),
    }
    return Measured({"KiB": in_turns(run.rounds, ways)})


EXPERIMENT = Experiment(
    title="Memory",
    predictions=(
        Prediction(
            "A new process takes at least 1.5 times the memory of a fork.",
            *("KiB", "new process", "forked process"),
            at_least=1.5,
        ),
        Prediction(
            "A fork takes at least 5 times the memory of a thread.",
            *("KiB", "forked process", "thread"),
            at_least=5,
        ),
        Prediction(
            "A thread takes at least 3 times the memory of a coroutine.",
            *("KiB", "thread", "coroutine"),
            at_least=3,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "The API's memory is its limit ({line}): two processes that share what was loaded "
            "before they were forked fit, with four threads in each.",
            "compose/luffy/compose.yaml",
            "mem_limit: 400m",
        ),
        Setting(
            "Celery has one process for tasks ({line}), since each more is a copy of the "
            "application.",
            "services/luffy_api/bin/luffy",
            "--concurrency=1",
        ),
    ),
)
