"""A release as the stack role ships it, and the ID that follows from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine import local_settings
from engine.backups.spec import BackupSpec
from engine.layout import Layout
from engine.local_settings import LocalSettings
from engine.rotating.spec import Rotation
from engine.trees import canonical, sha256, tree_digest

PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\{([A-Za-z0-9_][A-Za-z0-9_.-]*?)(\.sha256|\.certificate|\.first_line)?\}"
)
DEFAULT_STEP_TIMEOUT_S = 900
DEFAULT_DRAIN_S = 30
DEFAULT_WATCH_S = 10


@dataclass(frozen=True)
class Image:
    """One image of a release: its reference and the digest of its configuration."""

    ref: str
    config_digest: str


@dataclass(frozen=True)
class MadeBy:
    """A command that prints a secret, and the variable of the image that has it."""

    image: str
    command: tuple[str, ...]
    renew_after_days: int
    reads: str | None = None
    """The secret that the command gets on its standard input."""


@dataclass(frozen=True)
class SecretSpec:
    """One secret file: where its content comes from and the one uid that reads it."""

    file: str
    uid: int
    random_bytes: int | None = None
    prefix: str = ""
    """Written before the random part, as in the `name:` of an account."""
    same_as: str | None = None
    format: str | None = None
    made_by: MadeBy | None = None
    given: bool = False
    """Whether it is the operator's to write; the engine only looks at its rights."""
    rotation: Rotation | None = None
    """How it is made anew; None for one that is not."""
    old_of: str | None = None
    """The secret whose other value it holds: the next one, then the one before; else empty."""
    for_days: int = 0
    """How long the one before is good for."""

    @property
    def is_derived(self) -> bool:
        """Whether its content follows from other secrets alone, and is never the operator's."""
        return self.random_bytes is None and self.made_by is None and not self.given

    def sources(self) -> list[str]:
        """The names of the secrets that this one is derived from."""
        if self.made_by is not None:
            return [self.made_by.reads] if self.made_by.reads else []
        if self.same_as is not None:
            return [self.same_as]
        found = PLACEHOLDER.findall(self.format or "")
        return [name for name, _ in found if name]


@dataclass(frozen=True)
class StepSpec:
    """A one-shot service that a new release runs before it starts."""

    name: str
    service: str
    needs: tuple[str, ...] = ()
    timeout_s: int = DEFAULT_STEP_TIMEOUT_S
    when: str = "always"
    """`deploy`: not where an earlier release is gone back to, and not for another scale."""
    gate: bool = False
    """Whether it decides if what runs can go on meanwhile: exit code 3 is a no."""


@dataclass(frozen=True)
class Try:
    """A GET request, and what its answer must be."""

    path: str
    status: int = 200
    has: str = ""
    """A text that the answer has; empty for any."""


@dataclass(frozen=True)
class ServiceSpec:
    """How a service's containers are replaced by new ones.

    `beside`: the new ones beside the old ones, in the edge's rotation; `overlap`: started, then the
    old ones stopped; `after`: the old one stopped first; `announced`: in place, with a gap.
    """

    switch: str = "announced"
    backends: tuple[str, ...] = ()
    """The edge's backends that its containers stand in."""
    port: int | None = None
    """Where its containers are asked directly."""
    tries: tuple[Try, ...] = ()
    """What a new container has to answer before anybody else asks it."""
    drain_s: int = DEFAULT_DRAIN_S
    """How long the connections of the old ones may take to end."""
    gap_s: int = 0
    """How long it is expected to be away; 0 if that is not known."""


@dataclass(frozen=True)
class SmokeCheck:
    """What a visitor asks for, at the port that a variable of the environment holds."""

    name: str
    port_of: str
    asked: Try


@dataclass(frozen=True)
class Site:
    """How visitors ask: by which name, and whether encrypted."""

    host: str = "localhost"
    scheme: str = "http"


@dataclass(frozen=True)
class DoctorCommand:
    """What a service's own container is asked about itself: a command that prints findings."""

    service: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Console:
    """What a person at a terminal works with: a command in one of a service's containers."""

    service: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Incoming:
    """A release as it was shipped, with the content of all of its files."""

    name: str
    images: Mapping[str, Image]
    environment: Mapping[str, str]
    profiles: tuple[str, ...]
    compose_files: tuple[str, ...]
    shipped: Mapping[str, bytes] = field(repr=False)
    """Every file that was shipped, by its path."""
    compose_tree: Mapping[str, bytes]
    config: Mapping[str, Mapping[str, bytes]]
    edge_service: str | None
    edge_tree: Mapping[str, bytes]
    secrets_dir: Path
    secrets: tuple[SecretSpec, ...]
    steps: tuple[StepSpec, ...]
    services: Mapping[str, ServiceSpec]
    """By the service's name; one without an entry is `ServiceSpec()`."""
    smoke: tuple[SmokeCheck, ...]
    site: Site
    watch_s: int
    """How long a new release is watched before it is recorded."""
    doctor: tuple[DoctorCommand, ...]
    consoles: Mapping[str, Console]
    """By the name that a person calls it by."""
    backup: BackupSpec | None
    meaning: Mapping[str, Any] = field(repr=False)
    local: LocalSettings = field(default_factory=LocalSettings)
    """What the host adds; not shipped."""
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The services that are left as they are, with the definition that each runs by."""
    kept_parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """The networks, volumes and secrets of the release that those definitions are of."""

    def image_of(self, spec: SecretSpec) -> str:
        """The image whose command makes that secret."""
        return self.images[spec.made_by.image].ref if spec.made_by else ""

    def step_services(self) -> list[str]:
        """The services that only ever run as steps."""
        return [step.service for step in self.steps]

    def inputs(self, secret_revisions: Mapping[str, str]) -> dict[str, Any]:
        """Everything that makes this release differ from another one, by hash."""
        local = self.local.as_inputs()
        kept = {name: sha256(canonical(each)) for name, each in sorted(self.kept.items())}
        return {
            **({"local": local} if local else {}),
            **({"kept": kept} if kept else {}),
            "release": dict(self.meaning),
            "compose": {name: sha256(body) for name, body in self.compose_tree.items()},
            "config": {service: tree_digest(tree) for service, tree in self.config.items()},
            "edge": tree_digest(self.edge_tree) if self.edge_service else "",
            "secrets": dict(secret_revisions),
        }


def on_host(incoming: Incoming, layout: Layout) -> Incoming:
    """The release as it is on this host, with the host's own settings; read under the lock."""
    return replace(incoming, local=local_settings.read(layout))


def release_id(inputs: Mapping[str, Any]) -> str:
    """The ID of a release: the first 12 hex digits of the SHA-256 of its inputs."""
    return sha256(canonical(inputs))[:12]


def config_variable(service: str) -> str:
    """The compose variable that holds the path of a service's rendered configuration."""
    return "CONFIG_" + re.sub(r"[^A-Z0-9]", "_", service.upper())
