"""How much of the machine this process may use."""

import logging
import math
import os
import resource
from dataclasses import replace
from pathlib import Path

from proxypool.settings import Settings

log = logging.getLogger(__name__)

_OTHER_FILES = 256
_FILES_PER_CHECK = 2  # most proxies are dead, and those have one connection
_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: "QUOTA PERIOD", or "max PERIOD"


def usable_cores(cpu_max: Path = _CPU_MAX) -> int:
    """The cores that this process may run on, or its container's share of them if that is less."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_max.read_text(encoding="ascii").split()
        return max(1, min(cores, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup v2, or no quota
        return cores


def allow_open_files(wanted: int) -> int:
    """Raise the limit of open files to `wanted` where the hard one allows it; the limit then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if ceiling > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
        return ceiling
    return soft


def within_open_files(settings: Settings) -> Settings:
    """The settings with no more checks at once than there may be open files."""
    wanted = settings.check_concurrency * _FILES_PER_CHECK + _OTHER_FILES
    limit = allow_open_files(wanted)
    if limit >= wanted:
        return settings
    fewer = max(1, (limit - _OTHER_FILES) // _FILES_PER_CHECK)
    log.warning(
        "CHECK_CONCURRENCY: expected %d open files to be allowed for %d checks at once; found %d. "
        "What to do: raise the limit (ulimit -n, of a container ulimits.nofile), or lower "
        "CHECK_CONCURRENCY. Goes on with %d",
        wanted,
        settings.check_concurrency,
        limit,
        fewer,
    )
    return replace(settings, check_concurrency=fewer)
