"""Four threads add ones to the same counter. What is added and not in it at the end was lost.

Between reading the counter and writing it back another thread may get its turn; what that one
wrote meanwhile is overwritten. CPython 3.10 and later gives turns only where a loop goes back or a
function is called. `counter += 1` has neither between its read and its write, so it loses nothing
there: by the way this interpreter is built, not by any promise, and a free-threaded one has no
turns at all. With a call in between, it loses. A mutex, a queue with one owner of the counter, and
a step that the interpreter does not divide (`next` of `itertools.count`) lose nothing anywhere.
"""

from __future__ import annotations

import dis
import io
import itertools
import queue
import threading
import time
from collections.abc import Callable

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting

THREADS = 4


class Counter:
    """A counter, and the ways to add one to it."""

    def __init__(self) -> None:
        self.value = 0
        self.mutex = threading.Lock()
        self.inbox: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.numbers = itertools.count(1)

    def plain(self) -> None:
        """Read, add and write in one line."""
        self.value += 1

    def with_a_call(self) -> None:
        """Read, call something, write."""
        seen = self.value
        self.value = plus_one(seen)

    def with_a_mutex(self) -> None:
        """The same, while nobody else may."""
        with self.mutex:
            self.with_a_call()

    def by_a_queue(self) -> None:
        """Ask the counter's owner for it."""
        self.inbox.put(1)

    def by_an_atomic(self) -> None:
        """One call of C that no other thread can divide."""
        next(self.numbers)

    def total(self) -> int:
        """What the counter says, once its owner has emptied the inbox."""
        while not self.inbox.empty():
            self.value += self.inbox.get()
        return self.value + next(self.numbers) - 1


def plus_one(number: int) -> int:
    """A call, as there is one in any real piece of work."""
    return number + 1


def race(way: Callable[[Counter], None], window_s: float) -> tuple[int, int]:
    """How many ones were added by all threads, and how many of them were lost."""
    counter = Counter()
    added: list[int] = []
    all_there = threading.Barrier(THREADS)

    def add() -> None:
        all_there.wait()
        end = time.monotonic() + window_s
        mine = 0
        while time.monotonic() < end:
            for _ in range(100):
                way(counter)
            mine += 100
        added.append(mine)

    threads = [threading.Thread(target=add) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(added), sum(added) - counter.total()


def bytecode(function: Callable[..., object]) -> str:
    """What the interpreter does for a function, step by step."""
    text = io.StringIO()
    dis.dis(function, file=text)
    return text.getvalue().rstrip()


def measure(run: Run) -> Measured:
    """Shares that were lost, and how many were added a second."""
    window_s = 0.15 if run.quick else 0.5
    ways = {
        "+= alone": Counter.plain,
        "read, call, write": Counter.with_a_call,
        "mutex": Counter.with_a_mutex,
        "queue": Counter.by_a_queue,
        "atomic": Counter.by_an_atomic,
    }
    lost: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(run.rounds):
        for name, way in ways.items():
            added, gone = race(way, window_s)
            lost[name].append(gone / added * 100)
            rates[name].append(added / window_s)
    note = (
        "value += 1, with neither a call nor a way back between the read and the write:\n"
        f"{bytecode(Counter.plain)}\n\n"
        "read, call, write: another thread may get its turn at CALL:\n"
        f"{bytecode(Counter.with_a_call)}"
    )
    return Measured({"% lost": lost, "added/s": rates}, note)


EXPERIMENT = Experiment(
    title="A lost update, and three cures",
    predictions=(
        Prediction(
            "Read, call, write loses at least 0.1 % of what is added.",
            *("% lost", "read, call, write"),
            at_least=0.1,
        ),
        Prediction(
            "+= alone loses nothing on a CPython with a GIL.",
            *("% lost", "+= alone"),
            at_most=0,
        ),
        Prediction("With a mutex nothing is lost.", *("% lost", "mutex"), at_most=0),
        Prediction("With a queue nothing is lost.", *("% lost", "queue"), at_most=0),
        Prediction("With an atomic step nothing is lost.", *("% lost", "atomic"), at_most=0),
    ),
    measure=measure,
    limit_s=90,
    settings=(
        Setting(
            "Limits are counted by all processes of the API at once: Redis reads and writes in "
            "one step that nothing divides ({line}).",
            "services/luffy_api/luffy/limits.py",
            "redis.call('INCR', key)",
        ),
        Setting(
            "A course's rating is made anew under a lock of its row ({line}): two reviews at "
            "once would each overwrite the other's.",
            "services/luffy_api/learning/reviews.py",
            "Course.objects.select_for_update()",
        ),
        Setting(
            "The threads of a process count failures of a service of others under a mutex "
            "({line}).",
            "services/luffy_api/luffy/outside/circuit.py",
            "self._lock = threading.Lock()",
        ),
    ),
)
