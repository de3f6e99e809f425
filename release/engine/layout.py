"""Where everything lies below the root of one deployment."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.trees import make_folder, write_file


@dataclass(frozen=True)
class Layout:
    """The folders and files of one deployment, `/opt/<name>` by default."""

    root: Path

    @property
    def releases(self) -> Path:
        """One folder for each release."""
        return self.root / "releases"

    @property
    def current(self) -> Path:
        """The link to the release that runs."""
        return self.root / "current"

    @property
    def config(self) -> Path:
        """Rendered configuration by service and content."""
        return self.root / "config"

    @property
    def edge(self) -> Path:
        """The edge's configuration: a stable folder, reloaded rather than remounted."""
        return self.root / "edge"

    @property
    def public(self) -> Path:
        """What the site tells everybody of this host: a stable folder, mounted read-only."""
        return self.root / "public"

    @property
    def public_release(self) -> Path:
        """Which release is current, for everybody to read."""
        return self.public / "release.json"

    @property
    def journals(self) -> Path:
        """One journal for each run."""
        return self.root / "journal"

    @property
    def image_records(self) -> Path:
        """What the shipping role loaded: tag to config digest and image ID."""
        return self.root / "images"

    @property
    def lock(self) -> Path:
        """The lock, and who holds it."""
        return self.root / "lock"

    @property
    def history(self) -> Path:
        """Every deploy that changed something or tried to."""
        return self.root / "history.jsonl"

    @property
    def audit(self) -> Path:
        """Who asked for what."""
        return self.root / "audit.jsonl"

    @property
    def audit_head(self) -> Path:
        """The number and the hash of the last line of it."""
        return self.root / "state" / "audit.json"

    @property
    def hold(self) -> Path:
        """The lock that a person holds."""
        return self.root / "state" / "hold.json"

    @property
    def maintenance(self) -> Path:
        """Whether the course site is closed, and by whom."""
        return self.root / "state" / "maintenance.json"

    @property
    def edge_state(self) -> Path:
        """Which configuration which edge container has loaded."""
        return self.root / "state" / "edge.json"

    @property
    def services_state(self) -> Path:
        """Which definition each service's container had when its release was recorded."""
        return self.root / "state" / "services.json"

    @property
    def standby(self) -> Path:
        """The containers that have given way and are not removed yet."""
        return self.root / "state" / "standby.json"

    @property
    def local_settings(self) -> Path:
        """What this host alone adds to every release."""
        return self.root / "state" / "local.json"

    @property
    def backups_state(self) -> Path:
        """The last backup, and when logs were last kept."""
        return self.root / "state" / "backups.json"

    @property
    def drills_state(self) -> Path:
        """How the last drill ended."""
        return self.root / "state" / "drills.json"

    @property
    def restoring(self) -> Path:
        """What a restore is at, and the secrets that it replaces, until it has ended."""
        return self.root / "state" / "restoring"

    @property
    def drilling(self) -> Path:
        """What a drill is at, until it has ended."""
        return self.root / "state" / "drilling"

    def lock_of(self, name: str) -> Path:
        """The lock of that name: `run`, or one of its own for work that may go on beside a run."""
        return self.lock if name == "run" else self.root / f"{name}.lock"

    def release(self, release_id: str) -> Path:
        """The folder of one release."""
        return self.releases / release_id

    def journal(self, run: str) -> Path:
        """The journal of one run."""
        return self.journals / f"{run}.jsonl"

    def current_id(self) -> str | None:
        """The ID of the release that was recorded last, or None before the first."""
        if not self.current.is_symlink():
            return None
        release_id = self.current.resolve().name
        return release_id if self.release(release_id).is_dir() else None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file of ours; an absent or damaged one is an empty object."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a JSON file of ours atomically."""
    make_folder(path.parent)
    write_file(path, (json.dumps(value, indent=2, sort_keys=True) + "\n").encode())


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """While this lasts no other process reads a JSON file of ours in order to change it."""
    make_folder(path.parent)
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
