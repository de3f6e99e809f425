"""`backup`: everything that the services own is kept in the repository."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from engine.asking import add_task_arguments, task_of
from engine.errors import EXIT_OK
from engine.layout import Layout

if TYPE_CHECKING:
    from engine.tools import Work


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `backup` may be told."""
    add_task_arguments(parser)
    parser.add_argument(
        "--binlogs-only", action="store_true", help="keep only what was logged since the last time"
    )
    parser.add_argument("--check", action="store_true", help="say what would be kept, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Back up everything, or with --binlogs-only what was logged since; verify what was kept."""
    from engine.backups.foreseen import would
    from engine.backups.logs import KeepLogs
    from engine.backups.making import MakeBackup
    from engine.preflight import check_root
    from engine.run import execute

    check_root()
    work: Work = KeepLogs() if options.binlogs_only else MakeBackup()
    lock = "binlogs" if options.binlogs_only else "backup"
    if options.check:
        print(json.dumps(would(work, options.verb, layout)))
        return EXIT_OK
    task = task_of(options, binlogs_only=options.binlogs_only)
    return execute(work, task, layout, as_json=options.json, lock=lock)
