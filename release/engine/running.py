"""Which container of a service is meant where one is needed that runs."""

from __future__ import annotations

from collections.abc import Iterable

from engine.docker_api import Container
from engine.errors import NoInputError


def chosen(
    containers: Iterable[Container], service: str, known: Iterable[str], name: str | None = None
) -> Container:
    """The container of that `name`, or else a healthy one of the service.

    Raises NoInputError where the service is none of `known`, or no such container runs.
    """
    services = sorted(known)
    if service not in services:
        raise NoInputError(f"service {service}", f"one of {', '.join(services)}", service)
    mine = [each for each in containers if each.service == service and not each.one_off]
    running = [each for each in mine if each.running]
    if name is not None:
        return _named(running, service, name)
    well = [each for each in running if each.well]
    if well:
        return well[0]
    found = ", ".join(f"{each.name}: {each.condition}" for each in mine) or "none"
    do = f"see: fab logs {service}"
    if running:
        do += f"; or choose it all the same: --container {running[0].name}"
    raise NoInputError(f"service {service}", "a healthy container of it", found, do)


def _named(running: list[Container], service: str, name: str) -> Container:
    for each in running:
        # By its ID too, as Docker takes it.
        if each.name == name or (len(name) >= 4 and each.id.startswith(name)):
            return each
    names = ", ".join(each.name for each in running) or f"a container of {service} that runs"
    raise NoInputError(f"container {name}", names, f"none of {service} by that name that runs")
