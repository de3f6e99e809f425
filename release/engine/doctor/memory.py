"""Memory of the host and of each container."""

from __future__ import annotations

from collections.abc import Iterator

from engine.docker_api import last_ends
from engine.doctor.finding import ATTENTION, BROKEN, OK, Finding
from engine.doctor.look import Look
from engine.memory import limit_bytes, used_by

KIB_PER_MIB, MIB = 1024, 1024 * 1024
SCARCE_SHARE, SWAPPED_SHARE, NEAR_LIMIT_SHARE = 0.10, 0.50, 0.90
LATELY_S = 3600


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
        ends = last_ends(look.client, container.id, look.now_s, LATELY_S)
        if any(end == "oom" for end in ends):
            says = f"{container.name} was ended for want of memory within the last hour"
            do = f"give {container.service} more memory: its limit is {(limit or 0) // MIB} MiB"
            yield Finding("memory", BROKEN, says, do)
