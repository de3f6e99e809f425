"""`deploy`: the shipped release becomes current."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

from engine.asking import add_deploy_arguments, request_of, task_of
from engine.errors import EXIT_OK, EngineError, ShippedOverError
from engine.layout import Layout
from engine.reader import read_incoming


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `deploy` may be told."""
    parser.add_argument("--incoming", help="what was shipped (default: ROOT/incoming)")
    parser.add_argument(
        "--expect",
        metavar="DIGEST",
        help="refuse (75) unless the shipped files have this digest, as text_tree returns it",
    )
    parser.add_argument(
        "--expect-engine",
        metavar="SHA1",
        help="refuse (75) unless this very archive has that SHA-1, as Ansible's copy returns it",
    )
    parser.add_argument(
        "--window",
        action="store_true",
        help="go on where the running release cannot live with what this one does to the data",
    )
    parser.add_argument(
        "--leave-out",
        type=lambda text: tuple(name for name in text.split(",") if name),
        default=(),
        metavar="SERVICE,…",
        help="services that would be replaced in place and go on as they are instead",
    )
    add_deploy_arguments(parser)


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Make the shipped release current."""
    from engine.compare import compare
    from engine.deploying import Deploy
    from engine.docker_api import connect
    from engine.incoming import on_host
    from engine.left_out import leave_out
    from engine.preflight import check_root
    from engine.run import execute
    from engine.switch.foreseen import foreseen

    refuse_other_engine(options.expect_engine)
    incoming = read_incoming(
        Path(options.incoming or layout.root / "incoming").absolute(), options.expect
    )
    if options.check:
        try:
            wanted = leave_out(on_host(incoming, layout), layout, options.leave_out)
            client = connect()
            found = compare(layout, wanted, client)
            release, reasons = found.release_id, found.reasons
            reasons += foreseen(wanted, layout, client) if reasons else []
        except EngineError as error:
            release, reasons = None, [str(error)]
        print(json.dumps({"changed": bool(reasons), "release": release, "reasons": reasons}))
        return EXIT_OK
    check_root()
    request = request_of(
        options, layout, incoming, window=options.window, leave_out=options.leave_out
    )
    return execute(
        Deploy(request), task_of(options), layout, detach=options.detach, as_json=options.json
    )


def refuse_other_engine(expected: str | None) -> None:
    """Raise ShippedOverError if this is not the engine that the caller has shipped."""
    archive = Path(sys.argv[0])
    if expected is None:
        return
    found = hashlib.sha1(archive.read_bytes()).hexdigest()  # noqa: S324 (a name, not a proof)
    if found != expected:
        raise ShippedOverError(archive, f"an engine with the SHA-1 {found[:12]}")
