"""The repository that backups are kept in: restic's, run in a container for each command."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from engine.backups.manifest import MOMENT, Manifest, from_json, time_of
from engine.backups.one_off import Project
from engine.backups.spec import BackupSpec, KeepSpec
from engine.backups.streams import CommandError, Passed, output_of, passed_on, started
from engine.errors import NoInputError, RefusedError, StepFailedError
from engine.resolve import Model
from engine.trees import make_folder

# restic's exit codes (https://restic.readthedocs.io/en/stable/075_scripting.html).
NO_REPOSITORY, LOCKED, WRONG_PASSPHRASE = 10, 11, 12
PRIVATE = 0o700
PART, MANIFEST, LOGS = "part", "manifest", "logs"


@dataclass(frozen=True)
class Kept:
    """One snapshot: a part of a backup, its manifest, or copies of logs."""

    id: str
    time: datetime
    host: str
    tags: dict[str, str]

    @property
    def backup(self) -> str:
        """The name of the backup that it belongs to; empty for logs."""
        return self.tags.get("backup", "")

    @property
    def part(self) -> str:
        """Which part it is."""
        return self.tags.get(PART, "")

    @property
    def until(self) -> datetime:
        """Of logs: everything before that moment is in them."""
        text = self.tags.get("until", "")
        if not text:
            return self.time
        return datetime.strptime(text, MOMENT).replace(tzinfo=timezone.utc)


class RepositoryLockedError(StepFailedError):
    """Somebody else works on it, or has died while they did."""


class Repository:
    """The repository of one host; others may share it."""

    def __init__(self, project: Project, spec: BackupSpec, model: Model) -> None:
        self.project, self.spec, self.tools = project, spec, project.tools
        service = model["services"][spec.repository]
        self.host = str(service.get("hostname") or "")
        self.address = str((service.get("environment") or {}).get("RESTIC_REPOSITORY", ""))

    def make(self) -> list[Kept]:
        """Make it where there is none, with its folder; returns all that is in it.

        Raises RefusedError for a wrong passphrase.
        """
        self._make_folder()
        try:
            return self.kept()
        except NoInputError:
            self._output("init", "--quiet")
            return []

    def kept(self) -> list[Kept]:
        """All that is in it, the oldest first. Raises NoInputError where there is none."""
        # Docker would make the missing folder for the container that looks, and make it root's.
        if self.spec.folder is not None and not Path(self.spec.folder.path).is_dir():
            raise _none_there(self.address)
        found = json.loads(self._output("snapshots", "--json", "--no-lock") or b"[]")
        kept = [_kept(item) for item in found]
        return sorted(kept, key=lambda each: each.time)

    def save(self, backup: str, part: str, command: Sequence[str]) -> tuple[Passed, str, list[str]]:
        """Keep what a command prints as a part of a backup.

        Returns what went by, the snapshot's ID, and what the command wrote to stderr. Of a command
        that fails nothing is kept.
        """
        tags = f"backup={backup},{PART}={part}"
        arguments = ["backup", "--json", "--stdin", "--stdin-filename", f"/{part}"]
        name, words = self._command([*arguments, "--tag", tags])
        with started(self.tools, words, f"the repository {self.address}", reads=True) as sink:
            try:
                with started(self.tools, command, f"hand-over of {part}", reads=False) as source:
                    passed = passed_on(source, sink, self.tools)
                    said = source.said()
            except BaseException:
                # At once: what has come so far must not look like all there is.
                self.project.remove(name)
                raise
            summary = json.loads(sink.printed().splitlines()[-1])
        return passed, str(summary["snapshot_id"]), said

    def save_bytes(self, backup: str, part: str, content: bytes) -> tuple[Passed, str]:
        """Keep a few bytes as a part of a backup."""
        tags = f"backup={backup},{PART}={part}"
        arguments = ["backup", "--json", "--stdin", "--stdin-filename", f"/{part}"]
        said = self._output(*arguments, "--tag", tags, given=content)
        summary = json.loads(said.splitlines()[-1])
        return Passed(len(content), hashlib.sha256(content).hexdigest()), summary["snapshot_id"]

    def save_logs(self, folder: str, servers: Iterable[str], but: str, until: datetime) -> None:
        """Keep the copies of the logs that lie in a folder of its own service, but for one file."""
        tags = [LOGS, f"until={until.strftime(MOMENT)}", *(f"server={name}" for name in servers)]
        left_out = ["--exclude", but] if but else []
        self._output("backup", "--json", "--tag", ",".join(tags), *left_out, folder)

    def fetch(self, snapshot: str, folder: str) -> None:
        """Bring a folder of a snapshot back to where it was, in the repository's own service."""
        self._output("restore", "--no-lock", "--quiet", f"{snapshot}:{folder}", "--target", folder)

    def reading(self, snapshot: str, part: str) -> list[str]:
        """The command line that prints a part."""
        return self._command(["dump", "--no-lock", snapshot, f"/{part}"])[1]

    def digest(self, snapshot: str, backup: str, part: str) -> Passed:
        """Read a part to its end. Raises StepFailedError where the repository is damaged."""
        what = f"part {part} of {backup}"
        with started(self.tools, self.reading(snapshot, part), what, reads=False) as source:
            return passed_on(source, None, self.tools)

    def manifest(self, kept: Kept) -> Manifest:
        """The manifest of a backup. Raises RefusedError for a damaged one."""
        words = self.reading(kept.id, MANIFEST)
        text = output_of(self.tools, words, f"the manifest of {kept.backup}")
        try:
            return from_json(json.loads(text))
        except ValueError as error:
            raise RefusedError(
                f"the manifest of {kept.backup}", "JSON", str(error), "take another backup"
            ) from error

    def forget(self, snapshots: Sequence[str]) -> None:
        """Drop snapshots, and what only they used."""
        if not snapshots:
            return
        try:
            self._output("forget", "--prune", "--quiet", "--retry-lock=0", *snapshots)
        except RepositoryLockedError:
            self._unlock()
            self._output("forget", "--prune", "--quiet", *snapshots)

    def outdated(self, keep: KeepSpec) -> list[str]:
        """The names of this host's backups that the policy does not keep."""
        policy = ["--keep-last", "1"]
        for word in ("daily", "weekly", "monthly"):
            number = getattr(keep, word)
            policy += [f"--keep-{word}", str(number)] if number else []
        arguments = ["forget", "--dry-run", "--no-lock", "--json", "--group-by", "host"]
        arguments += ["--host", self.host, "--tag", f"{PART}={MANIFEST}", *policy]
        groups = json.loads(self._output(*arguments) or b"[]")
        return [_kept(item).backup for group in groups for item in group.get("remove") or []]

    def _make_folder(self) -> None:
        """Make the folder of this host that it is in, if it is in one."""
        folder = self.spec.folder
        if folder is None or Path(folder.path).is_dir():
            return
        make_folder(Path(folder.path), PRIVATE)
        os.chown(folder.path, folder.uid, folder.uid)

    def _unlock(self) -> None:
        """Take away locks that this host's dead commands have left; those of others stay."""
        mine = [each for each in self.project.containers() if each.service == self.spec.repository]
        if any(each.running for each in mine):
            return
        names = self._output("list", "locks", "--no-lock").split()
        locks = [self._output("cat", "lock", name.decode(), "--no-lock") for name in names]
        hosts = {json.loads(text)["hostname"] for text in locks}
        if hosts == {self.host}:
            self._output("unlock", "--remove-all")

    def _command(self, arguments: Sequence[str]) -> tuple[str, list[str]]:
        return self.project.beside(self.spec.repository, ["repository", *arguments])

    def _output(self, *arguments: str, given: bytes = b"") -> bytes:
        what = f"the repository {self.address}: {arguments[0]}"
        try:
            return output_of(self.tools, self._command(arguments)[1], what, given)
        except CommandError as error:
            raise _explained(self.address, error) from error


