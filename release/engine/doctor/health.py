"""The containers: whether each service runs, is healthy, and stays so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.docker_api import Container
from engine.doctor.ago import ago
from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look
from engine.resolve import lasting_services, replicas

LATELY_S = 3600
MANY_RESTARTS = 3
"""Docker counts them from when somebody starts the container, or Docker itself is started."""


def health(look: Look) -> Iterator[Finding]:
    """Missing and unhealthy services, and those that start again and again."""
    running: Counter[str] = Counter()
    for container in look.containers:
        if container.one_off:
            continue
        if container.well:
            running[container.service] += 1
        else:
            said = f": {container.health_output[:200]}" if container.health_output else ""
            starting = container.health == "starting"
            yield Finding(
                "health",
                ATTENTION if starting else BROKEN,
                f"{container.name} is {container.condition}{said}",
                f"see: fab logs {container.service}",
            )
        yield from _restarts(container, look.now_s)
    lasting = lasting_services(look.model)
    for service, definition in sorted(lasting.items()):
        wanted, found = replicas(definition), running[service]
        if found < wanted:
            says = f"{service}: expected {wanted} that run and are healthy; found {found}"
            yield Finding("health", BROKEN, says, "fab deploy starts what is missing")
    if all(running[name] >= replicas(each) for name, each in lasting.items()):
        yield Finding("health", OK, f"all {len(lasting)} services run and are healthy")


def _restarts(container: Container, now_s: float) -> Iterator[Finding]:
    if container.restarts >= MANY_RESTARTS and now_s - container.started_s < LATELY_S:
        times, last = f"{container.restarts} times", ago(container.started_s, now_s)
        says = f"{container.name} was started again {times}, the last time {last}"
        yield Finding("health", ATTENTION, says, f"see: fab logs {container.service}")
