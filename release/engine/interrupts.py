"""SIGTERM and SIGINT ask the run to stop; a cut connection (SIGHUP) does not."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

from engine.errors import InterruptedRunError

CHILD_GRACE_S = 15.0
POLL_S = 0.1


class Interrupts:
    """Remembers that a stop was asked for, and passes it on to the child that runs."""

    def __init__(self) -> None:
        self.signal_name = ""
        self._child = 0

    def install(self) -> None:
        """Catch the signals; only the main thread can."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def child_started(self, leader: int) -> None:
        """A child leads its own process group and shall be ended on a signal."""
        self._child = leader
        if self.signal_name:
            self._end_child()

    def child_ended(self) -> None:
        """No child is left to be ended."""
        self._child = 0

    def stop_if_asked(self) -> None:
        """Raise InterruptedRunError after a signal."""
        if self.signal_name:
            raise InterruptedRunError(f"interrupted by {self.signal_name}")

    def sleep(self, seconds: float) -> None:
        """Wait, and raise InterruptedRunError as soon as a signal arrives."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.stop_if_asked()
            time.sleep(min(POLL_S, max(0.0, deadline - time.monotonic())))
        self.stop_if_asked()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signal_name = signal.Signals(number).name
        self._end_child()

    def _end_child(self) -> None:
        if self._child:
            kill_group(self._child, signal.SIGTERM)
            child = self._child
            timer = threading.Timer(CHILD_GRACE_S, self._kill_if_still, [child])
            timer.daemon = True
            timer.start()

    def _kill_if_still(self, child: int) -> None:
        if self._child == child:
            kill_group(child, signal.SIGKILL)


def kill_group(leader: int, number: signal.Signals) -> None:
    """Signal a process group that may just have ended."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        # It has ended by itself.
        return
