"""`secrets`: what there is, and what can be made anew."""

from __future__ import annotations

import argparse
import json

from engine.errors import EXIT_OK
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `secrets` may be told."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """List the release's secrets, their age, and how each is made anew; never a value."""
    from engine.reader import read_incoming
    from engine.rotating.choosing import listed
    from engine.status import require_current

    rows = listed(read_incoming(layout.release(require_current(layout)) / "incoming"))
    if options.json:
        print(json.dumps(rows))
        return EXIT_OK
    for row in rows:
        age = "missing" if row["age_days"] is None else f"{row['age_days']} d"
        print(f"{row['secret']:32}  {age:>8}  {row['do']}")
    return EXIT_OK
