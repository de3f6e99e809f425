"""A new container's share of the processor: until it is well, what serves goes first."""

from __future__ import annotations

from collections.abc import Iterable

from engine.docker_api import Client, Container, update_container
from engine.resolve import Model

PART = 4
"""A container that starts has its definition's share divided by this."""


def lessen(client: Client, model: Model, containers: Iterable[Container]) -> None:
    """Give containers that are about to start a part of the share that their service has."""
    for each in containers:
        defined = share_of(model, each.service)
        if defined:
            update_container(client, each, cpu_shares=defined // PART)


def restore(client: Client, model: Model, containers: Iterable[Container]) -> None:
    """Give containers that are well the whole of it, those of a run that was cut off as well."""
    for each in containers:
        defined = share_of(model, each.service)
        if defined and each.running and each.cpu_shares != defined:
            update_container(client, each, cpu_shares=defined)


def share_of(model: Model, service: str) -> int:
    """The `cpu_shares` of a service; 0 where it has none: that is left alone."""
    return int((model["services"].get(service) or {}).get("cpu_shares") or 0)
