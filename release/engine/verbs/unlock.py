"""`unlock`: a person lets go of the host."""

from __future__ import annotations

import argparse
import json

from engine import audit, hold
from engine.asking import add_person_arguments, task_of
from engine.errors import EXIT_OK, LockHeldError
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `unlock` may be told."""
    add_person_arguments(parser)
    parser.add_argument("--force", action="store_true", help="even if somebody else holds it")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--json", action="store_true", help="as JSON")
    mode.add_argument("--check", action="store_true", help="say what would change, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Let go of this host, so that everybody's runs begin again."""
    if options.check:
        held = hold.holder(layout)
        mine = held is not None and (options.force or held["by"] == options.by)
        text = hold.describe(held) if held else "nobody holds the lock"
        print(json.dumps({"changed": mine, "reasons": [text]}))
        return EXIT_OK
    entry = task_of(options, force=options.force).audit_entry()
    try:
        held = hold.give_back(layout, options.by, options.force)
    except LockHeldError as error:
        audit.append(layout, {**entry, "outcome": "refused", "exit_code": error.exit_code})
        raise
    whose = {"was": hold.describe(held)} if held else {}
    audit.append(layout, {**entry, **whose, "outcome": "ok", "exit_code": EXIT_OK})
    if options.json:
        print(json.dumps({"given_back": held}))
    else:
        print(f"unlocked: it was {hold.describe(held)}" if held else "nobody held the lock")
    return EXIT_OK
