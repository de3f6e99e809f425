"""The volumes of data: those that the release uses, and those of earlier generations."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.docker_api import PROJECT_LABEL, Client
from engine.local_settings import FIRST_GENERATION
from engine.resolve import Model

GENERATION = re.compile(r"(?P<name>.+?)(?:_(?P<number>\d+))?")


def next_generation(client: Client, project: str, current: int) -> int:
    """A number that no volume of the project has."""
    return max([current, *(number for _, number in _numbered(client, project))]) + 1


def old_volumes(client: Client, project: str, model: Model, current: int) -> list[str]:
    """The volumes of other generations than the current one, by name."""
    used = {str(volume["name"]) for volume in (model.get("volumes") or {}).values()}
    stems = {_stem(name, current) for name in used if _stem(name, current) != name} or used
    return sorted(
        name
        for name, number in _numbered(client, project)
        if name not in used and number != current and _stem(name, number) in stems
    )


def _numbered(client: Client, project: str) -> Iterable[tuple[str, int]]:
    for volume in client.volumes.list(filters={"label": f"{PROJECT_LABEL}={project}"}):
        found = GENERATION.fullmatch(volume.name)
        number = found["number"] if found else None
        yield volume.name, int(number) if number else FIRST_GENERATION


def _stem(name: str, generation: int) -> str:
    end = f"_{generation}"
    return name[: -len(end)] if generation != FIRST_GENERATION and name.endswith(end) else name
