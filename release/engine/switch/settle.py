"""The end of what has given way: each container is removed when nobody is connected to it any more.

What can end at once does so within the run that has switched. A long download holds its container,
not the run: a run of its own waits for it, for as long as release.json allows (`drain_s`).
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine import edge
from engine.deployment import Deployment
from engine.docker_api import (
    Client,
    Container,
    project_containers,
    remove_container,
    update_container,
)
from engine.incoming import ServiceSpec
from engine.interrupts import Interrupts
from engine.layout import Layout
from engine.switch import standby
from engine.switch.connections import open_connections
from engine.switch.rotation import Rotation

SOON_S = 8.0
POLL_S = 0.25
LOCK_TIMEOUT_S = "30"


@dataclass(frozen=True)
class Settling:
    """What is on standby in one project."""

    client: Client
    layout: Layout
    interrupts: Interrupts
    project: str
    specs: Mapping[str, ServiceSpec]
    edge_service: str | None

    def left(self) -> list[Container]:
        """The containers on standby; what is written down and gone is forgotten."""
        written = standby.ids(self.layout)
        found = [each for each in self._containers() if each.id in written]
        standby.discard(self.layout, written - {each.id for each in found})
        return found

    def begin(self) -> None:
        """From now on nobody goes back to them: they wait for their connections to end.

        What an earlier release has left has its deadline already.
        """
        deadlines, now_s = standby.read(self.layout), time.time()
        containers = [each for each in self.left() if not deadlines.get(each.id)]
        standby.set_deadlines(
            self.layout, {each.id: now_s + self._spec(each).drain_s for each in containers}
        )
        for each in containers:
            # Should the host be restarted now, they stay away: the release does not have them.
            update_container(self.client, each, restart_policy={"Name": "no"})

    def remove_idle(self, timeout_s: float = math.inf) -> list[str]:
        """Remove each when it is idle, or when its deadline is over.

        Returns the names of the removed ones, after `timeout_s` seconds at the latest; without it
        when there is none left, the later ones of other releases as well.
        """
        until = time.monotonic() + timeout_s
        gone: list[Container] = []
        while True:
            # What a run at work still keeps to go back to has no deadline.
            deadlines = {key: at for key, at in standby.read(self.layout).items() if at}
            waiting = [each for each in self.left() if each.id in deadlines]
            for each in waiting:
                idle = deadlines[each.id] <= time.time() or not open_connections(each)
                # A rollback may want it back, and another run may be removing it already.
                if idle and standby.claim(self.layout, each.id):
                    self._remove(each)
                    gone.append(each)
            if not set(deadlines) & standby.ids(self.layout) or time.monotonic() >= until:
                break
            self.interrupts.sleep(POLL_S)
        self._free(gone)
        return [each.name for each in gone]

    def remove_all(self) -> None:
        """Remove them whoever is connected, each within its own grace period.

        What an earlier release has left to its last connections is not among them.
        """
        deadlines = standby.read(self.layout)
        gone = [each for each in self.left() if not deadlines.get(each.id)]
        for each in gone:
            self._remove(each)
        self._free(gone)

    def _containers(self) -> list[Container]:
        return project_containers(self.client, self.project)

    def _spec(self, container: Container) -> ServiceSpec:
        return self.specs.get(container.service, ServiceSpec())

    def _remove(self, container: Container) -> None:
        remove_container(self.client, container)
        standby.discard(self.layout, [container.id])

    def _free(self, gone: Sequence[Container]) -> None:
        """Let the edge's slots of removed containers be taken again."""
        running = edge.running_edge(self._containers(), self.edge_service)
        if running is None:
            return
        # What faltered may have been to stand in a backend that only its own edge would have had.
        rotation = Rotation(self.client, running, self.interrupts, outdated=True)
        for service in sorted({each.service for each in gone}):
            backends = self.specs.get(service, ServiceSpec()).backends
            places = [each.networks.values() for each in gone if each.service == service]
            addresses = {place.address for found in places for place in found} - {""}
            if backends and addresses:
                rotation.free_left(backends, addresses)


def settling(deployment: Deployment) -> Settling:
    """What is on standby in the project of a deployment."""
    return Settling(
        deployment.client,
        deployment.layout,
        deployment.interrupts,
        deployment.incoming.name,
        deployment.incoming.services,
        deployment.incoming.edge_service,
    )


def settle_soon(deployment: Deployment) -> str:
    """Remove what is idle within eight seconds, and leave the rest to a run of its own."""
    found = settling(deployment)
    found.begin()
    removed = found.remove_idle(SOON_S)
    left = found.left()
    words = [f"removed {', '.join(removed)}" if removed else "nothing was idle"]
    words += [f"{each.name} still serves {open_connections(each)}" for each in left]
    if left:
        words += _go_on_alone(deployment.layout, deployment.task.by)
    return "; ".join(words)


def _go_on_alone(layout: Layout, by: str) -> list[str]:
    """Start the run that waits for them; what is to be said of that."""
    command = [sys.executable, sys.argv[0], "settle", "--root", str(layout.root), "--detach"]
    try:
        subprocess.run(
            [*command, f"--by={by}", "--lock-timeout", LOCK_TIMEOUT_S],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as error:
        # The release runs and is recorded.
        return [f"the run that removes them could not be started, the next deploy does: {error}"]
    return []
