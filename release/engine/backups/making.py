"""The work of `backup`: every part handed over, kept, and read back."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import partial
from typing import Any

from engine import VERSION
from engine.backups import records, secrets_part, unfinished
from engine.backups.deployed import Deployed, deployed
from engine.backups.logs import keep_logs
from engine.backups.manifest import Manifest, Part, name_at
from engine.backups.repository import LOGS, MANIFEST, Kept, backups_of
from engine.backups.spec import PartSpec
from engine.errors import EngineError, StepFailedError
from engine.tools import Tools, Work
from engine.trees import canonical

KEPT_LOGS_BEYOND = 1


class MakeBackup(Work):
    """Makes one backup of everything, verifies it, and drops those that are too old."""

    outcome = "backed_up"
    deployed: Deployed
    """What `plan` has found."""

    def __init__(self) -> None:
        self.name = ""
        self.snapshots: list[str] = []
        self.whole = False
        """Whether it is a backup by now, whatever else goes wrong."""
        self.kept_before: list[Kept] = []

    def plan(self, tools: Tools) -> list[str]:
        """Name what will be handed over."""
        self.deployed = deployed(tools)
        unfinished.refuse_changing_over(tools.layout)
        spec = self.deployed.spec
        parts = [part.name for part in spec.parts]
        self.steps = ("repository", *parts, "secrets", "verify", "manifest", *_logs(spec), "keep")
        return [f"{', '.join([*parts, 'secrets'])} are to be kept in {self._address()}"]

    def run(self, tools: Tools) -> str:
        """Do it."""
        spec, repository = self.deployed.spec, self.deployed.repository
        tools.run_step("repository", self._open)
        self.name = name_at(datetime.now(timezone.utc))
        parts: list[Part] = []
        for part in spec.parts:
            tools.run_step(part.name, partial(self._keep, part, parts))
        tools.run_step("secrets", partial(self._keep_secrets, parts))
        manifest = Manifest(
            self.name,
            repository.host,
            self.deployed.release,
            VERSION,
            {name: image.ref for name, image in self.deployed.incoming.images.items()},
            tuple(parts),
        )
        # The manifest last, and after everything was read back: with it, it is a backup.
        tools.run_step("verify", partial(self._verify, manifest))
        tools.run_step("manifest", partial(self._finish, manifest))
        if spec.logs is not None:
            tools.run_step(LOGS, partial(keep_logs, self.deployed))
        tools.run_step("keep", self._drop_old)
        return f"backup {self.name} is in {repository.address}: {manifest.bytes} bytes"

    def undo(self, tools: Tools, error: EngineError) -> str:
        """What was kept of a backup that failed is none; one that is whole stays."""
        if self.whole:
            return f"backup {self.name} is whole and stays; the step {tools.step} after it failed"
        if not self.snapshots:
            return "no backup was made"
        self.deployed.repository.forget(self.snapshots)
        return f"no backup was made; what was kept of {self.name} is dropped"

    def _address(self) -> str:
        return self.deployed.repository.address

    def _open(self) -> str:
        repository = self.deployed.repository
        kept = self.kept_before = repository.make()
        # An engine that was killed leaves parts without a manifest: never a backup.
        whole = backups_of(kept)
        halves = [
            each
            for each in kept
            if each.backup and each.backup not in whole and each.host == repository.host
        ]
        repository.forget([each.id for each in halves])
        dropped = f"; dropped {len(halves)} parts of interrupted ones" if halves else ""
        return f"{len(whole)} backups in {repository.address}{dropped}"

    def _keep(self, part: PartSpec, parts: list[Part]) -> str:
        command = self.deployed.project.inside(part.service, part.hand_over)
        passed, snapshot, said = self.deployed.repository.save(self.name, part.name, command)
        self.snapshots.append(snapshot)
        facts = facts_of(part, said)
        parts.append(
            Part(
                part.name,
                snapshot,
                passed.bytes,
                passed.sha256,
                str(facts.get("version", "")),
                facts.get("position") or {},
                facts.get("compare") or {},
            )
        )
        return f"{passed.bytes} bytes"

    def _keep_secrets(self, parts: list[Part]) -> str:
        incoming = self.deployed.incoming
        specs = secrets_part.kept(incoming.secrets, self.deployed.spec.passphrase)
        content = secrets_part.packed(incoming.secrets_dir, specs)
        passed, snapshot = self.deployed.repository.save_bytes(
            self.name, secrets_part.NAME, content
        )
        self.snapshots.append(snapshot)
        parts.append(Part(secrets_part.NAME, snapshot, passed.bytes, passed.sha256))
        return f"{len(specs)} secrets"

    def _verify(self, manifest: Manifest) -> str:
        verify(self.deployed, manifest)
        return f"{manifest.bytes} bytes read back, as they were handed over"

    def _finish(self, manifest: Manifest) -> str:
        content = canonical(manifest.as_json())
        self.deployed.repository.save_bytes(self.name, MANIFEST, content)
        self.whole = True
        records.note(
            self.deployed.tools.layout, records.BACKUP, name=self.name, bytes=manifest.bytes
        )
        return f"backup {self.name} is whole"

    def _drop_old(self) -> str:
        repository = self.deployed.repository
        names = set(repository.outdated(self.deployed.spec.keep))
        kept = self.kept_before
        ids = [each.id for each in kept if each.backup in names]
        ids += [each.id for each in _old_logs(kept, names, repository.host)]
        repository.forget(ids)
        return f"dropped {', '.join(sorted(names))}" if names else "nothing is too old"


def verify(found: Deployed, manifest: Manifest) -> None:
    """Read every part to its end and compare it. Raises StepFailedError."""
    for part in manifest.parts:
        found.tools.interrupts.stop_if_asked()
        read = found.repository.digest(part.snapshot, manifest.name, part.name)
        if (read.bytes, read.sha256) != (part.bytes, part.sha256):
            raise StepFailedError(
                f"part {part.name} of backup {manifest.name}",
                f"{part.bytes} bytes with the SHA-256 {part.sha256[:12]}",
                f"{read.bytes} bytes with {read.sha256[:12]}",
                "take another backup (fab backups), and look for damage: restic check",
            )


def facts_of(part: PartSpec, said: list[str]) -> dict[str, Any]:
    """What a hand-over's last line on stderr says. Raises StepFailedError where it is no JSON."""
    try:
        facts = json.loads(said[-1]) if said else None
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise StepFailedError(
            f"hand-over of {part.name}",
            "a line of JSON last on stderr",
            said[-1][:200] if said else "nothing",
            f"see the command of {part.service} in release.json",
        )
    return facts


def _logs(spec: Any) -> tuple[str, ...]:
    return (LOGS,) if spec.logs is not None else ()


def _old_logs(kept: list[Kept], dropped: set[str], host: str) -> list[Kept]:
    """Copies of logs that no kept backup can go on with, and all but the last of a day before
    yesterday: the last has what those before it had."""
    staying = [each for each in backups_of(kept).values() if each.backup not in dropped]
    staying = [each for each in staying if each.host == host]
    if not staying:
        return []
    oldest = min(each.time for each in staying)
    logs = [each for each in kept if LOGS in each.tags and each.host == host]
    if not logs:
        return []
    newest = max(each.time for each in logs)
    last_of = {(each.time.date(), _servers(each)): each.id for each in logs}
    recent = {each.id for each in logs if (newest - each.time).days <= KEPT_LOGS_BEYOND}
    return [
        each
        for each in logs
        if each.time < oldest or (each.id not in recent and each.id not in last_of.values())
    ]


def _servers(kept: Kept) -> tuple[str, ...]:
    return tuple(sorted(tag for tag in kept.tags if tag.startswith("server=")))
