"""One run at a time: a kernel lock, so that a dead run never holds it, and a file that says who.

The lock's descriptor is handed to the `docker compose` children: if the engine is killed while one
still works, the lock stays held until that child has ended too, or until the next run ends it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import LockHeldError
from engine.processes import alive, end_group
from engine.trees import make_folder

POLL_S = 0.2


class Lock:
    """The lock of one root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1
        self._holder: dict[str, Any] = {}

    def acquire(
        self,
        holder: dict[str, Any],
        timeout_s: float,
        say: Callable[[str], None],
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the lock for `holder` (run, verb, by, why, since, process) within `timeout_s`.

        `say` is told about waiting and about the lock of a dead run; `stop` may raise to give up.
        Raises LockHeldError, naming the holder.
        """
        make_folder(self.path.parent)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._wait(timeout_s, say, stop)
        except BaseException:
            # It is the holder's still, and so is what stands in the file.
            self.close()
            raise
        stale = read_holder(self.path)
        if stale:
            say(f"took over the lock of {describe(stale)}, which ended without unlocking")
        self._holder = holder
        self._write(holder)

    def note_child(self, child: str) -> None:
        """Write down the compose command at work: the next run may have to end it."""
        self._holder = {**self._holder, "child": child}
        self._write(self._holder)

    def release(self) -> None:
        """Give the lock back and empty the file."""
        if self.descriptor >= 0:
            self._write({})
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            self.close()

    def close(self) -> None:
        """Drop the descriptor without a word in the file."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _wait(self, timeout_s: float, say: Callable[[str], None], stop: Callable[[], None]) -> None:
        deadline = time.monotonic() + timeout_s
        waiting = False
        while not self._try():
            stop()
            other = read_holder(self.path)
            dead = other and not alive(other.get("process", ""))
            if dead and end_group(other.get("child", "")):
                say(f"ended the compose command that {describe(other)} left behind")
                deadline = max(deadline, time.monotonic() + 5)
            if time.monotonic() >= deadline:
                raise LockHeldError(
                    f"lock {self.path}",
                    "no other run",
                    describe(other),
                    "give it more time, such as --wait 30m",
                )
            if not waiting:
                say(f"waiting up to {timeout_s:g} s for {describe(other)}")
                waiting = True
            time.sleep(POLL_S)

    def _try(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _write(self, holder: dict[str, Any]) -> None:
        content = (json.dumps(holder) + "\n").encode() if holder else b""
        # One write to the start, then the cut: a reader in between finds a line and a rest.
        os.pwrite(self.descriptor, content, 0)
        os.ftruncate(self.descriptor, len(content))
        os.fsync(self.descriptor)


def read_holder(path: Path) -> dict[str, Any]:
    """Who holds, or last held without unlocking; empty if nobody."""
    try:
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        holder = json.loads(first) if first else {}
    except (OSError, ValueError):
        return {}
    return holder if isinstance(holder, dict) else {}


def describe(holder: dict[str, Any]) -> str:
    """The holder in words: run, who, when, what, pid, why."""
    if not holder:
        return "a run that has not yet written its name"
    verb = f"{holder['verb']}, " if holder.get("verb") else ""
    why = f", {holder['why']}" if holder.get("why") else ""
    return (
        f"run {holder.get('run', '?')} of {holder.get('by', '?')} since {holder.get('since', '?')} "
        f"({verb}pid {holder.get('pid', '?')}{why})"
    )
