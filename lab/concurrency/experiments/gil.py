"""The same C function is called by threads twice: by `ctypes.PyDLL`, which keeps the GIL during the
call, and by `ctypes.CDLL`, which releases it. Nothing else differs.

So "threads are no use in Python" holds for Python code, and for C code that keeps the lock.
Hashing, compression, reading files, and waiting for sockets release it. `usleep` shows it without
needing a second core: a call that keeps the GIL makes every other thread wait as well.
"""

from __future__ import annotations

import ctypes
import hashlib
import threading
from collections.abc import Callable

from lab.concurrency.cores import Share, figures, in_threads
from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting
from lab.concurrency.experiments.computing import compute
from lab.concurrency.rounds import in_turns, seconds

KEEPS_THE_GIL = ctypes.PyDLL(None)
RELEASES_THE_GIL = ctypes.CDLL(None)
SLEEPERS = 4
SLEEP_US = 40_000
ZEROS = bytes(2**20)


def sleep_in_threads(library: ctypes.CDLL) -> None:
    """Some threads call C's usleep, each once."""
    threads = [threading.Thread(target=library.usleep, args=(SLEEP_US,)) for _ in range(SLEEPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def search_with(library: ctypes.CDLL) -> Callable[[], None]:
    """C's memchr looks through a MiB of zeros for a one."""
    memchr = library.memchr
    memchr.argtypes = (ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t)

    def search() -> None:
        for _ in range(10):
            memchr(ZEROS, 1, len(ZEROS))

    return search


def hash_it() -> None:
    """hashlib releases the GIL itself for all but short texts."""
    hashlib.sha256(ZEROS).digest()


def measure(run: Run) -> Measured:
    """Seconds of calls that sleep, and what two threads get whose calls compute."""
    window_s = 0.2 if run.quick else 0.4

    def two_threads(work: Callable[[], None]) -> Callable[[], Share]:
        return lambda: in_threads(2, window_s, work)

    sleeping = {
        "usleep, keeps the GIL": lambda: seconds(lambda: sleep_in_threads(KEEPS_THE_GIL)),
        "usleep, releases it": lambda: seconds(lambda: sleep_in_threads(RELEASES_THE_GIL)),
    }
    computing = {
        "pure Python": two_threads(compute),
        "memchr, keeps the GIL": two_threads(search_with(KEEPS_THE_GIL)),
        "memchr, releases it": two_threads(search_with(RELEASES_THE_GIL)),
        "sha256, releases it": two_threads(hash_it),
    }
    cores = figures(run.rounds, computing)
    del cores["pieces/s"]  # those of different functions say nothing beside each other
    return Measured({"s": in_turns(run.rounds, sleeping)} | cores)


EXPERIMENT = Experiment(
    title="The GIL, kept and released by the same C function",
    predictions=(
        Prediction(
            "Four threads sleep at least 2.5 times as long where the call keeps the GIL.",
            *("s", "usleep, keeps the GIL", "usleep, releases it"),
            at_least=2.5,
        ),
        Prediction(
            "Two threads of pure Python use no more than one core (1.15 at most).",
            *("cores used", "pure Python"),
            at_most=1.15,
        ),
        Prediction(
            "Nor do two threads in a C function that keeps the GIL.",
            *("cores used", "memchr, keeps the GIL"),
            at_most=1.15,
        ),
        Prediction(
            "In the same function they want at least 1.8 cores where it releases the GIL.",
            *("cores wanted", "memchr, releases it"),
            at_least=1.8,
            by_median=True,
        ),
        Prediction(
            "So they do in hashing, which releases it.",
            *("cores wanted", "sha256, releases it"),
            at_least=1.8,
            by_median=True,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "Hashing a password releases the GIL and takes a core and 19 MiB: threads would do "
            "several at once, so a lock lets in one at a time ({line}).",
            "services/luffy_api/accounts/hashers.py",
            "_one_at_a_time = threading.Lock()",
        ),
        Setting(
            "Parsing a list of proxies is Python, which no thread speeds up: it gets a single "
            "thread, so that the loop goes on meanwhile ({line}).",
            "services/proxy_pool/proxypool/crawl.py",
            "_PARSER = ",
        ),
    ),
)
