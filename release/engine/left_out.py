"""Services that a deploy leaves as they are: each goes on by the definition that it runs by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.errors import UsageError
from engine.incoming import Incoming, ServiceSpec
from engine.layout import Layout, read_json
from engine.resolve import Model, read_model

ANNOUNCED = "announced"


def leave_out(incoming: Incoming, layout: Layout, services: Iterable[str]) -> Incoming:
    """The release with those services as they run now.

    Raises UsageError for one that is not replaced in place, and before the first release.
    """
    wanted = list(services)
    current = layout.current_id()
    if not wanted:
        return incoming
    model = read_model(layout.release(current)) if current else {"services": {}}
    known = sorted(
        name
        for name in model["services"]
        if incoming.services.get(name, ServiceSpec()).switch == ANNOUNCED
        and name not in incoming.step_services()
    )
    for name in wanted:
        if name not in known:
            raise UsageError(
                "--leave-out",
                f"a service that runs and is replaced in place ({', '.join(known) or 'none'})",
                name,
                "the others are switched without a gap",
            )
    return with_kept(incoming, model, wanted)


def as_deployed(incoming: Incoming, layout: Layout, release: str) -> Incoming:
    """A release of this host, with what was left out of it still left out."""
    folder = layout.release(release)
    kept = read_json(folder / "inputs.json").get("kept")
    if not isinstance(kept, dict) or not kept:
        return incoming
    return with_kept(incoming, read_model(folder), kept)


def with_kept(incoming: Incoming, model: Model, services: Iterable[str]) -> Incoming:
    """The release with the definitions that a model has of some services."""
    kept: dict[str, Mapping[str, Any]] = {name: model["services"][name] for name in services}
    parts = ("networks", "volumes", "secrets")
    return replace(
        incoming, kept=kept, kept_parts={part: dict(model.get(part) or {}) for part in parts}
    )
