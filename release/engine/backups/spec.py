"""What release.json says of backups: who hands over what, and where it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

ALONE, EMPTY, RUNNING = "alone", "empty", "running"
DEFAULT_DAILY, DEFAULT_WEEKLY, DEFAULT_MONTHLY = 7, 5, 12


@dataclass(frozen=True)
class PartSpec:
    """What one service owns, hands over on its standard output and takes back on its input."""

    name: str
    service: str
    hand_over: tuple[str, ...]
    """With `--version` behind it: what wrote the data, as a version."""
    take_back: tuple[str, ...]
    when: str = ALONE
    """Who takes it back: a container of the service for that `alone`; the same, into an `empty`
    volume that the service is then started on; or the `running` service itself."""


@dataclass(frozen=True)
class LogsSpec:
    """What happens to one part between backups, copied to a volume all the time."""

    part: str
    service: str
    """The service that copies it."""
    flush: tuple[str, ...]
    """Completes all that was written so far; prints `{"server_id": …, "open": "file"}`."""
    folder: str
    """Where the copies lie, in the copying service and in the repository's."""
    replay: tuple[str, ...]
    """Given a folder, a file, a position and a moment: prints what the part takes back."""


@dataclass(frozen=True)
class KeepSpec:
    """How many backups stay: the last of each of so many days, weeks and months."""

    daily: int = DEFAULT_DAILY
    weekly: int = DEFAULT_WEEKLY
    monthly: int = DEFAULT_MONTHLY


@dataclass(frozen=True)
class FolderSpec:
    """The folder of this host that the repository is in, and the uid that writes it."""

    path: str
    uid: int


@dataclass(frozen=True)
class BackupSpec:
    """The field `backup`."""

    repository: str
    """The one-shot service that has the repository's program."""
    passphrase: str
    """The secret that the repository is encrypted with; never in it."""
    parts: tuple[PartSpec, ...]
    logs: LogsSpec | None = None
    folder: FolderSpec | None = None
    keep: KeepSpec = field(default_factory=KeepSpec)

    def part(self, name: str) -> PartSpec:
        """The part of that name, which has to be there."""
        return next(part for part in self.parts if part.name == name)
