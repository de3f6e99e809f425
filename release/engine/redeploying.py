"""A release that is on this host already, deployed again: an earlier one, or at another scale."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace

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


class Redeploy(Deploy):
    """Makes a release of this host current, with other settings of the host if some are given."""

    def __init__(self, request: Request, scale: Mapping[str, int]) -> None:
        super().__init__(request)
        self.scale = scale

    def on_host(self) -> Incoming:
        """The release with the host's settings, as they shall be."""
        return scaled(super().on_host(), self.scale)


def scaled(incoming: Incoming, scale: Mapping[str, int]) -> Incoming:
    """The release at another scale; one container, which is what a release has, is no setting."""
    found = {**incoming.local.scale, **scale}
    kept = {name: number for name, number in found.items() if number != 1}
    return replace(incoming, local=replace(incoming.local, scale=kept))


def redeploy(
    options: argparse.Namespace,
    layout: Layout,
    release: str,
    *,
    scale: Mapping[str, int] | None = None,
    rollback_to: str = "",
) -> int:
    """Do what a verb's arguments (`add_deploy_arguments`) ask for; returns the exit code."""
    incoming = as_deployed(read_incoming(layout.release(release) / "incoming"), layout, release)
    wishes = scale or {}
    if options.check:
        found = compare(layout, scaled(on_host(incoming, layout), wishes), connect())
        reasons = found.reasons
        print(json.dumps({"changed": bool(reasons), "release": release, "reasons": reasons}))
        return EXIT_OK
    check_root()
    asked = {"release": rollback_to} if rollback_to else {"scale": dict(wishes)}
    return execute(
        Redeploy(request_of(options, layout, incoming), wishes),
        task_of(options, **asked),
        layout,
        detach=options.detach,
        as_json=options.json,
    )
