"""`restore`: a backup's data becomes the data that is served."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from engine.asking import add_task_arguments, task_of
from engine.errors import EXIT_OK, EngineError, UsageError
from engine.layout import Layout

if TYPE_CHECKING:
    from engine.tools import Work

MOMENTS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `restore` may be told."""
    parser.add_argument("name", nargs="?", default="", help="the backup, as `backups` lists it")
    parser.add_argument(
        "--to-time",
        type=moment,
        metavar="TIME",
        help="go on with the logs until just before that moment, YYYY-MM-DDTHH:MM:SSZ (UTC)",
    )
    parser.add_argument(
        "--keep-secrets", action="store_true", help="leave this host's secrets as they are"
    )
    parser.add_argument(
        "--forget-old", action="store_true", help="remove the data from before earlier restores"
    )
    add_task_arguments(parser)
    parser.add_argument("--check", action="store_true", help="say what would happen, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Serve the data of a backup: checked first, filled into new volumes; the old ones stay."""
    from engine.backups.forgetting import ForgetOld
    from engine.backups.restoring import Restore
    from engine.preflight import check_root
    from engine.run import execute

    check_root()
    if bool(options.name) == options.forget_old or (options.forget_old and options.to_time):
        raise UsageError("restore", "a backup's name, or --forget-old alone", "", "see: backups")
    work: Work = (
        ForgetOld()
        if options.forget_old
        else Restore(options.name, options.to_time, with_secrets=not options.keep_secrets)
    )
    if options.check:
        return _check(work, layout)
    told = options.to_time.isoformat() if options.to_time else ""
    task = task_of(
        options,
        backup=options.name,
        to_time=told,
        keep_secrets=options.keep_secrets,
        forget_old=options.forget_old,
    )
    # A backup meanwhile would keep the one service's data from before, the other's from after. In
    # this order: a deploy has the lock of runs, too, when it waits for its backup.
    also = () if options.forget_old else ("backup",)
    return execute(work, task, layout, as_json=options.json, also=also)


def moment(text: str) -> datetime:
    """A time in UTC, to the second. Raises ArgumentTypeError."""
    for pattern in MOMENTS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(
        f"expected a time in UTC such as 2026-01-31T23:59:59Z; found {text}"
    )


def _check(work: Work, layout: Layout) -> int:
    from engine.backups.foreseen import looking
    from engine.backups.restoring import Restore

    with looking(layout, "restore") as tools:
        try:
            reasons = work.plan(tools)
            if isinstance(work, Restore):
                work.check(tools)
        except EngineError as error:
            print(json.dumps({"changed": False, "reasons": [str(error)]}))
            return error.exit_code
    print(json.dumps({"changed": bool(reasons), "reasons": reasons or [work.unchanged]}))
    return EXIT_OK
