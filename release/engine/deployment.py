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
from engine.tools import Task, Tools

DEFAULT_WAIT_TIMEOUT_S = 300
DEFAULT_MIN_FREE_MIB = 512
DEFAULT_KEPT_RELEASES = 5


@dataclass(frozen=True)
class Request:
    """What is to be deployed, and how."""

    layout: Layout
    incoming: Incoming
    wait_timeout_s: int = DEFAULT_WAIT_TIMEOUT_S
    min_free_mib: int = DEFAULT_MIN_FREE_MIB
    kept_releases: int = DEFAULT_KEPT_RELEASES
    window: bool = False
    """Whether the release before may be disturbed by what this one does to the data."""
    leave_out: tuple[str, ...] = ()
    """The services that go on as they are."""
    backup_first: bool = False
    """Whether a backup is made before a service that owns data gets another image."""


@dataclass
class Deployment:
    """The request, the tools, and what the steps have found out so far."""

    request: Request
    tools: Tools
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

    def __post_init__(self) -> None:
        self.compose: Compose = self.tools.compose(self.incoming.name)

    @property
    def task(self) -> Task:
        """Who asked for it, and why."""
        return self.tools.task

    @property
    def journal(self) -> Journal:
        """The run's journal."""
        return self.tools.journal

    @property
    def interrupts(self) -> Interrupts:
        """Whether a stop was asked for."""
        return self.tools.interrupts

    @property
    def client(self) -> Client:
        """The Docker engine."""
        return self.tools.client

    @property
    def layout(self) -> Layout:
        """Where everything lies."""
        return self.request.layout

    @property
    def incoming(self) -> Incoming:
        """The release that is to become current."""
        return self.request.incoming

    def containers(self, service: str | None = None) -> list[Container]:
        """The containers of the project, or of one of its services, as they are now."""
        return project_containers(self.client, self.incoming.name, service)
