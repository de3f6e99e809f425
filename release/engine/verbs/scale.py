"""`scale`: more or fewer containers of a service."""

from __future__ import annotations

import argparse

from engine.asking import add_deploy_arguments
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `scale` may be told."""
    parser.add_argument(
        "services",
        nargs="+",
        metavar="SERVICE=N",
        help="how many containers of a service there are to be; it holds for later releases too",
    )
    add_deploy_arguments(parser)


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Run more or fewer containers of a service, from now on."""
    from engine.redeploying import Wish, redeploy
    from engine.scaling import read_scale
    from engine.status import require_current

    wish = Wish(layout, lambda: require_current(layout), options.services)
    scale = read_scale(layout, require_current(layout), options.services)
    return redeploy(options, wish, scale=scale)
