"""The kernel's control groups: which one a process is in, and where its files are on this host."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PROC = Path("/proc")


@dataclass(frozen=True)
class Place:
    """A group's place in the hierarchy that controls one thing, such as memory."""

    path: PurePosixPath
    controller: str
    """Empty in version 2, where all are in one hierarchy."""


def place_of(pid: int, controller: str, proc: Path = PROC) -> Place:
    """The place of a process's group. Raises OSError for one that has ended."""
    lines = (proc / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines()
    paths = {
        name: path
        for _, names, path in (line.split(":", 2) for line in lines)
        for name in names.split(",")
    }
    # One controller each has a hierarchy of its own in version 1; version 2's has no name.
    found = controller if controller in paths else ""
    return Place(PurePosixPath(paths.get(found) or "/"), found)


def folder(place: Place, proc: Path = PROC) -> Path | None:
    """Where the files of the group at that place are; None if this host does not show them."""
    mounts = (proc / "self/mountinfo").read_text(encoding="utf-8").splitlines()
    for line in mounts:
        # ID, parent, device, root, point, options, …, -, type, source, options
        # (proc_pid_mountinfo(5))
        root, point = line.split(" ")[3:5]
        kind, _, options = line.partition(" - ")[2].split(" ", 2)
        if place.controller:
            fits = kind == "cgroup" and place.controller in options.split(",")
        else:
            fits = kind == "cgroup2"
        if fits and place.path.is_relative_to(root):
            return Path(point) / place.path.relative_to(root)
    return None
