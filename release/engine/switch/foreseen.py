"""What a deploy would replace in place, before anything of it is on the host."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.compose import service_hashes
from engine.docker_api import Client, project_containers
from engine.errors import RefusedError
from engine.images import image_ids
from engine.incoming import Image, Incoming, ServiceSpec
from engine.layout import Layout
from engine.resolve import interpolation, lasting_services, resolved
from engine.secret_files import plan_secrets
from engine.switch import standby
from engine.switch.order import in_order
from engine.switch.situation import ANNOUNCED, Situation, situation


def announced(situations: Sequence[Situation]) -> list[str]:
    """What will be away while it is replaced in place, and for how long, in words."""
    lines = []
    for each in situations:
        if each.spec.switch == ANNOUNCED and any(old.well for old in each.giving_way):
            about = f" for about {each.spec.gap_s} s" if each.spec.gap_s else ""
            lines.append(f"{each.service} will be away{about}: it is replaced in place")
    return lines


def foreseen(incoming: Incoming, layout: Layout, client: Client) -> list[str]:
    """The same for a release of which nothing is written yet; its images need not be here.

    Where secrets are still to be made, it is not known yet which definitions have others.
    """
    if layout.current_id() is None:
        return []
    revisions = plan_secrets(incoming.secrets_dir, incoming.secrets).revisions(incoming.secrets)
    if revisions is None:
        return ["which services will be away is known once the missing secrets are made"]
    model = resolved(incoming, interpolation(incoming, layout, revisions))
    with tempfile.TemporaryDirectory(prefix="release-engine-") as folder:
        (Path(folder) / "compose.yaml").write_text(json.dumps(model), encoding="utf-8")
        hashes = service_hashes(incoming.name, Path(folder))
    ids = _known_ids(client, incoming.images, layout.image_records)
    containers = project_containers(client, incoming.name)
    services = lasting_services(model)
    return announced(
        [
            situation(
                name,
                incoming.services.get(name, ServiceSpec()),
                services[name],
                hashes[name],
                ids.get(str(services[name].get("image"))),
                containers,
                standby.ids(layout),
            )
            for name in in_order(services, incoming.edge_service)
        ]
    )


def _known_ids(client: Client, images: Mapping[str, Image], records: Path) -> dict[str, str]:
    """The IDs of the images that are here; another one has another name, and so a definition."""
    found: dict[str, str] = {}
    for name, image in images.items():
        try:
            found.update(image_ids(client, {name: image}, records))
        except RefusedError:
            continue
    return found
