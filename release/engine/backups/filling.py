"""A backup taken back into a project beside the deployment, and compared with its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.backups.deployed import Deployed
from engine.backups.logs import logs_spec
from engine.backups.making import facts_of
from engine.backups.manifest import MOMENT, Manifest, Part
from engine.backups.one_off import Project
from engine.backups.repository import Kept, Repository, logs_of
from engine.backups.side import WAIT_S, Side
from engine.backups.spec import ALONE, RUNNING, PartSpec
from engine.backups.streams import carried, passed_on, started
from engine.errors import RefusedError, StepFailedError

CLOCK = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Filling:
    """A backup, and the project that takes it back."""

    found: Deployed
    manifest: Manifest
    side: Side

    @property
    def project(self) -> Project:
        """The project beside."""
        return Project(self.found.tools, self.side.name, self.side.folder)

    def fill(self) -> str:
        """Have every part taken back; returns a remark."""
        running = []
        for part in self.found.spec.parts:
            if part.when == RUNNING:
                running.append(part)
            else:
                _, command = self.project.beside(part.service, part.take_back)
                self._take(part, command)
        services = [part.service for part in self.found.spec.parts if part.when != ALONE]
        compose = self.found.tools.compose(self.side.name)
        compose.up(self.side.folder, services, WAIT_S)
        for part in running:
            self._take(part, self.project.inside(part.service, [*part.take_back, "--empty"]))
        return f"{self.manifest.bytes} bytes taken back"

    def replay(self, kept: Kept, until: datetime) -> str:
        """Bring the part that has logs from the backup's moment to another; returns a remark."""
        logs = logs_spec(self.found)
        part, position = self.found.spec.part(logs.part), self._position(logs.part)
        server = str(position["server_id"])
        repository = Repository(self.project, self.found.spec, self.found.model)
        repository.fetch(kept.id, f"{logs.folder}/{server}")
        moment = until.strftime(CLOCK)
        command = [*logs.replay, f"{logs.folder}/{server}", str(position["file"])]
        command += [str(position["at"]), moment]
        _, source_words = self.project.beside(self.found.spec.repository, command)
        sink_words = self.project.inside(part.service, part.take_back)
        tools = self.found.tools
        takes = f"{part.service}: {' '.join(part.take_back)}"
        passed = carried(tools, (source_words, f"replay of {logs.part}"), (sink_words, takes))
        return f"{logs.part} as of {moment} UTC: {passed.bytes} bytes replayed"

    def compare(self, but: str = "") -> list[str]:
        """How what was taken back differs from the manifest, a line each; one part is left out."""
        differences = []
        for part in self.found.spec.parts:
            made = self.manifest.part(part.name)
            if made is None or part.name == but:
                continue
            command = self._handing_over(part)
            with started(
                self.found.tools, command, f"hand-over of {part.name}", reads=False
            ) as source:
                passed_on(source, None, self.found.tools)
                told = facts_of(part, source.said()).get("compare") or {}
            differences += _differences(part.name, made, told)
            unknown = sorted(set(told) - set(made.compare))
            if unknown:
                self.found.tools.journal.note(
                    f"{part.name}: {', '.join(unknown)} cannot be compared: backup "
                    f"{self.manifest.name} is of an earlier version, which did not write it down"
                )
        return differences

    def _position(self, name: str) -> Mapping[str, Any]:
        made = self.manifest.part(name)
        return made.position if made else {}

    def _handing_over(self, part: PartSpec) -> list[str]:
        if part.when == ALONE:
            return self.project.beside(part.service, part.hand_over)[1]
        return self.project.inside(part.service, part.hand_over)

    def _take(self, part: PartSpec, command: list[str]) -> None:
        made = self.manifest.part(part.name)
        if made is None:
            # Of a release that had no such part: it begins empty.
            return
        tools, repository = self.found.tools, self.found.repository
        words = repository.reading(made.snapshot, part.name)
        takes = f"{part.service}: {' '.join(part.take_back)}"
        reads = f"part {part.name} of {self.manifest.name}"
        passed = carried(tools, (words, reads), (command, takes))
        if passed.sha256 != made.sha256:
            raise StepFailedError(
                f"part {part.name} of {self.manifest.name}",
                f"the SHA-256 {made.sha256[:12]}",
                passed.sha256[:12],
                "take another backup: fab backups",
            )


def logs_until(repository: Repository, manifest: Manifest, part: str, until: datetime) -> Kept:
    """The copies of logs that lead from a backup to a moment. Raises RefusedError without any."""
    made = manifest.part(part)
    server = str(made.position.get("server_id")) if made else ""
    for kept in logs_of(repository.kept(), server):
        if kept.until >= until:
            return kept
    found = logs_of(repository.kept(), server)
    last = found[-1].until.strftime(MOMENT) if found else "none at all"
    raise RefusedError(
        f"logs from backup {manifest.name} on",
        f"some that reach {until.strftime(MOMENT)}",
        f"until {last}",
        "choose an earlier time, or a later backup",
    )


def _differences(name: str, made: Part, told: dict[str, object]) -> list[str]:
    found = []
    # What the backup does not know, as it was made by an earlier version, tells nothing.
    for key, expected in sorted(made.compare.items()):
        now = told.get(key)
        if isinstance(expected, dict) and isinstance(now, dict):
            found += [
                f"{name}: {key} of {each}: expected {expected.get(each)}, found {now.get(each)}"
                for each in sorted({*expected, *now})
                if expected.get(each) != now.get(each)
            ]
        elif expected != now:
            found.append(f"{name}: {key}: expected {expected}, found {now}")
    return found
