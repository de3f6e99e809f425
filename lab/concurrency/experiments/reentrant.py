"""A thread that holds a lock asks for it again, as happens where one locked method calls another.

A plain lock does not know who holds it: the thread waits for itself, for ever. A re-entrant one
(`RLock`) counts how often its owner has it, and lets nobody else release it. A plain lock can be
released by any thread, which makes it a signal as well, and a mistake go unnoticed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.rounds import in_turns

Maker = Callable[[], Any]  # what makes a lock of one kind or the other


def taken_twice(make: Maker) -> float:
    """1 if a thread that holds it gets it again; it waits for a tenth of a second."""
    lock = make()
    lock.acquire()
    again = lock.acquire(timeout=0.1)
    for _ in range(1 + again):
        lock.release()
    return float(again)


def released_by_another(make: Maker) -> float:
    """1 if a thread can release what another one holds."""
    lock = make()
    lock.acquire()
    released: list[float] = []

    def release() -> None:
        try:
            lock.release()
            released.append(1.0)
        except RuntimeError:  # "cannot release un-acquired lock"
            released.append(0.0)

    thread = threading.Thread(target=release)
    thread.start()
    thread.join()
    return released[0]


def cost_ns(make: Maker, times: int) -> float:
    """Nanoseconds of processor time to take and release it, while nobody else wants it."""
    lock = make()
    began = time.process_time()
    for _ in range(times):
        with lock:
            pass
    return (time.process_time() - began) / times * 1e9


def measure(run: Run) -> Measured:
    """What each kind allows, and what it costs."""
    times = 20_000 if run.quick else 200_000
    kinds: dict[str, Maker] = {"plain": threading.Lock, "re-entrant": threading.RLock}
    again = {name: partial(taken_twice, kind) for name, kind in kinds.items()}
    by_another = {name: partial(released_by_another, kind) for name, kind in kinds.items()}
    costs = {name: partial(cost_ns, kind, times) for name, kind in kinds.items()}
    return Measured(
        {
            "times got again": in_turns(run.rounds, again),
            "times released by another": in_turns(run.rounds, by_another),
            "ns": in_turns(run.rounds, costs),
        }
    )


EXPERIMENT = Experiment(
    title="Re-entrant and plain locks",
    predictions=(
        Prediction("A plain lock stops its owner.", *("times got again", "plain"), at_most=0),
        Prediction(
            "A re-entrant one lets its owner in again.",
            *("times got again", "re-entrant"),
            at_least=1,
        ),
        Prediction(
            "Any thread may release a plain lock.",
            *("times released by another", "plain"),
            at_least=1,
        ),
        Prediction(
            "Only its owner releases a re-entrant one.",
            *("times released by another", "re-entrant"),
            at_most=0,
        ),
        Prediction(
            "A re-entrant lock costs at most 3 times a plain one.",
            *("ns", "re-entrant", "plain"),
            at_most=3,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "The bundle's locks are plain, and what they guard takes none of them again. The "
            "status page's ({line}) is not even waited for where there is an earlier answer.",
            "services/luffy_api/luffy/status.py",
            "self._busy = threading.Lock()",
        ),
    ),
)
