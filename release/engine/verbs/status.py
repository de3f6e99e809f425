"""`status`: what runs now."""

from __future__ import annotations

import argparse
import json

from engine.errors import EXIT_OK, EXIT_UNHEALTHY
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `status` may be told."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Show the current release and its services; exit 0 if all are healthy, 3 otherwise."""
    from engine.docker_api import connect
    from engine.status import require_current, status, table

    require_current(layout)
    found = status(layout, connect())
    print(json.dumps(found) if options.json else "\n".join(table(found)))
    return EXIT_OK if found["healthy"] else EXIT_UNHEALTHY
