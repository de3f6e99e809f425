"""What the steps of one deploy share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.compose import Compose
from engine.docker_api import Client, Container, project_containers
from engine.incoming import Incoming
from engine.interrupts import Interrupts
from engine.journal import Journal
from engine.layout import Layout
from engine.lock import Lock

DEFAULT_WAIT_TIMEOUT_S = 300
DEFAULT_MIN_FREE_MIB = 512
DEFAULT_KEPT_RELEASES = 5


@dataclass(frozen=True)
class Request:
    """What the caller asked for."""

    layout: Layout
    incoming: Incoming
    by: str
    why: str = ""
    lock_timeout_s: float = 0.0
    wait_timeout_s: int = DEFAULT_WAIT_TIMEOUT_S
    min_free_mib: int = DEFAULT_MIN_FREE_MIB
    kept_releases: int = DEFAULT_KEPT_RELEASES


@dataclass
class Deployment:
    """The request, the tools, and what the steps have found out so far."""

    request: Request
    journal: Journal
    interrupts: Interrupts
    lock: Lock
    client: Client
    compose: Compose
    previous: str | None
    release_id: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    image_ids: dict[str, str] = field(default_factory=dict)
    # What preflight resolved, and the variables that it did it with.
    foreseen: tuple[dict[str, str], dict[str, Any]] | None = None
    services_touched: bool = False
    edge_touched: bool = False

    @property
    def layout(self) -> Layout:
        """Where everything lies."""
        return self.request.layout

    @property
    def incoming(self) -> Incoming:
        """The release that is to become current."""
        return self.request.incoming

    def containers(self) -> list[Container]:
        """The project's containers as they are now."""
        return project_containers(self.client, self.incoming.name)