def backups_of(kept: Iterable[Kept]) -> dict[str, Kept]:
    """The manifest's snapshot of each whole backup, by name, the oldest first."""
    found = {each.backup: each for each in kept if each.part == MANIFEST and each.backup}
    return dict(sorted(found.items(), key=lambda item: time_of(item[0])))


def logs_of(kept: Iterable[Kept], server: str) -> list[Kept]:
    """The copies of a server's logs, the oldest first."""
    return [each for each in kept if LOGS in each.tags and f"server={server}" in each.tags]


def _kept(item: dict[str, Any]) -> Kept:
    tags: dict[str, str] = {}
    for tag in item.get("tags") or []:
        name, _, value = tag.partition("=")
        # Of a server there may be several; they are looked for as they stand.
        tags[tag if name == "server" else name] = value
    # Nanoseconds, which Python 3.9 does not read.
    text = str(item["time"])
    zone = "+00:00" if text.endswith("Z") else text[-6:]
    moment = datetime.fromisoformat(text[:19] + zone)
    return Kept(str(item["id"]), moment, str(item.get("hostname", "")), tags)


def _explained(address: str, error: CommandError) -> StepFailedError | RefusedError | NoInputError:
    if error.code == NO_REPOSITORY:
        return _none_there(address)
    if error.code == WRONG_PASSPHRASE:
        return RefusedError(
            f"the repository {address}",
            "the passphrase that it was made with",
            "another one",
            "put the right one into the secret backup_passphrase",
        )
    if error.code == LOCKED:
        return RepositoryLockedError(
            f"the repository {address}",
            "that nobody else works on it",
            "it is locked",
            "wait and try again",
            error.log,
        )
    return error


def _none_there(address: str) -> NoInputError:
    return NoInputError(
        f"the repository {address}",
        "backups",
        "no repository there",
        "fab backup makes one; or correct backup_repository",
    )
