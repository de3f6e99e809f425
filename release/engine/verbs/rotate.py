"""`rotate`: a secret is made anew."""

from __future__ import annotations

import argparse
import json

from engine.asking import add_deploy_arguments, request_of, task_of
from engine.errors import EXIT_OK, EngineError
from engine.layout import Layout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `rotate` may be told."""
    parser.add_argument("secret", metavar="NAME", help="one of those that `secrets` lists")
    add_deploy_arguments(parser)


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Make a secret anew; what reads it gets the new one, and nobody is locked out meanwhile."""
    from engine.backups.foreseen import looking
    from engine.incoming import on_host
    from engine.preflight import check_root
    from engine.rotating.choosing import choose
    from engine.rotating.rotate import Rotate, current_incoming
    from engine.run import execute

    incoming = current_incoming(layout)
    choose(on_host(incoming, layout), options.secret)
    work = Rotate(request_of(options, layout, incoming), options.secret)
    if options.check:
        with looking(layout, "rotate") as tools:
            try:
                reasons = work.plan(tools)
            except EngineError as error:
                print(json.dumps({"changed": False, "reasons": [str(error)]}))
                return error.exit_code
        print(json.dumps({"changed": True, "reasons": reasons}))
        return EXIT_OK
    check_root()
    return execute(
        work,
        task_of(options, secret=options.secret),
        layout,
        detach=options.detach,
        as_json=options.json,
    )
