"""`audit`: who asked this host for what."""

from __future__ import annotations

import argparse
import json
import sys

from engine import audit
from engine.errors import EXIT_OK, EXIT_UNHEALTHY
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `audit` may be told."""
    parser.add_argument(
        "--tail", type=int, default=50, metavar="N", help="entries (default: %(default)s; 0: all)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Show the audit log, the latest last; exit 3 if a line was changed or taken out."""
    entries, doubtful = audit.read(layout)
    shown = entries[-options.tail :] if options.tail > 0 else entries
    if options.json:
        print(json.dumps({"entries": shown, "doubtful_line": doubtful}))
    else:
        for entry in shown:
            print(line_of(entry))
    if doubtful is not None:
        print(
            f"{layout.audit}: line {doubtful} does not follow from the one before it; "
            "one of the two was changed, or lines are missing",
            file=sys.stderr,
        )
        return EXIT_UNHEALTHY
    return EXIT_OK


def line_of(entry: dict[str, object]) -> str:
    """One entry as a line for people."""
    what = f"{entry.get('verb', '?')} {entry.get('outcome', '?')}"
    origin = f" from {entry['from']}" if entry.get("from") else ""
    why = f" ({entry['why']})" if entry.get("why") else ""
    run_id = f"  run {entry['run']}" if entry.get("run") else ""
    return f"{entry.get('time', '?')}  {what:20}  {entry.get('by', '?')}{origin}{why}{run_id}"
