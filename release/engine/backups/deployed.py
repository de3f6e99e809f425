"""The release that runs, as far as backups are concerned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.backups.one_off import Project, version_command
from engine.backups.repository import Repository
from engine.backups.spec import BackupSpec, PartSpec
from engine.backups.streams import output_of
from engine.errors import RefusedError
from engine.incoming import Incoming, on_host
from engine.reader import read_incoming
from engine.resolve import Model, read_model
from engine.secret_files import plan_secrets
from engine.status import require_current
from engine.tools import Tools


@dataclass(frozen=True)
class Deployed:
    """The current release: what was shipped, and how it runs."""

    tools: Tools
    release: str
    incoming: Incoming
    model: Model
    spec: BackupSpec

    @property
    def folder(self) -> Path:
        """The release's folder."""
        return self.tools.layout.release(self.release)

    @cached_property
    def project(self) -> Project:
        """Its compose project."""
        return Project(self.tools, self.incoming.name, self.folder)

    @cached_property
    def repository(self) -> Repository:
        """Where its backups are kept."""
        return Repository(self.project, self.spec, self.model)

    def version_of(self, part: PartSpec) -> str:
        """The version of what would take a part back."""
        image = self.model["services"][part.service]["image"]
        words = version_command(image, part.hand_over)
        return output_of(self.tools, words, f"{part.service}: version").decode().strip()


def deployed(tools: Tools) -> Deployed:
    """Look at the current release. Raises RefusedError if it knows no backups."""
    release = require_current(tools.layout)
    folder = tools.layout.release(release)
    incoming = on_host(read_incoming(folder / "incoming"), tools.layout)
    if incoming.backup is None:
        raise RefusedError(
            f"release {release}",
            "one that says what is backed up",
            "one of an earlier version",
            "run the deploy playbook",
        )
    tools.result.release = release
    plan = plan_secrets(incoming.secrets_dir, incoming.secrets)
    tools.journal.hide(plan.hidden(incoming.secrets))
    return Deployed(tools, release, incoming, read_model(folder), incoming.backup)
