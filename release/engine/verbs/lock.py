"""`lock`: a person holds the host, and no run of anybody else begins."""

from __future__ import annotations

import argparse
import json
import os
import sys

from engine import audit, hold
from engine.asking import add_person_arguments, duration_s, task_of
from engine.errors import EXIT_OK, LockHeldError
from engine.journal import utc_now
from engine.layout import Layout
from engine.lock import Lock
from engine.processes import identity


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `lock` may be told."""
    add_person_arguments(parser)
    parser.add_argument(
        "--for",
        dest="for_s",
        type=_hold_s,
        default=hold.DEFAULT_FOR_S,
        metavar="TIME",
        help="how long it lasts if nobody unlocks, such as 30m or 1d, at most 7d (default: 2h)",
    )
    parser.add_argument(
        "--wait",
        type=duration_s,
        default=0,
        metavar="TIME",
        help="how long to wait for who holds it, and for a run (default: refuse at once)",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--json", action="store_true", help="as JSON")
    mode.add_argument("--check", action="store_true", help="say what would change, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Hold this host: until unlock, or for two hours, only your own runs begin."""
    if options.check:
        held = hold.holder(layout)
        mine = held is None or held["by"] == options.by
        text = hold.describe(held) if held else f"{options.by} would hold the lock"
        print(json.dumps({"changed": mine, "reasons": [text]}))
        return EXIT_OK
    entry = task_of(options, for_s=options.for_s).audit_entry()
    try:
        new = _taken(options, layout)
    except LockHeldError as error:
        audit.append(layout, {**entry, "outcome": "refused", "exit_code": error.exit_code})
        raise
    audit.append(layout, {**entry, "outcome": "ok", "exit_code": EXIT_OK})
    held = hold.holder(layout) or {}
    print(json.dumps({"new": new, **held}) if options.json else f"lock: {hold.describe(held)}")
    return EXIT_OK


def _taken(options: argparse.Namespace, layout: Layout) -> bool:
    """Take it while no run is at work: then none is until it is given back."""
    lock = Lock(layout.lock)
    asking = {
        "run": "lock",
        "by": options.by,
        "why": options.why,
        "since": utc_now(),
        "pid": os.getpid(),
        "process": identity(os.getpid()),
    }
    hold.acquire(
        lock, asking, layout, options.wait, options.wait, lambda text: print(text, file=sys.stderr)
    )
    try:
        return hold.take(layout, options.by, options.why, options.for_s)
    finally:
        lock.release()


def _hold_s(text: str) -> int:
    seconds = duration_s(text)
    if not 0 < seconds <= hold.MAX_FOR_S:
        raise argparse.ArgumentTypeError(f"expected a time from 1s to 7d; found {text}")
    return seconds
