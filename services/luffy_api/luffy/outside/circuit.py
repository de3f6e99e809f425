"""Leaves a service of others alone after it failed again and again."""

import threading
import time

from luffy.outside.failures import CircuitOpenError


class Circuit:
    """Opens after `failures` in a row for `open_s` seconds; then one trial decides.

    Each process has its own: that costs a few more failed calls than a shared one, and needs no
    Redis.
    """

    def __init__(self, failures: int, open_s: float) -> None:
        self._most = failures
        self._open_s = open_s
        self._failed = 0
        self._failed_at = 0.0
        self._lock = threading.Lock()

    @property
    def failing(self) -> bool:
        """Whether the last call failed, not long ago."""
        with self._lock:
            return self._failed > 0 and time.monotonic() - self._failed_at < self._open_s

    def ask(self) -> None:
        """Ask for leave to call.

        Raises:
            CircuitOpenError: not now.
        """
        with self._lock:
            if self._failed < self._most:
                return
            if time.monotonic() - self._failed_at < self._open_s:
                raise CircuitOpenError("it failed too often and is left alone for a while")
            # This caller tries; the others go on waiting until its outcome is known.
            self._failed_at = time.monotonic()

    def succeeded(self) -> None:
        """Tell that a call was answered."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """Tell that a call was not answered."""
        with self._lock:
            self._failed += 1
            self._failed_at = time.monotonic()
