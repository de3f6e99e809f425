"""`rollback`: an earlier release becomes current again."""

from __future__ import annotations

import argparse

from engine.asking import add_deploy_arguments
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `rollback` may be told."""
    parser.add_argument(
        "release",
        nargs="?",
        metavar="RELEASE",
        help="one of those that `releases` lists (default: the one that was current before)",
    )
    add_deploy_arguments(parser)


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Make an earlier release current again; steps of a deploy alone are left out."""
    from engine.earlier import way_back
    from engine.redeploying import Wish, redeploy

    which = way_back(layout, options.release)
    return redeploy(options, Wish(layout, which), release=which())
