"""How long a service that was replaced in place was away, by the engine's own events."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from engine.deployment import Deployment
from engine.docker_api import PROJECT_LABEL, SERVICE_LABEL, Client, Container
from engine.incoming import ServiceSpec
from engine.switch.situation import ANNOUNCED


def in_place(
    deployment: Deployment,
    specs: Mapping[str, ServiceSpec],
    before: Sequence[Container],
    since_s: float,
) -> dict[str, str]:
    """What became of each service that compose has given a new container since (Unix time), in
    words, by its name; `before` are the project's containers before that."""
    known = {each.id for each in before}
    had = {each.service for each in before if not each.one_off}
    new = [each for each in deployment.containers() if each.id not in known and not each.one_off]
    return {
        name: away(deployment, name, specs.get(name, ServiceSpec()), since_s)
        if name in had
        else f"{name} started"
        for name in sorted({each.service for each in new})
    }


def away(deployment: Deployment, service: str, spec: ServiceSpec, since_s: float) -> str:
    """For how long a service that was replaced in place was away, in words."""
    found_s = gap_s(deployment.client, deployment.incoming.name, service, since_s)
    if found_s is None:
        return f"{service} replaced"
    expected = f" (expected: {spec.gap_s} s)" if spec.switch == ANNOUNCED and spec.gap_s else ""
    return f"{service} replaced, away for {found_s:.1f} s{expected}"


def gap_s(client: Client, project: str, service: str, since_s: float) -> float | None:
    """Seconds from the first end of a container after `since_s` (Unix) to the last good health.

    None if nothing ended, or nothing has become healthy since.
    """
    found = client.api.events(
        since=int(since_s),
        until=int(time.time()) + 1,
        decode=True,
        filters={
            "type": "container",
            "label": [f"{PROJECT_LABEL}={project}", f"{SERVICE_LABEL}={service}"],
        },
    )
    ended, well = None, None
    for event in found:
        at = event["timeNano"] / 1e9
        action = str(event["Action"])
        if at < since_s:
            continue
        if action == "die" and ended is None:
            ended = at
        if action == "health_status: healthy" or action == "start":
            well = at
    return well - ended if ended is not None and well is not None and well > ended else None
