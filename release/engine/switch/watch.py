"""A release that has just taken over, looked at while the one before it could still take back."""

from __future__ import annotations

import time
from collections.abc import Sequence

from engine import edge
from engine.answers import smoke_problems
from engine.deployment import Deployment
from engine.docker_api import Container
from engine.errors import StepFailedError
from engine.health import service_problems
from engine.switch import standby
from engine.switch.rotation import Answered, Rotation

LOOK_EVERY_S = 1.0
ASK_EVERY_S = 5.0
# A few failures are everyday; one in twenty more than before is the new release's.
FAILED_AT_LEAST, FAILED_SHARE = 10, 0.05


def smoke(deployment: Deployment) -> list[str]:
    """What is wrong with what a visitor gets; empty if nothing is."""
    incoming = deployment.incoming
    return smoke_problems(
        incoming.smoke, deployment.model, dict(incoming.environment), incoming.site
    )


def watch(deployment: Deployment, watch_s: int) -> None:
    """Look at the containers each second, and ask what a visitor asks every five.

    Raises StepFailedError for the first that is not well, was restarted, or answers wrongly, and
    for a backend that fails the real visitors.
    """
    restarts = _restarts(_serving(deployment))
    visitors = Visitors(deployment)
    deadline = time.monotonic() + watch_s
    ask_at = time.monotonic() + ASK_EVERY_S
    while time.monotonic() < deadline:
        deployment.interrupts.sleep(min(LOOK_EVERY_S, max(0.0, deadline - time.monotonic())))
        containers = _serving(deployment)
        problems = service_problems(deployment.model, containers, deployment.image_ids)
        now = _restarts(containers)
        problems += [
            f"{name} was restarted" for name in sorted(now) if now[name] > restarts.get(name, 0)
        ]
        if not problems and time.monotonic() >= ask_at:
            problems = smoke(deployment) + visitors.problems()
            ask_at = time.monotonic() + ASK_EVERY_S
        _refuse(problems, watch_s)
    _refuse(visitors.problems(), watch_s)


def _refuse(problems: list[str], watch_s: int) -> None:
    if problems:
        raise StepFailedError(
            "watch",
            f"a release that goes on serving for {watch_s} s",
            "; ".join(problems),
            "see the container's log",
        )


class Visitors:
    """What the edge's backends answer to those who are there."""

    def __init__(self, deployment: Deployment) -> None:
        specs = deployment.incoming.services.values()
        self.backends = sorted({backend for spec in specs for backend in spec.backends})
        found = edge.running_edge(deployment.containers(), deployment.incoming.edge_service)
        self.rotation = (
            Rotation(deployment.client, found, deployment.interrupts)
            if found is not None and self.backends
            else None
        )
        self.before = self.rotation.answered(self.backends) if self.rotation else {}

    def problems(self) -> list[str]:
        """The backends that fail many more of them than was usual before."""
        if self.rotation is None:
            return []
        found = []
        for name, now in sorted(self.rotation.answered(self.backends).items()):
            before = self.before.get(name, Answered(0, 0))
            total, failed = now.all - before.all, now.failed - before.failed
            usual = before.failed / before.all if before.all else 0.0
            # An edge that was reloaded meanwhile counts from nothing: there is no telling then.
            if FAILED_AT_LEAST <= failed <= total and failed / total > usual + FAILED_SHARE:
                found.append(f"{name}: {failed} of {total} answers have a status of 500 or more")
        return found


def _serving(deployment: Deployment) -> list[Container]:
    return standby.without(deployment.containers(), deployment.layout)


def _restarts(containers: Sequence[Container]) -> dict[str, int]:
    return {each.name: each.restarts for each in containers}
