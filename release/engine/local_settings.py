"""What this host alone adds to every release: how many containers of a service, and whose data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.layout import Layout, read_json, write_json

FIRST_GENERATION = 1


@dataclass(frozen=True)
class LocalSettings:
    """A host's own settings; they outlive its releases."""

    scale: Mapping[str, int] = field(default_factory=dict)
    """How many containers of a service there are, where that is not what the release says."""
    generation: int = FIRST_GENERATION
    """Which data: the volumes of the first start, or those that a later restore has filled."""

    def as_inputs(self) -> dict[str, Any]:
        """What of it makes a release another one; empty where the host has no settings."""
        found: dict[str, Any] = {}
        if self.scale:
            found["scale"] = dict(sorted(self.scale.items()))
        if self.generation != FIRST_GENERATION:
            found["generation"] = self.generation
        return found

    def variables(self) -> dict[str, str]:
        """What compose files put behind the names of volumes that hold data."""
        first = self.generation == FIRST_GENERATION
        return {"DATA_GENERATION": "" if first else f"_{self.generation}"}


def read(layout: Layout) -> LocalSettings:
    """This host's settings; the defaults where none were made."""
    found = read_json(layout.local_settings)
    scale = found.get("scale")
    generation = found.get("generation")
    return LocalSettings(
        {
            str(name): number
            for name, number in (scale if isinstance(scale, dict) else {}).items()
            if type(number) is int and number > 0
        },
        generation if type(generation) is int and generation > 0 else FIRST_GENERATION,
    )


def write(layout: Layout, settings: LocalSettings) -> None:
    """Keep them for the releases to come."""
    if settings != read(layout):
        write_json(layout.local_settings, settings.as_inputs())
