"""What an experiment has left behind: processes, shared memory, files. It is told, and removed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lab.concurrency.experiment import TOKEN, own_name

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at, and nothing is put there
_GRACE_S = 2.0


def marked_processes(token: str) -> dict[int, str]:
    """Processes whose environment carries the run's mark, in whatever session: pid and command."""
    mark = f"{TOKEN}={token}".encode()
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


def remove_shared_memory(token: str) -> tuple[list[str], list[str]]:
    """Remove the run's own segments, and nobody else's; what was removed, and what stays."""
    removed, stays = [], []
    for path in SHARED_MEMORY.glob(own_name(token, "*")):
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            stays.append(f"shared memory {path.name}: {error.strerror}")
        else:
            removed.append(f"shared memory {path.name}")
    return removed, stays


def files_in(folder: Path) -> list[str]:
    """What lies in the folder that was given for files."""
    return [f"file {path.relative_to(folder)}" for path in sorted(folder.rglob("*"))]
