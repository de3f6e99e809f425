"""The share of the processor that all containers have together.

Under Docker's driver `cgroupfs` every container is in one control group, which has the share of a
single process: beside the host's own processes the containers' shares (`cpu_shares`) come to next
to nothing, and a deploy's own work would take the processor from what serves. Under the driver
`systemd` each container is beside the host's services by itself, and there is nothing to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from engine.control_groups import folder, place_of
from engine.docker_api import Container

# What a container has that asks for none, and what a new control group has (the kernel's
# scheduler/sched-design-CFS and admin-guide/cgroup-v2).
DEFAULT_SHARES, DEFAULT_WEIGHT = 1024, 100
MOST_SHARES, MOST_WEIGHT = 262_144, 10_000


@dataclass(frozen=True)
class Group:
    """A control group that has containers in it."""

    file: Path
    """Where its share is read and written."""
    default: int
    most: int


def raise_to_sum(containers: Iterable[Container], proc: Path = Path("/proc")) -> str:
    """Give the containers' group the sum of their shares, if it has less.

    Returns what was done in words, for the journal; nothing if nothing had to be.
    """
    sums: Counter[Group] = Counter()
    for each in containers:
        group = _group_of(each, proc) if each.running and each.pid else None
        if group is not None:
            sums[group] += each.cpu_shares or DEFAULT_SHARES
    said = []
    for group, shares in sums.items():
        wanted = min(shares * group.default // DEFAULT_SHARES, group.most)
        try:
            had = int(group.file.read_text(encoding="ascii"))
            if had < wanted:
                group.file.write_text(str(wanted), encoding="ascii")
                said.append(
                    f"the containers' control group has their shares of the processor together: "
                    f"{wanted}, not {had} ({group.file})"
                )
        except OSError as error:
            # All works without it; visitors wait longer while a deploy is at work.
            said.append(f"the containers' share of the processor could not be raised: {error}")
    return "; ".join(said)


def _group_of(container: Container, proc: Path) -> Group | None:
    """The group that the container's own one is in, if Docker has made both."""
    try:
        own = place_of(container.pid, "cpu", proc)
        # The driver `systemd` would call it docker-ID.scope.
        if own.path.name != container.id or own.path.parent == PurePosixPath("/"):
            return None
        found = folder(replace(own, path=own.path.parent), proc)
    except OSError:
        # It has ended meanwhile.
        return None
    if found is None:
        return None
    if own.controller:
        return Group(found / "cpu.shares", DEFAULT_SHARES, MOST_SHARES)
    return Group(found / "cpu.weight", DEFAULT_WEIGHT, MOST_WEIGHT)
