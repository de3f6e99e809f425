"""Whether the containers are those of a release and are well; and what the failed ones said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.docker_api import Client, Container, NotFoundError, last_exit_codes, last_log_lines
from engine.resolve import Model, lasting_services, replicas

EVIDENCE_LINES = 30
EVENTS_S = 300


def service_problems(
    model: Model, containers: Iterable[Container], ids: Mapping[str, str]
) -> list[str]:
    """What keeps the containers from being this release, healthy; empty if nothing does.

    `ids` are the engine's IDs of the release's images by reference; others are not compared.
    """
    by_service: dict[str, list[Container]] = {}
    for container in containers:
        if not container.one_off:
            by_service.setdefault(container.service, []).append(container)
    problems = []
    lasting = lasting_services(model)
    for service, definition in sorted(lasting.items()):
        found = by_service.get(service, [])
        wanted = replicas(definition)
        if len(found) < wanted:
            problems.append(f"{service}: expected {wanted} running, found {len(found)}")
        problems += [
            f"{service}: {each.name} is {each.condition}" for each in found if not each.well
        ]
        expected = ids.get(definition["image"])
        problems += [
            f"{service}: {each.name} runs another image ({each.image_ref})"
            for each in found
            if expected and each.image_id != expected
        ]
    extra = sorted(set(by_service) - set(lasting))
    return problems + [f"{service}: runs but is not part of the release" for service in extra]


def definitions(containers: Iterable[Container]) -> dict[str, list[str]]:
    """The hash of the definition that each service's containers were created from."""
    found: dict[str, list[str]] = {}
    for container in containers:
        if not container.one_off:
            found.setdefault(container.service, []).append(container.config_hash)
    return {service: sorted(hashes) for service, hashes in sorted(found.items())}


def evidence(client: Client, containers: Iterable[Container]) -> list[dict[str, Any]]:
    """The failed containers of a project: state, exit code, health output and last log lines."""
    found = list(containers)
    failed = [each for each in found if _has_failed(each)]
    # Nothing has failed outright, so what has not become healthy in time is what it waited for.
    failed = failed or [each for each in found if not each.well and each.state != "created"]
    return [
        {
            "name": each.name,
            "service": each.service,
            "condition": each.condition,
            "exit_code": _exit_code(client, each),
            "restarts": each.restarts,
            "error": each.error,
            "health_output": each.health_output,
            "log": _log(client, each),
        }
        for each in failed
    ]


def _has_failed(container: Container) -> bool:
    if container.state == "exited":
        return container.exit_code != 0 or not container.one_off
    return (
        container.health == "unhealthy"
        or container.state in {"restarting", "dead"}
        or bool(container.error)
    )


def _exit_code(client: Client, container: Container) -> int:
    if not container.restarts:
        return container.exit_code
    codes = last_exit_codes(client, container.id, EVENTS_S)
    return codes[-1] if codes else container.exit_code


def _log(client: Client, container: Container) -> list[str]:
    try:
        return last_log_lines(client, container.id, EVIDENCE_LINES)
    except NotFoundError:
        return ["(the container was removed before its log could be read)"]
