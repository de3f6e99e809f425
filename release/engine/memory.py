"""How much memory a container uses, and may use."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from engine.docker_api import DOCKER_ERRORS, Client, Container, NotFoundError

ASKED_AT_ONCE = 16


def used_by(client: Client, containers: Iterable[Container]) -> dict[str, int | None]:
    """What each container uses, by its id: see `used_bytes`.

    The engine answers at its next look at a container, up to a second later: all are asked at once.
    """
    asked = list(containers)
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        found = pool.map(lambda each: used_bytes(client, each), asked)
        return {each.id: used for each, used in zip(asked, found)}


def used_bytes(client: Client, container: Container) -> int | None:
    """What the container uses without the file cache, as `docker stats` counts it.

    None for one that does not run.
    """
    if not container.running:
        return None
    try:
        stats = (
            client.api.stats(container.id, stream=False, one_shot=True).get("memory_stats") or {}
        )
    except DOCKER_ERRORS:
        # It ended since it was listed; its state in the next look says so.
        return None
    if "usage" not in stats:
        return None
    cache = stats.get("stats", {})
    return int(stats["usage"]) - int(
        cache.get("inactive_file", cache.get("total_inactive_file", 0))
    )


def limit_bytes(client: Client, container: Container) -> int | None:
    """What it may use; None where there is no limit, or no such container any more."""
    try:
        return client.api.inspect_container(container.id)["HostConfig"].get("Memory") or None
    except NotFoundError:
        return None
