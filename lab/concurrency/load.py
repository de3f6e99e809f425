"""A bounded number of callers, for a bounded time, on loopback."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field

ANSWER_WITHIN_S = 10


@dataclass
class Load:
    """How it went: durations of what was answered with 200, and how many were not."""

    durations_s: list[float] = field(default_factory=list)
    failed: int = 0
    took_s: float = 0

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.durations_s) / self.took_s


def ask(port: int, path: str) -> bool:
    """One request on a connection of its own; whether it was answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_WITHIN_S)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def put_under_load(port: int, path: str, callers: int, window_s: float) -> Load:
    """Ask over and over until the time is up."""
    load, lock = Load(), threading.Lock()
    began = time.monotonic()
    end = began + window_s

    def call() -> None:
        while (asked := time.monotonic()) < end:
            answered = ask(port, path)
            with lock:
                if answered:
                    load.durations_s.append(time.monotonic() - asked)
                else:
                    load.failed += 1

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.took_s = time.monotonic() - began
    return load
