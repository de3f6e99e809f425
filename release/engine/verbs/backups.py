"""`backups`: what is in the repository, and what would be lost."""

from __future__ import annotations

import argparse
import json

from engine.errors import EXIT_OK
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `backups` may be told."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """List the backups, the latest first, and say what a lost volume or disk would cost."""
    from engine.backups.listing import listing, table
    from engine.preflight import check_root

    check_root()
    found = listing(layout)
    print(json.dumps(found) if options.json else "\n".join(table(found)))
    return EXIT_OK
