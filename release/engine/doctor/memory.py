"""Memory of the host and of each container."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from engine.control_groups import folder, place_of
from engine.docker_api import EXIT_KILLED, Container, last_kill
from engine.doctor.ago import ago
from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look
from engine.memory import limit_bytes, used_by

KIB_PER_MIB, MIB = 1024, 1024 * 1024
SCARCE_SHARE, SWAPPED_SHARE, NEAR_LIMIT_SHARE = 0.10, 0.50, 0.90
LATELY_S = 3600
WANTED = "ran out of memory"
# Docker misses the kernel's word now and then, where the end follows at once.
KILLED = "was killed, as the kernel does for want of memory"
# How the files of a process and of its group say that it has ended.
ENDED = {errno.ENOENT, errno.ESRCH, errno.ENODEV}


def memory(look: Look) -> Iterator[Finding]:
    """What is left on the host; which containers are near their limit or were ended at it."""
    lines = (look.proc / "meminfo").read_text(encoding="ascii").splitlines()
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    left, total = kib["MemAvailable"], kib["MemTotal"]
    says = f"{left // KIB_PER_MIB} of {total // KIB_PER_MIB} MiB are available"
    scarce = left / total < SCARCE_SHARE
    do = "end what else runs here, scale down, or give the host more memory" if scarce else ""
    yield Finding("memory", ATTENTION if scarce else OK, says, do)
    swap, swapped = kib["SwapTotal"], kib["SwapTotal"] - kib["SwapFree"]
    if swap and swapped / swap > SWAPPED_SHARE:
        says = f"{swapped // KIB_PER_MIB} of {swap // KIB_PER_MIB} MiB of swap are in use"
        yield Finding("memory", ATTENTION, says, "see what uses it: fab ps, top")
    yield from _containers(look)


def _containers(look: Look) -> Iterator[Finding]:
    use = used_by(look.client, look.containers)
    for container in look.containers:
        used, limit = use[container.id], limit_bytes(look.client, container)
        if used and limit and used / limit > NEAR_LIMIT_SHARE:
            says = f"{container.name} uses {used // MIB} of {limit // MIB} MiB"
            do = f"give {container.service} more, or see: fab logs {container.service}"
            yield Finding("memory", ATTENTION, says, do)
        do = f"give {container.service} more memory: its limit is {(limit or 0) // MIB} MiB"
        do = do if limit else "give the host more memory: dmesg says what was ended"
        for level, says in _ended(look, container):
            yield Finding("memory", level, f"{container.name}: {says}", do)


def _ended(look: Look, container: Container) -> Iterator[tuple[str, str]]:
    """What of a container was ended for want of memory: how bad that is, and in words."""
    if not container.running:
        if container.oom_killed:
            yield BROKEN, f"it {WANTED} before it ended"
        elif container.exit_code == EXIT_KILLED and last_kill(
            look.client, container.id, look.now_s
        ):
            yield BROKEN, f"it {KILLED}"
        return
    killed = _killed(look, container)
    if killed:
        started = ago(container.started_s, look.now_s)
        says = f"processes ended for want of memory since it was started {started}: {killed}"
        yield ATTENTION, says
    if not container.restarts:
        return
    # One that was started again is in a new group, whose counter begins at zero.
    if container.oom_killed and not killed:
        yield _started_again(WANTED, container.started_s, look.now_s)
        return
    last = last_kill(look.client, container.id, look.now_s)
    if last is not None:
        at_s, oom = last
        yield _started_again(WANTED if oom else f"{KILLED},", at_s, look.now_s)


def _started_again(what: str, at_s: float, now_s: float) -> tuple[str, str]:
    level = BROKEN if now_s - at_s < LATELY_S else ATTENTION
    return level, f"it {what} before it was started again {ago(at_s, now_s)}"


def _killed(look: Look, container: Container) -> int:
    """How many processes the kernel ended in a container since it was started, as it counts."""
    try:
        group = place_of(container.pid, "memory", look.proc)
        found = folder(group, look.proc)
        if found is None or container.id not in group.path.name:
            return 0
        file = found / ("memory.oom_control" if group.controller else "memory.events")
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError as error:
        if error.errno not in ENDED:
            raise
        # Since it was listed; its state in the next look says so.
        return 0
    counts = dict(line.split() for line in lines)
    return int(counts.get("oom_kill", 0))
