"""How long a service that was replaced in place was away, by the engine's own events."""

from __future__ import annotations

import time

from engine.docker_api import PROJECT_LABEL, SERVICE_LABEL, Client


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
