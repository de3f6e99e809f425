"""The work of `deploy`: the steps of a release, and the way back from them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from engine.backups import unfinished
from engine.compare import compare
from engine.deployment import Deployment, Request
from engine.errors import EngineError, StepFailedError
from engine.health import evidence
from engine.hooks import AFTER_FAILURE, run_hook
from engine.incoming import Incoming, on_host
from engine.left_out import leave_out
from engine.record import append_history
from engine.restore import restore
from engine.steps import Step, names, steps_of
from engine.switch import group_share, standby
from engine.tools import Tools, Work


class Deploy(Work):
    """Makes the shipped release current."""

    outcome = "deployed"

    def __init__(self, request: Request) -> None:
        self.request = request
        self.deployment: Deployment | None = None

    def plan(self, tools: Tools) -> list[str]:
        """Compare what was shipped with what is recorded and what runs."""
        self.request = replace(self.request, incoming=self.on_host())
        found = compare(self.request.layout, self.request.incoming, tools.client)
        tools.result.release = found.release_id
        self.unchanged = f"release {found.release_id} is current and healthy"
        self.steps = names(self.steps_to_take(tools))
        return found.reasons + unfinished.left_over(self.request.layout)

    def steps_to_take(self, tools: Tools) -> list[Step]:
        """The steps, without those of a deploy alone where something else was asked for."""
        return steps_of(self.request.incoming, tools.task.verb)

    def on_host(self) -> Incoming:
        """What was shipped, with the host's own settings as they are under the lock."""
        layout = self.request.layout
        incoming = on_host(self.request.incoming, layout)
        return leave_out(incoming, layout, self.request.leave_out)

    def run(self, tools: Tools) -> str:
        """Take every step of the release."""
        settled = unfinished.settle(tools)
        if settled:
            tools.journal.note(settled)
        deployment = self.take_steps(tools)
        return f"release {deployment.release_id} is current and healthy"

    def take_steps(self, tools: Tools) -> Deployment:
        """Make the release of the request current; returns what its steps have found out."""
        deployment = self.deployment = Deployment(
            self.request, tools, self.request.layout.current_id()
        )
        # What serves goes before all that is done from here on.
        raised = group_share.raise_to_sum(deployment.containers())
        if raised:
            tools.journal.note(raised)
        for step in self.steps_to_take(tools):
            try:
                tools.run_step(step.name, partial(step.run, deployment))
            finally:
                tools.result.release = deployment.release_id or tools.result.release
        return deployment

    @property
    def changed(self) -> bool:  # type: ignore[override]  # what Work has as a plain value
        """Whether a service or the edge's configuration has been touched."""
        touched = self.deployment
        return touched is not None and (touched.services_touched or touched.edge_touched)

    def evidence(self, tools: Tools) -> list[dict[str, Any]]:
        """The containers of the release that are not well."""
        if self.deployment is None or not self.deployment.services_touched:
            return []
        containers = standby.without(self.deployment.containers(), tools.layout)
        return evidence(tools.client, containers)

    def undo(self, tools: Tools, error: EngineError) -> str:
        """Have the previous release serve again."""
        if self.deployment is None:
            return "nothing was changed"
        try:
            return restore(self.deployment)
        except Exception as fault:  # noqa: BLE001 (whatever it is, the operator has to know)
            last = "\n".join(getattr(fault, "log", [])[-5:])
            before = f"the previous release {self.deployment.previous}"
            return f"{before} could not be started again: {fault} {last}"

    def note_failure(self, tools: Tools) -> None:
        """Append to the history what was tried, and where it ended."""
        result, images = tools.result, self.request.incoming.images
        if self.deployment is not None:
            try:
                tools.journal.note(run_hook(self.deployment, AFTER_FAILURE))
            except StepFailedError as error:
                tools.journal.note(str(error))
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
