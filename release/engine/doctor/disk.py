"""Free space: without it nothing is written, and a database stops in the middle of a change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look

MIB = 1024 * 1024
FULL_BELOW_MIB = 512
SCARCE_BELOW_MIB, SCARCE_BELOW_SHARE = 4096, 0.15
FEW_FILES_SHARE = 0.05
DO = "make room: fab prune, docker system df, journalctl --vacuum-size=500M"
DO_BACKUPS = "make room there, or keep fewer backups: backup_keep_daily, _weekly, _monthly"


def disk(look: Look) -> Iterator[Finding]:
    """The file systems of the deployment, of Docker and of the backups, each once."""
    folders = [(look.layout.root, DO), (Path(look.client.info()["DockerRootDir"]), DO)]
    backup = look.incoming.backup
    if backup is not None and backup.folder is not None:
        # The first backup makes it.
        folders.append((_nearest(Path(backup.folder.path)), DO_BACKUPS))
    seen = set()
    for folder, do in folders:
        device = folder.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield judge(folder, os.statvfs(folder), do)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def judge(folder: Path, found: os.statvfs_result, do: str = DO) -> Finding:
    """What the figures of a file system mean (statvfs(3)): bytes for anybody, and files."""
    free_mib = found.f_bavail * found.f_frsize // MIB
    share = found.f_bavail / found.f_blocks if found.f_blocks else 0.0
    says = f"{folder}: {free_mib} MiB free ({share:.0%})"
    if found.f_flag & os.ST_RDONLY:
        return Finding(
            "disk", BROKEN, f"{folder} is read-only", "see why: dmesg, then mount it anew"
        )
    if free_mib < FULL_BELOW_MIB:
        return Finding("disk", BROKEN, says, do)
    if free_mib < SCARCE_BELOW_MIB or share < SCARCE_BELOW_SHARE:
        return Finding("disk", ATTENTION, says, do)
    # Some file systems have no fixed number of files.
    if found.f_files and found.f_favail / found.f_files < FEW_FILES_SHARE:
        left = f"{folder}: {found.f_favail} of {found.f_files} files are left to make"
        return Finding("disk", ATTENTION, left, do)
    return Finding("disk", OK, says)
