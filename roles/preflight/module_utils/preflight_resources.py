"""Memory, disk and clock: does the host have enough of each."""

from __future__ import annotations

import calendar
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from ansible.module_utils.preflight_findings import Finding, finding

GB = 1000**3

# The form of a moment that an operator reads and strptime does: ISO 8601 in UTC, to the second.
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def check_memory(root: Path, min_memory_mb: int) -> Iterator[Finding]:
    """Compare the memory that the kernel counts (proc(5), MemTotal) with the wanted MB of 1024²."""
    meminfo = (root / "proc/meminfo").read_text()
    match = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    memory_mb = int(match.group(1)) // 1024 if match else 0
    yield finding(
        "memory",
        memory_mb >= min_memory_mb,
        f"{min_memory_mb} MB of memory",
        f"{memory_mb} MB",
        "give the host more memory, or lower preflight_min_memory_mb if what runs there is "
        "known to fit",
    )


def check_disk(root: Path, paths: list[str], min_disk_gb: float) -> Iterator[Finding]:
    """Compare the free space under each path with the wanted GB of 10⁹ bytes.

    Of a path that does not exist yet its nearest parent is measured. Paths on one filesystem are
    one finding.
    """
    filesystems: dict[int, list[str]] = {}
    for path in paths:
        device = _existing(root, path).stat().st_dev
        filesystems.setdefault(device, []).append(path)
    for together in filesystems.values():
        space = os.statvfs(_existing(root, together[0]))
        free_gb = space.f_bavail * space.f_frsize / GB
        yield finding(
            "disk",
            free_gb >= min_disk_gb,
            f"{min_disk_gb:g} GB free for {' and '.join(dict.fromkeys(together))}",
            f"{free_gb:.1f} GB",
            "free space there (`docker system df` shows what unused images hold) or use a "
            "larger disk",
        )


def check_clock(reference: str, now: float, max_clock_skew_s: int) -> Iterator[Finding]:
    """Compare `now`, seconds since the epoch, with the reference, a moment in the form MOMENT."""
    try:
        reference_s = calendar.timegm(time.strptime(reference, MOMENT))
    except ValueError:
        yield finding(
            "clock",
            False,
            "preflight_clock_reference to be a moment in UTC such as 2026-01-31T12:00:00Z",
            reference,
            "leave it out, so that this machine's own clock is taken",
        )
        return
    skew_s = round(now - reference_s)
    direction = "ahead of" if skew_s > 0 else "behind"
    yield finding(
        "clock",
        abs(skew_s) <= max_clock_skew_s,
        f"a clock within {max_clock_skew_s} s of {reference}",
        f"{time.strftime(MOMENT, time.gmtime(now))}, {abs(skew_s)} s {direction} it",
        "start time synchronisation on the host (chronyd or systemd-timesyncd), or correct this "
        "machine's clock if the host's is right",
    )


def _existing(root: Path, path: str) -> Path:
    place = root / path.lstrip("/")
    while not place.exists():
        place = place.parent
    return place
