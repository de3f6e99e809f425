"""A rotation that has begun: all that is needed to go on with it, or back, in one file."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from engine.layout import read_json
from engine.trees import sync_folder, write_file

NAME = ".rotation.json"
MODE = 0o400

OFFER, USE, FORGET = "offer", "use", "forget"
"""The phases: the new value is accepted, then used; then the old one is no longer accepted."""


@dataclass(frozen=True)
class Unfinished:
    """Which secret, how far, and its two values."""

    secret: str
    phase: str
    old: bytes
    new: bytes

    def at(self, phase: str) -> Unfinished:
        """The same at another phase."""
        return replace(self, phase=phase)


def read_unfinished(folder: Path) -> Unfinished | None:
    """The rotation that has begun in a folder of secrets and has not ended."""
    found = read_json(folder / NAME)
    if not found:
        return None
    values = {name: b64decode(found[name]) for name in ("old", "new")}
    return Unfinished(str(found["secret"]), str(found["phase"]), values["old"], values["new"])


def write_unfinished(folder: Path, what: Unfinished) -> None:
    """Write it down; it is on the disk when this returns."""
    values = {name: b64encode(getattr(what, name)).decode() for name in ("old", "new")}
    write_file(folder / NAME, json.dumps({**asdict(what), **values}).encode(), MODE)


def end(folder: Path) -> None:
    """It has ended, this way or the other."""
    (folder / NAME).unlink(missing_ok=True)
    sync_folder(folder)
