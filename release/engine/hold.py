"""The lock that a person holds: while it lasts, no run of anybody else begins.

It is a file with an end, not a process: it outlives the connection that took it, and never stays
for ever. Who takes it does so while no run is at work (`verbs/lock.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from engine.errors import LockHeldError
from engine.layout import Layout, changing, read_json, write_json
from engine.lock import Lock
from engine.trees import sync_folder

DEFAULT_FOR_S = 2 * 3600
MAX_FOR_S = 7 * 24 * 3600
POLL_S = 0.2


def holder(layout: Layout) -> dict[str, Any] | None:
    """Who holds it: by, why, since, until. None if nobody does, or not any more.

    A file that a hand has damaged keeps nobody out.
    """
    found = read_json(layout.hold)
    until = _time(found.get("until"))
    if not isinstance(found.get("by"), str) or until is None or until <= _now():
        return None
    return {key: str(found.get(key, "")) for key in ("by", "why", "since", "until")}


def take(layout: Layout, by: str, why: str, for_s: int) -> bool:
    """Hold it for `for_s` seconds; returns whether it is new, not one's own that goes on.

    Raises LockHeldError, naming who holds it and until when.
    """
    with changing(layout.hold):
        held = holder(layout)
        if held and held["by"] != by:
            raise held_error(held)
        now = _now()
        write_json(
            layout.hold,
            {
                "by": by,
                "why": why,
                "since": held["since"] if held else _text(now),
                "until": _text(now + timedelta(seconds=for_s)),
            },
        )
    return held is None


def give_back(layout: Layout, by: str, force: bool) -> dict[str, Any] | None:
    """Let go of it; returns what was held, or None if nobody held it.

    Raises LockHeldError if it is somebody else's and `force` is not given.
    """
    with changing(layout.hold):
        held = holder(layout)
        if held and held["by"] != by and not force:
            raise LockHeldError("lock", f"your own ({by})", describe(held), "ask, or give --force")
        layout.hold.unlink(missing_ok=True)
        sync_folder(layout.hold.parent)
    return held


def acquire(
    lock: Lock,
    run: dict[str, Any],
    layout: Layout,
    lock_timeout_s: float,
    hold_timeout_s: float,
    say: Callable[[str], None],
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Take the lock of runs for `run` (`Lock.acquire`) while nobody else holds the host.

    Raises LockHeldError when the time for that is over.
    """
    deadline = time.monotonic() + hold_timeout_s
    waiting = False
    while True:
        held = _others(layout, run)
        if not held:
            lock.acquire(run, lock_timeout_s, say, stop)
            # Taken between the look and the lock; from here on nobody can.
            held = _others(layout, run)
            if not held:
                return
            lock.release()
        if time.monotonic() >= deadline:
            raise held_error(held)
        if not waiting:
            say(f"waiting up to {hold_timeout_s:g} s: the lock is {describe(held)}")
            waiting = True
        stop()
        time.sleep(POLL_S)


def held_error(held: dict[str, Any]) -> LockHeldError:
    """The refusal of everybody but the holder."""
    do = "wait with --wait 10m, ask, or let go of it with unlock --force"
    return LockHeldError("lock", "nobody else's", describe(held), do)


def describe(held: dict[str, Any]) -> str:
    """The holder in words."""
    why = f" ({held['why']})" if held["why"] else ""
    return f"held by {held['by']} since {held['since']}{why}, until {held['until']}"


def _others(layout: Layout, run: dict[str, Any]) -> dict[str, Any] | None:
    held = holder(layout)
    return held if held and held["by"] != run["by"] else None


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _text(time_utc: datetime) -> str:
    return time_utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None
