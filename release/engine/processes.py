"""Processes: which one is meant, even after a reboot or a reuse of its number, and its end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def identity(pid: int) -> str:
    """A name for one process that no other one ever has: boot, pid, start time.

    Returns an empty string for a process that is gone or a zombie (proc(5), fields 3 and 22).
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
    # The command's name is in parentheses and may hold spaces; what follows the last one is plain.
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in {"Z", "X"} else f"{boot}/{pid}/{fields[19]}"


def alive(name: str) -> bool:
    """Whether the process of that identity still runs."""
    return bool(name) and identity(pid_of(name)) == name


def pid_of(name: str) -> int:
    """The pid in an identity; 0 if there is none."""
    parts = name.split("/")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0


def end_group(name: str) -> bool:
    """Kill the process group that a process leads; returns whether it was alive.

    Only a group that its own leader still leads is touched. SIGTERM would not do: compose passes it
    on to the container that it runs, which may be in the middle of a migration.
    """
    if not alive(name) or os.getpgid(pid_of(name)) != pid_of(name):
        return False
    try:
        os.killpg(pid_of(name), signal.SIGKILL)
    except ProcessLookupError:
        # It ended between the look and the signal, which is what was wanted.
        return False
    return True
