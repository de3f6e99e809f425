"""A run's journal, read while it is written."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import EXIT_TRY_AGAIN, NoInputError, RunLostError
from engine.journal import read_events
from engine.layout import Layout
from engine.processes import alive

POLL_S = 0.2
# From the caller's fork to the run's own first line.
START_GRACE_S = 10.0


class StillRunningError(RunLostError):
    """The run goes on, but nobody wanted to wait any longer."""

    outcome = "running"


def find_run(layout: Layout, run: str | None) -> Path:
    """The journal of a run, or of the latest one. Raises NoInputError."""
    if run is not None and "/" not in run and layout.journal(run).is_file():
        return layout.journal(run)
    journals = sorted(layout.journals.glob("*.jsonl"))
    if run is None and journals:
        return journals[-1]
    known = ", ".join(path.stem for path in journals[-3:]) or "none"
    raise NoInputError(
        f"run {run or '(latest)'}",
        "a run with a journal",
        f"none (the last ones: {known})",
        f"see {layout.journals}",
    )


def follow(
    journal: Path, timeout_s: float | None, tell: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Hand every event to `tell` until the run ends; returns its last event.

    Raises RunLostError if its process died without one, StillRunningError after `timeout_s`
    seconds.
    """
    position = 0
    started = time.monotonic()
    process, since = "", time.monotonic()
    while True:
        # Looked at before the journal is read: the last line is written before the process ends.
        lost = not alive(process) and time.monotonic() - since > (
            START_GRACE_S if not process else 0
        )
        for behind, event in read_events(journal, position):
            position, lost = behind, False
            tell(event)
            if event["event"] == "run_ended":
                return event
            if event["event"] == "run_started":
                process, since = event.get("process", ""), time.monotonic()
        if lost:
            raise RunLostError(
                f"run {journal.stem}",
                "an end in its journal",
                "that its process died (killed, or the host was restarted)",
                "run deploy again",
            )
        if timeout_s is not None and time.monotonic() - started >= timeout_s:
            raise StillRunningError(
                f"run {journal.stem}",
                f"an end within {timeout_s:g} s",
                "a run still at work",
                f"follow --run {journal.stem} again",
            )
        time.sleep(POLL_S)


def exit_code(ended: dict[str, Any]) -> int:
    """The exit code that a run ended with."""
    code = ended.get("exit_code")
    return code if isinstance(code, int) else EXIT_TRY_AGAIN
