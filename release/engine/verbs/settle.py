"""`settle`: what the last release has replaced goes, once nobody is connected to it any more."""

from __future__ import annotations

import argparse

from engine.asking import add_task_arguments, task_of
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `settle` may be told."""
    add_task_arguments(parser)
    parser.add_argument("--detach", action="store_true", help="print the run's ID and go on alone")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Remove what has given way, once its connections have ended; deploys start it themselves."""
    from engine.reader import read_incoming
    from engine.run import execute
    from engine.settling import Settle
    from engine.status import require_current

    incoming = read_incoming(layout.release(require_current(layout)) / "incoming")
    return execute(
        Settle(incoming),
        task_of(options),
        layout,
        detach=options.detach,
        as_json=options.json,
        lock="settle",
    )
