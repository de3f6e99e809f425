"""A release that is on this host already, deployed again: an earlier one, or at another scale."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.asking import request_of, task_of
from engine.compare import compare
from engine.deploying import Deploy
from engine.deployment import Request
from engine.docker_api import connect
from engine.errors import EXIT_OK
from engine.incoming import Incoming, on_host
from engine.layout import Layout
from engine.left_out import as_deployed
from engine.preflight import check_root
from engine.reader import read_incoming
from engine.run import execute
from engine.scaling import read_scale


@dataclass(frozen=True)
class Wish:
    """Which release of this host is asked for, and how many containers of some services."""

    layout: Layout
    which: Callable[[], str]
    scale: Iterable[str] = ()

    def incoming(self) -> Incoming:
        """The release with the host's settings, as they shall be.

        Another run may make another release current while this one waits for it: what is asked for
        is found out anew under the lock. Raises EngineError.
        """
        layout, release = self.layout, self.which()
        shipped = read_incoming(layout.release(release) / "incoming")
        found = on_host(as_deployed(shipped, layout, release), layout)
        return scaled(found, read_scale(layout, release, self.scale))


class Redeploy(Deploy):
    """Makes a release of this host current, with other settings of the host if some are given."""

    def __init__(self, request: Request, wish: Wish) -> None:
        super().__init__(request)
        self.wish = wish

    def on_host(self) -> Incoming:
        """What is asked for, as it is under the lock."""
        return self.wish.incoming()


def scaled(incoming: Incoming, scale: Mapping[str, int]) -> Incoming:
    """The release at another scale; one container, which is what a release has, is no setting."""
    found = {**incoming.local.scale, **scale}
    kept = {name: number for name, number in found.items() if number != 1}
    return replace(incoming, local=replace(incoming.local, scale=kept))


def redeploy(options: argparse.Namespace, wish: Wish, **asked: Any) -> int:
    """Do what a verb's arguments (`add_deploy_arguments`) ask for; returns the exit code.

    `asked` is what the audit log says of it in particular.
    """
    layout = wish.layout
    # What cannot be is refused at once, and not after a wait for the lock.
    incoming = wish.incoming()
    if options.check:
        reasons = compare(layout, incoming, connect()).reasons
        release = wish.which()
        print(json.dumps({"changed": bool(reasons), "release": release, "reasons": reasons}))
        return EXIT_OK
    check_root()
    return execute(
        Redeploy(request_of(options, layout, incoming), wish),
        task_of(options, **asked),
        layout,
        detach=options.detach,
        as_json=options.json,
    )
