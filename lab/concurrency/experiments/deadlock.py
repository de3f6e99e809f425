"""Two threads need the same two locks. One takes A and then B, the other B and then A.

Each is held until both threads have their first one, so that they meet every time; in a program
they meet once in a while, which is worse. With plain locks both threads stand for ever. Watched
locks see the circle before it closes and say who waits for whom: one thread gives up and tries
again. The cure needs no watching: where everybody takes locks in one order, no circle can come
about.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.watched_lock import DeadlockError, Watch, WatchedLock

STUCK_AFTER_S = 0.3


def stuck_with_plain_locks() -> float:
    """How many of two threads still stand after a while; then they are freed."""
    first, second = threading.Lock(), threading.Lock()
    both_have_one = threading.Barrier(2)

    def take(one: threading.Lock, other: threading.Lock) -> None:
        one.acquire()
        both_have_one.wait()
        other.acquire()
        # No release here: whoever gets this far was let go by the caller.

    threads = [
        threading.Thread(target=take, args=(first, second)),
        threading.Thread(target=take, args=(second, first)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STUCK_AFTER_S)
    stuck = sum(thread.is_alive() for thread in threads)
    first.release()
    second.release()
    for thread in threads:
        thread.join()
    return float(stuck)


def take_both(
    locks: Sequence[AbstractContextManager[None]], meet: Callable[[], object], reports: list[str]
) -> None:
    """Take one lock and then the other; where that is a deadlock, say so and give up."""
    try:
        with locks[0]:
            meet()
            with locks[1]:
                pass
    except DeadlockError as report:
        reports.append(str(report))


def found_with_watched_locks(ordered: bool) -> list[str]:
    """The deadlocks that two threads report, with the locks in opposite or in the same order."""
    watch = Watch()
    locks = [WatchedLock("A", watch), WatchedLock("B", watch)]
    orders = [locks, locks if ordered else locks[::-1]]
    # In the same order only one of them can have its first lock: they cannot meet.
    meet = (lambda: time.sleep(0.01)) if ordered else threading.Barrier(2).wait
    reports: list[str] = []
    threads = [
        threading.Thread(target=take_both, args=(order, meet, reports), name=f"thread {number}")
        for number, order in enumerate(orders, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return reports


def measure(run: Run) -> Measured:
    """Threads that stand, and deadlocks that are reported."""
    rounds = range(run.rounds)
    opposite = [found_with_watched_locks(ordered=False) for _ in rounds]
    ordered = [found_with_watched_locks(ordered=True) for _ in rounds]
    return Measured(
        {
            "threads that stand": {
                "plain locks, opposite order": [stuck_with_plain_locks() for _ in rounds]
            },
            "deadlocks reported": {
                "watched locks, opposite order": [float(len(reports)) for reports in opposite],
                "watched locks, same order": [float(len(reports)) for reports in ordered],
            },
        },
        note=next(report for reports in opposite for report in reports),
    )


EXPERIMENT = Experiment(
    title="A deadlock of two locks, and its cure",
    predictions=(
        Prediction(
            "With plain locks in opposite order both threads stand.",
            *("threads that stand", "plain locks, opposite order"),
            at_least=2,
        ),
        Prediction(
            "Watched locks report it, and one of the two goes on.",
            *("deadlocks reported", "watched locks, opposite order"),
            at_least=1,
            at_most=1,
        ),
        Prediction(
            "In the same order there is none.",
            *("deadlocks reported", "watched locks, same order"),
            at_most=0,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "An order's rows are locked in one order everywhere: the user, the courses by their "
            "number, the coupon, the order ({line}).",
            "services/luffy_api/shop/states.py",
            'Course.objects.select_for_update().filter(pk__in=course_ids).order_by("pk")',
        ),
    ),
)
