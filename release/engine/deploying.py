"""The work of `deploy`: the steps of a release, and the way back from them."""

from __future__ import annotations

from functools import partial
from typing import Any

from engine.compare import compare
from engine.deployment import Deployment, Request
from engine.docker_api import DOCKER_ERRORS
from engine.errors import EngineError
from engine.health import evidence
from engine.record import append_history
from engine.restore import restore
from engine.steps import names, steps_of
from engine.tools import Tools, Work


class Deploy(Work):
    """Makes the shipped release current."""

    outcome = "deployed"

    def __init__(self, request: Request) -> None:
        self.request = request
        self.deployment: Deployment | None = None

    def plan(self, tools: Tools) -> list[str]:
        """Compare what was shipped with what is recorded and what runs."""
        found = compare(self.request.layout, self.request.incoming, tools.client)
        tools.result.release = found.release_id
        self.unchanged = f"release {found.release_id} is current and healthy"
        self.steps = names(steps_of(self.request.incoming))
        return found.reasons

    def run(self, tools: Tools) -> str:
        """Take every step of the release."""
        deployment = self.deployment = Deployment(
            self.request, tools, self.request.layout.current_id()
        )
        for step in steps_of(self.request.incoming):
            try:
                tools.run_step(step.name, partial(step.run, deployment))
            finally:
                tools.result.release = deployment.release_id or tools.result.release
        return f"release {deployment.release_id} is current and healthy"

    @property
    def changed(self) -> bool:  # type: ignore[override]  # what Work has as a plain value
        """Whether a service or the edge's configuration has been touched."""
        touched = self.deployment
        return touched is not None and (touched.services_touched or touched.edge_touched)

    def evidence(self, tools: Tools) -> list[dict[str, Any]]:
        """The containers of the release that are not well."""
        if self.deployment is None or not self.deployment.services_touched:
            return []
        return evidence(tools.client, self.deployment.containers())

    def undo(self, tools: Tools, error: EngineError) -> str:
        """Have the previous release serve again."""
        if self.deployment is None:
            return "nothing was changed"
        try:
            return restore(self.deployment)
        except (*DOCKER_ERRORS, EngineError, OSError) as fault:
            last = "\n".join(getattr(fault, "log", [])[-5:])
            before = f"the previous release {self.deployment.previous}"
            return f"{before} could not be started again: {fault} {last}"

    def note_failure(self, tools: Tools) -> None:
        """Append to the history what was tried, and where it ended."""
        result, images = tools.result, self.request.incoming.images
        append_history(
            self.request.layout,
            {
                "release": result.release,
                "outcome": result.outcome,
                "by": tools.task.by,
                "why": tools.task.why,
                "run": result.run,
                "failed_step": result.failed_step,
                "images": {name: image.ref for name, image in images.items()},
            },
        )
