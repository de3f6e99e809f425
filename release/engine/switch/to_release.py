"""The switcher of the release that a run deploys, and that of the one that it goes back to."""

from __future__ import annotations

from engine.deployment import Deployment
from engine.errors import EngineError
from engine.incoming import ServiceSpec
from engine.reader import read_incoming
from engine.resolve import Model
from engine.switch.switcher import Switcher


def switcher(deployment: Deployment) -> Switcher:
    """What brings the project to the release that is deployed."""
    return Switcher(
        deployment,
        deployment.release_id,
        deployment.model,
        deployment.image_ids,
        deployment.incoming.services,
    )


def switcher_back(deployment: Deployment, release: str, model: Model) -> Switcher:
    """What brings it back to a release that was current; its images are not compared."""
    return Switcher(deployment, release, model, {}, _specs(deployment, release))


def _specs(deployment: Deployment, release: str) -> dict[str, ServiceSpec]:
    try:
        folder = deployment.layout.release(release) / "incoming"
        return dict(read_incoming(folder).services)
    except EngineError:
        # Written by an engine that kept no such thing, or that knew other fields.
        return dict(deployment.incoming.services)
