"""What an experiment has left behind: processes, shared memory, files. It is told, and removed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

MARK = "LAB_RUN"
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, and nothing is put there
_GRACE_S = 2.0


def marked_processes(token: str) -> dict[int, str]:
    """Processes whose environment carries the run's mark, in whatever session: pid and command."""
    mark = f"{MARK}={token}".encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found[int(folder.name)] = command
        except OSError:  # it has ended meanwhile, or is somebody else's
            continue
    return found


def end_processes(token: str, at_once: bool) -> list[str]:
    """Kill what still runs, unless ``at_once`` after a moment to end by itself; what was killed."""
    end = time.monotonic() + (0 if at_once else _GRACE_S)
    while (left := marked_processes(token)) and time.monotonic() < end:
        time.sleep(0.02)
    killed = []
    while left:
        for pid, command in left.items():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.append(f"process {pid} ({command[:80]})")
        time.sleep(0.02)
        left = {pid: c for pid, c in marked_processes(token).items() if pid not in left}
    return killed


def shared_memory() -> set[str]:
    """The names of all segments there are."""
    return {path.name for path in SHARED_MEMORY.iterdir()}


def remove_shared_memory(before: set[str]) -> list[str]:
    """Remove segments that are new, ours, and used by no process that lives."""
    removed = []
    for name in shared_memory() - before:
        path = SHARED_MEMORY / name
        try:
            if path.stat().st_uid != os.getuid() or _used(path):
                continue
            path.unlink()
        except FileNotFoundError:
            continue
        removed.append(f"shared memory {name}")
    return removed


def _used(path: Path) -> bool:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if str(path) in (folder / "maps").read_text():
                return True
            if any(link.readlink() == path for link in (folder / "fd").iterdir()):
                return True
        except OSError:
            continue
    return False


def files_in(folder: Path) -> list[str]:
    """What lies in the folder that was given for files."""
    return [f"file {path.relative_to(folder)}" for path in sorted(folder.rglob("*"))]
