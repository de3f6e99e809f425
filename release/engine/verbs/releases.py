"""`releases`: what was deployed, and what could be."""

from __future__ import annotations

import argparse
import json

from engine.errors import EXIT_OK
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `releases` may be told."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """List the releases on this host, the latest first."""
    from engine.status import releases

    found = releases(layout)
    if options.json:
        print(json.dumps(found))
        return EXIT_OK
    for each in found:
        mark = "*" if each["current"] else " "
        print(f"{mark} {each['release']}  {each['time']:24}  {each['outcome']:14}  {each['by']}")
    return EXIT_OK
