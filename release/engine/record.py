"""Which release is current, and what was deployed when and by whom."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.journal import utc_now
from engine.layout import Layout
from engine.trees import make_folder, sync_folder


def make_current(layout: Layout, release_id: str) -> None:
    """Point `current` at a release; readers see the old link or the new one."""
    temporary = layout.root / f".current.{os.getpid()}.new"
    temporary.unlink(missing_ok=True)
    # Relative, so that the whole root can be looked at from elsewhere.
    temporary.symlink_to(Path("releases") / release_id)
    temporary.replace(layout.current)
    sync_folder(layout.root)


def append_history(layout: Layout, entry: Mapping[str, Any]) -> None:
    """Append one deploy to the history; it is on the disk when this returns."""
    make_folder(layout.root)
    line = json.dumps({"time": utc_now(), **entry}, ensure_ascii=False) + "\n"
    descriptor = os.open(layout.history, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        # A crash may have cut the last line; what follows must not be glued to it.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = "\n" + line
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_history(layout: Layout) -> list[dict[str, Any]]:
    """Every deploy that was recorded, oldest first."""
    if not layout.history.is_file():
        return []
    entries = []
    for line in layout.history.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            # The line that a crash cut says nothing that can be used.
            continue
        if isinstance(entry, dict):
            entries.append(entry)
    return entries


def deployed_ids(layout: Layout) -> list[str]:
    """The releases that were current, each once, the latest first."""
    ids: list[str] = []
    for entry in reversed(read_history(layout)):
        release_id = entry.get("release")
        if (
            entry.get("outcome") == "deployed"
            and isinstance(release_id, str)
            and release_id not in ids
        ):
            ids.append(release_id)
    return ids
