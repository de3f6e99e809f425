"""`follow`: a run, as it goes on."""

from __future__ import annotations

import argparse
from typing import Any

from engine.follow import exit_code, find_run, follow
from engine.layout import Layout
from engine.report import print_result, printer, remarks_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `follow` may be told."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", help="the run's ID")
    which.add_argument("--latest", action="store_true", help="the run that was started last")
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="how long to follow")
    parser.add_argument(
        "--json", action="store_true", help="print the result as JSON, the rest to stderr"
    )
    parser.set_defaults(prints_result=True)


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Show a run until it ends, and exit as it did."""
    path = find_run(layout, options.run)
    options.run = path.stem
    show = printer(options.json)
    remarks: list[str] = []

    def tell(event: dict[str, Any]) -> None:
        show(event)
        remarks.extend(remarks_of(event))

    ended = follow(path, options.timeout, tell)
    if options.json:
        print_result(ended, remarks=remarks)
    return exit_code(ended)
