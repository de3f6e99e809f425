"""What one backup is made of, as it is written beside its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from engine.errors import RefusedError

FORMAT = 1
NAME_FORMAT = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"\d{8}T\d{6}Z")
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Part:
    """One stream: how long it is, its digest, and what its owner said of it."""

    name: str
    snapshot: str
    """The repository's own name for it."""
    bytes: int
    sha256: str
    version: str = ""
    """Of what wrote it."""
    position: Mapping[str, Any] = field(default_factory=dict)
    """Where the logs go on after it: `server_id`, `file`, `at`."""
    compare: Mapping[str, Any] = field(default_factory=dict)
    """What its owner says of a restored copy again, if that is the same data."""


@dataclass(frozen=True)
class Manifest:
    """One backup."""

    name: str
    host: str
    release: str
    engine: str
    images: Mapping[str, str]
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part | None:
        """The part of that name."""
        return next((part for part in self.parts if part.name == name), None)

    @property
    def bytes(self) -> int:
        """Of all parts."""
        return sum(part.bytes for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {"format": FORMAT, **asdict(self), "parts": [asdict(part) for part in self.parts]}


def from_json(value: Any) -> Manifest:
    """Read a manifest. Raises RefusedError for one that is damaged or of a newer engine."""
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        raise RefusedError(
            "the backup's manifest",
            f"format {FORMAT}",
            f"{found}",
            "use the engine of the version that made it: deploy that, then restore",
        )
    try:
        parts = tuple(Part(**part) for part in value["parts"])
        known = {key: value[key] for key in ("name", "host", "release", "engine", "images")}
        return Manifest(**known, parts=parts)
    except (KeyError, TypeError) as error:
        raise RefusedError(
            "the backup's manifest", "one that is whole", str(error), "take another backup"
        ) from error


def name_at(moment: datetime) -> str:
    """The name of a backup that is begun at that moment."""
    return moment.astimezone(timezone.utc).strftime(NAME_FORMAT)


def time_of(name: str) -> datetime:
    """When the backup of that name was begun."""
    return datetime.strptime(name, NAME_FORMAT).replace(tzinfo=timezone.utc)
