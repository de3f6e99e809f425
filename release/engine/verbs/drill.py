"""`drill`: the latest backup is restored into a project of its own, and compared."""

from __future__ import annotations

import argparse
import json

from engine.asking import add_task_arguments, task_of
from engine.errors import EXIT_OK
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `drill` may be told."""
    add_task_arguments(parser)
    parser.add_argument("--check", action="store_true", help="say what would be done, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Prove that the latest backup can be restored; exits with 1 where anything differs."""
    from engine.backups.drilling import Drill
    from engine.backups.foreseen import would
    from engine.preflight import check_root
    from engine.run import execute

    check_root()
    if options.check:
        print(json.dumps(would(Drill(), options.verb, layout)))
        return EXIT_OK
    return execute(Drill(), task_of(options), layout, as_json=options.json, lock="drill")
