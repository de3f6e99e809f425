"""`prune`: old releases go, with what only they used."""

from __future__ import annotations

import argparse
import json

from engine.asking import add_task_arguments, task_of
from engine.errors import EXIT_OK
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `prune` may be told."""
    parser.add_argument(
        "--keep", type=int, default=5, help="releases to keep (default: %(default)s)"
    )
    add_task_arguments(parser)
    parser.add_argument("--check", action="store_true", help="say what would be removed, as JSON")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Remove old releases, and the configuration and images that only they used."""
    from engine.prune import superfluous
    from engine.pruning import PruneReleases
    from engine.run import execute
    from engine.status import require_current

    require_current(layout)
    keep = max(1, options.keep)
    if options.check:
        found = superfluous(layout, keep)
        print(json.dumps({"changed": bool(found), "reasons": found}))
        return EXIT_OK
    return execute(PruneReleases(keep), task_of(options, keep=keep), layout, as_json=options.json)
