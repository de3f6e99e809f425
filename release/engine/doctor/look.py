"""What every check is given to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.docker_api import Client, Container
from engine.doctor.finding import Finding
from engine.incoming import Incoming
from engine.layout import Layout
from engine.resolve import Model


@dataclass
class Look:
    """One host at one moment."""

    layout: Layout
    client: Client
    release: str
    """The ID of the current release."""
    incoming: Incoming
    """What that release was made of, as it was shipped."""
    model: Model
    containers: Iterable[Container]
    now_s: float
    """Unix seconds."""
    proc: Path = field(default=Path("/proc"))


class Check(Protocol):
    """A check: it changes nothing, and names at least one thing that it looked at."""

    def __call__(self, look: Look) -> Iterator[Finding]:
        """Look. May raise EngineError, OSError or what the Docker SDK raises."""
