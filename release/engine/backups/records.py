"""What is known of backups without a look into the repository: for `backups` and `doctor`."""

from __future__ import annotations

from typing import Any

from engine.journal import utc_now
from engine.layout import Layout, changing, read_json, write_json

BACKUP, LOGS = "backup", "logs"


def note(layout: Layout, what: str, **about: Any) -> None:
    """Write down that a backup was made, or that logs were kept; both may be at the same moment."""
    with changing(layout.backups_state):
        found = read_json(layout.backups_state)
        write_json(layout.backups_state, {**found, what: {"time": utc_now(), **about}})


def noted(layout: Layout, what: str) -> dict[str, Any]:
    """The last one; empty if there was none."""
    found = read_json(layout.backups_state).get(what)
    return found if isinstance(found, dict) else {}


def note_drill(layout: Layout, **about: Any) -> None:
    """Write down how a drill ended."""
    write_json(layout.drills_state, {"time": utc_now(), **about})


def last_drill(layout: Layout) -> dict[str, Any]:
    """How the last drill ended; empty if there was none."""
    return read_json(layout.drills_state)
