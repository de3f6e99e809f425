"""The containers: whether each service runs, is healthy, and stays so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.docker_api import last_ends
from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look
from engine.resolve import lasting_services, replicas

LATELY_S = 3600
MANY_RESTARTS = 3


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
        ends = len(last_ends(look.client, container.id, look.now_s, LATELY_S))
        if ends >= MANY_RESTARTS:
            says = f"{container.name} ended {ends} times within the last hour"
            yield Finding("health", ATTENTION, says, f"see: fab logs {container.service}")
    lasting = lasting_services(look.model)
    for service, definition in sorted(lasting.items()):
        wanted, found = replicas(definition), running[service]
        if found < wanted:
            says = f"{service}: expected {wanted} that run and are healthy; found {found}"
            yield Finding("health", BROKEN, says, "fab deploy starts what is missing")
    if all(running[name] >= replicas(each) for name, each in lasting.items()):
        yield Finding("health", OK, f"all {len(lasting)} services run and are healthy")
