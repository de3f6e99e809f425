"""New containers beside those that run: made, kept out of others' sight, started, waited for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.deployment import Deployment
from engine.docker_api import Container, look_again, rename_in_network
from engine.errors import StepFailedError
from engine.resolve import Model

CREATE_TIMEOUT_S = 120.0
POLL_S = 0.2


def make(deployment: Deployment, folder_id: str, model: Model, counts: Mapping[str, int]) -> None:
    """Make that many more containers of each service as that release (`model`) defines it.

    None is started. In one go: what compose does takes the processor from what serves.
    """
    counts = {service: count for service, count in counts.items() if count}
    if not counts:
        return
    before = {each.id: each for each in deployment.containers()}
    there = Counter(each.service for each in before.values() if not each.one_off)
    arguments = ["up", "--no-start", "--no-recreate", "--no-build", "--pull", "never"]
    # To older composes (2.26), what a service depends on is a part of its definition: made with
    # --no-deps, a container would seem to be of another one. So they come along, as many as there
    # are.
    involved = set(counts).union(*(needed_by(model, service) for service in counts))
    for name in sorted(involved):
        arguments += ["--scale", f"{name}={there[name] + counts.get(name, 0)}"]
    arguments += sorted(counts)
    release = deployment.layout.release(folder_id)
    deployment.compose.run(release, arguments, CREATE_TIMEOUT_S, "up")
    made = Counter(each.service for each in deployment.containers() if each.id not in before)
    for service, count in sorted(counts.items()):
        if made[service] != count:
            raise StepFailedError(
                f"service {service}",
                f"{count} new containers",
                str(made[service]),
                "run deploy again",
            )


def needed_by(model: Model, service: str) -> set[str]:
    """All services that one depends on, directly or not."""
    found: set[str] = set()
    left = [service]
    while left:
        needs = set(model["services"][left.pop()].get("depends_on") or {}) - found
        found |= needs
        left += needs
    return found


def start(deployment: Deployment, containers: Iterable[Container]) -> None:
    """Start containers that were made, or that had given way."""
    for each in containers:
        deployment.client.containers.get(each.id).start()


def wait_until_well(
    deployment: Deployment, containers: Sequence[Container], timeout_s: float
) -> list[Container]:
    """The containers once all of them are well.

    Raises StepFailedError as soon as one has ended, was restarted or is unhealthy, and after
    `timeout_s` seconds.
    """
    deadline = time.monotonic() + timeout_s
    restarts = {each.id: each.restarts for each in containers}
    while True:
        found = look_again(deployment.client, containers)
        if len(found) == len(containers) and all(each.well for each in found):
            return found
        failed = [each for each in found if _has_failed(each, restarts)]
        late = time.monotonic() >= deadline
        if failed or late or len(found) < len(containers):
            shown = failed or [each for each in found if not each.well]
            raise StepFailedError(
                ", ".join(sorted({each.service for each in containers})),
                f"new containers that are healthy within {timeout_s:g} s",
                ", ".join(f"{each.name}: {each.condition}" for each in shown) or "removed ones",
                "see the container's log",
            )
        deployment.interrupts.sleep(POLL_S)


def _has_failed(container: Container, restarts: dict[str, int]) -> bool:
    return (
        container.state in {"exited", "dead", "restarting"}
        or container.health == "unhealthy"
        or container.restarts > restarts[container.id]
    )


@dataclass(frozen=True)
class Sight:
    """The networks in which others find a service's containers, and by which names."""

    names: dict[str, tuple[str, ...]]
    """The aliases by the network's name on this host."""

    def hides(self, container: Container) -> bool:
        """Whether the container is not found by them; in a network that a run which was killed took
        it out of, it is not."""
        return any(
            network not in container.networks
            or not set(aliases) <= set(container.networks[network].aliases)
            for network, aliases in self.names.items()
        )

    def hide(self, deployment: Deployment, container: Container) -> None:
        """Keep a container that was not started yet out of others' sight."""
        for network in self.names:
            rename_in_network(deployment.client, network, container, [container.name])

    def show(self, deployment: Deployment, container: Container) -> None:
        """Let others find a container by the names of its service."""
        for network, aliases in self.names.items():
            found = container.networks.get(network)
            if found is None or not set(aliases) <= set(found.aliases):
                rename_in_network(deployment.client, network, container, [container.name, *aliases])


def sight(model: Model, service: str, edge: str | None) -> Sight:
    """Where the edge looks for a service: in the networks that both are in."""
    services = model["services"]
    shared = set(_networks(services[service])) & set(_networks(services.get(edge) or {}))
    names = {}
    for key in sorted(shared):
        settings = _networks(services[service])[key] or {}
        network = str(((model.get("networks") or {}).get(key) or {}).get("name") or key)
        names[network] = (service, *map(str, settings.get("aliases") or ()))
    return Sight(names)


def _networks(definition: Model) -> Model:
    return definition.get("networks") or {}
