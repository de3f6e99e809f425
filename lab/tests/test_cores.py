"""What a process takes of the machine is all that its threads take."""

from __future__ import annotations

import threading
import time

from lab.concurrency.cores import of_process

RUNS_S = 0.05


def work_in_a_thread() -> int:
    """One piece of work, while the thread that asks for it only waits."""

    def work() -> None:
        while time.thread_time() < RUNS_S:
            pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return 1


def test_what_a_thread_ran_is_what_its_process_used() -> None:
    share = of_process(work_in_a_thread)
    took_s = 1 / share.pieces
    assert share.cores_used * took_s >= RUNS_S
    assert share.cores_wanted >= share.cores_used
