"""What workers get of the machine: work done, cores used, and cores wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path

from lab.concurrency.experiment import Figures


@dataclass(frozen=True)
class Share:
    """What some workers got of the machine, per second."""

    pieces: float = 0
    cores_used: float = 0
    cores_wanted: float = 0

    def __add__(self, other: Share) -> Share:
        return Share(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


def times_of_thread() -> tuple[float, float]:
    """Seconds that this thread has run, and that it has stood in the queue for a core.

    https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
    """
    ran, queued, _slices = Path("/proc/thread-self/schedstat").read_text().split()
    return int(ran) / 1e9, int(queued) / 1e9


def shared(window_s: float, work: Callable[[], None]) -> Share:
    """What this thread gets while it works for so long."""
    (ran, queued), began = times_of_thread(), time.monotonic()
    pieces = until(began + window_s, work)
    (ran_then, queued_then), took_s = times_of_thread(), time.monotonic() - began
    used = (ran_then - ran) / took_s
    return Share(pieces / took_s, used, used + (queued_then - queued) / took_s)


def times_of_process() -> tuple[float, float]:
    """The same of all threads of this process; a queue, of those that still live."""
    tasks = Path("/proc/self/task").glob("*/schedstat")
    queued = sum(int(path.read_text().split()[1]) for path in tasks)
    return time.process_time(), queued / 1e9


def of_process(work: Callable[[], int]) -> Share:
    """What this whole process gets, in whatever threads, while it does so many pieces of work."""
    (ran, queued), began = times_of_process(), time.monotonic()
    pieces = work()
    (ran_then, queued_then), took_s = times_of_process(), time.monotonic() - began
    used = (ran_then - ran) / took_s
    return Share(pieces / took_s, used, used + (queued_then - queued) / took_s)


def until(end: float, work: Callable[[], None]) -> int:
    """Work until ``end`` (monotonic seconds); how many pieces were done."""
    done = 0
    while time.monotonic() < end:
        work()
        done += 1
    return done


def in_threads(count: int, window_s: float, work: Callable[[], None]) -> Share:
    """What so many threads of this process get together."""
    shares: list[Share] = []
    all_there = threading.Barrier(count)

    def run() -> None:
        all_there.wait()
        shares.append(shared(window_s, work))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(shares, Share())


def figures(rounds: int, ways: Mapping[str, Callable[[], Share]]) -> Figures:
    """Pieces of work, cores used and cores wanted, in turns."""
    found: Figures = {}
    for _ in range(rounds):
        for name, way in ways.items():
            share = way()
            for unit, value in (
                ("pieces/s", share.pieces),
                ("cores used", share.cores_used),
                ("cores wanted", share.cores_wanted),
            ):
                found.setdefault(unit, {}).setdefault(name, []).append(value)
    return found
