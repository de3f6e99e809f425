"""What a deploy would change: by comparing what was shipped with what is recorded and what runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine import edge
from engine.docker_api import Client, project_containers
from engine.errors import EngineError
from engine.health import definitions, service_problems
from engine.images import image_ids
from engine.incoming import Incoming, release_id
from engine.layout import Layout, read_json
from engine.public import is_published
from engine.resolve import is_intact, read_model
from engine.secret_files import plan_secrets
from engine.switch import standby
from engine.trees import tree_digest, try_read_tree

LATE_S = 90.0
"""What settles a switch has this long to end after its own deadline."""


@dataclass
class Comparison:
    """The ID the release would get (None while secrets are missing), and why it would change."""

    release_id: str | None = None
    reasons: list[str] = field(default_factory=list)


def compare(layout: Layout, incoming: Incoming, client: Client) -> Comparison:
    """Compare without changing anything; no reasons means that there is nothing to do."""
    result = Comparison()
    plan = plan_secrets(incoming.secrets_dir, incoming.secrets)
    result.reasons += [str(refusal) for refusal in plan.refusals]
    result.reasons += [f"secret {spec.file} would be generated" for spec in plan.generate]
    result.reasons += [f"secret {spec.file} would be rewritten" for spec in plan.rewrite]
    revisions = plan.revisions(incoming.secrets)
    inputs = incoming.inputs(revisions or {})
    result.release_id = None if revisions is None else release_id(inputs)
    current = layout.current_id()
    if current is None:
        result.reasons.append("no release is current")
    elif current != result.release_id:
        before = read_json(layout.release(current) / "inputs.json")
        if revisions is None:
            # Which of them will be others is known when the missing ones are there.
            inputs["secrets"] = before.get("secrets")
        result.reasons += _differences(before, inputs) or [f"release {current} is current"]
    elif not is_intact(layout.release(current)):
        result.reasons.append(f"the files of release {current} were changed or are incomplete")
    else:
        result.reasons += _drift(layout, incoming, client, current)
    return result


def _drift(layout: Layout, incoming: Incoming, client: Client, current: str) -> list[str]:
    reasons = []
    for service, tree in sorted(incoming.config.items()):
        folder = layout.config / service / tree_digest(tree)
        if try_read_tree(folder) != tree:
            reasons.append(f"config {service}: {folder} was changed or is missing")
    if not is_published(layout, current):
        reasons.append(f"{layout.public_release} does not tell of release {current}")
    model = read_model(layout.release(current))
    containers = standby.without(project_containers(client, incoming.name), layout)
    reasons += _left_over(layout)
    if incoming.edge_service:
        wanted = edge.wanted_tree(incoming, layout)
        if try_read_tree(layout.edge) != wanted:
            reasons.append(
                f"config {incoming.edge_service}: {layout.edge} was changed or is missing"
            )
        running = edge.running_edge(containers, incoming.edge_service)
        if running and not edge.has_loaded(layout, tree_digest(wanted), running):
            reasons.append(f"{incoming.edge_service}: has not loaded its configuration")
    try:
        ids = image_ids(client, incoming.images, layout.image_records)
    except EngineError as error:
        return [*reasons, str(error)]
    reasons += service_problems(model, containers, ids)
    recorded = read_json(layout.services_state).get("definitions")
    if not reasons and recorded != definitions(containers):
        reasons.append("services run that were not started by the recorded release")
    return reasons


def _left_over(layout: Layout) -> list[str]:
    """What an interrupted run, or one that settles no more, has left on standby."""
    late = [at for at in standby.read(layout).values() if at + LATE_S < time.time()]
    if not late:
        return []
    return [f"containers of before the last switch were not removed: {len(late)}"]


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    reasons = []
    for part, title in (
        ("local", "this host's"),
        ("kept", "left out:"),
        ("config", "config"),
        ("compose", "compose file"),
        ("secrets", "secrets of uid"),
    ):
        reasons += [
            f"{title} {name} {how}" for name, how in _changed(before.get(part), after.get(part))
        ]
    if before.get("edge") != after["edge"]:
        reasons.append("config of the edge changed")
    old, new = before.get("release") or {}, after["release"]
    for name, how in _changed(old.get("images"), new.get("images")):
        image = (new.get("images") or {}).get(name, {}).get("ref", "")
        reasons.append(f"image {name} {how}" + (f": {image}" if image else ""))
    for name, how in _changed(old.get("environment"), new.get("environment")):
        reasons.append(f"environment {name} {how}")
    for name, how in _changed(old, new):
        if name not in {"images", "environment"}:
            reasons.append(f"{name} {how}")
    return reasons


def _changed(old: Any, new: Any) -> list[tuple[str, str]]:
    old = old if isinstance(old, dict) else {}
    new = new if isinstance(new, dict) else {}
    found = []
    for name in sorted({*old, *new}):
        if name not in old:
            found.append((name, "added"))
        elif name not in new:
            found.append((name, "removed"))
        elif old[name] != new[name]:
            found.append((name, "changed"))
    return found
