"""Who is failed, and for how long, while services are replaced: by the engine, and by compose.

The same traffic while nothing is replaced is what both are measured against, and so is how busy
the containers' core is by it: one that is busy all the time makes everybody wait, whatever is done.

The clients have one core; all containers, and what replaces them, the other. The same services are
replaced each time.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.local_deployment import NAME, ROOT, SITE, docker, engine, ship, wait_until_healthy
from tests.switch.traffic import Traffic

CLIENTS_CORE, STACK_CORE = 0, 1
READERS = 12
EVERY_S = 0.4
"""Between two requests of each who reads.

Many who ask now and then, one after the other, show a gap that few who ask often would hide in
their own pauses.
"""
NEW_VERSION = ("-e", "log_level=WARNING")


def measure_gaps(requests: int) -> list[dict[str, Any]]:
    """Failed requests, gaps, and the slowest answer, of each way to replace services."""
    # What a controller does before: the release is on the host, and nothing of it runs.
    ship(*NEW_VERSION)
    with Pinned():
        at_rest = under_traffic("nothing", requests // 2, lambda: None)
        at_rest["busy_share"] = round(busy_share(requests // 10), 2)
        by_engine = under_traffic("release engine", requests, deploy)
        rollback = under_traffic("rollback", requests, roll_back)
        by_compose = under_traffic("docker compose up -d", requests, compose_up)
        # What compose has replaced behind the engine's back is put right.
        deploy()
    return [at_rest, by_engine, rollback, by_compose]


def under_traffic(name: str, requests: int, replace: Callable[[], None]) -> dict[str, Any]:
    """Replace services while everybody asks."""
    print(f"under traffic: {name}", flush=True)
    with Traffic(SITE, READERS, EVERY_S) as traffic:
        traffic.wait_for(requests // 10)
        # What this thread starts runs where it does; those of the traffic stay where they are.
        os.sched_setaffinity(0, {STACK_CORE})
        replace()
        os.sched_setaffinity(0, {CLIENTS_CORE})
        traffic.wait_for(requests)
    lost = traffic.lost_orders()
    wait_until_healthy()
    traffic.leave()
    found = {
        "name": name,
        "readers": READERS,
        "answered": traffic.answered,
        "failed": len(traffic.failures),
        "orders": sum(len(buyer.placed) for buyer in traffic.buyers),
        "lost_or_doubled": len(lost),
        "longest_gap_ms": round(traffic.longest_gap_s * 1000),
        "longest_gap_at": traffic.longest_gap_at,
        "slowest_ms": round(traffic.slowest_s * 1000),
        "first_failures": traffic.failures[:3],
    }
    print(f"  {found}", flush=True)
    return found


def busy_share(requests: int) -> float:
    """The part of its time that the containers' core is busy under the traffic."""
    with Traffic(SITE, READERS, EVERY_S) as traffic:
        traffic.wait_for(requests // 4)
        before = core_ticks()
        traffic.wait_for(requests)
        after = core_ticks()
    traffic.leave()
    busy, idle = (now - then for now, then in zip(after, before, strict=True))
    return busy / (busy + idle)


def core_ticks() -> tuple[int, int]:
    """How long that core has been busy and idle since its start (proc(5), /proc/stat)."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{STACK_CORE}":
            user, nice, system, idle, waiting, *interrupts = map(int, ticks[:8])
            return user + nice + system + sum(interrupts), idle + waiting
    raise SystemExit(f"/proc/stat: expected a line of cpu{STACK_CORE}; found none")


def deploy() -> None:
    """What was shipped is made current: all services of the site's API and of the pool change."""
    engine("deploy", "--incoming", str(ROOT / "incoming"), "--by", "bench")


def roll_back() -> None:
    """The engine's way back."""
    engine("rollback", "--by", "bench")


def compose_up() -> None:
    """The same change without the engine: the newest release that does not run, by compose."""
    current = (ROOT / "current").readlink().name
    others = [each for each in (ROOT / "releases").iterdir() if each.name != current]
    newest = max(others, key=lambda each: each.stat().st_mtime)
    command = ["docker-compose", "-p", NAME, "-f", str(newest / "compose.yaml"), "up", "-d"]
    subprocess.run(command, check=True, capture_output=True)


class Pinned:
    """The clients on one core, and every container, new ones too, on the other."""

    def __enter__(self) -> None:
        self._before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {CLIENTS_CORE})
        ours = ["--filter", f"label=com.docker.compose.project={NAME}"]
        # The engine tells of each: to ask it again and again would keep the clients' core busy.
        self._started = subprocess.Popen(
            ["docker", "events", *ours, "--filter", "event=start", "--format", "{{.ID}}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._follow, args=[self._started.stdout])
        self._thread.start()
        for container in docker("ps", "-q", *ours).split():
            pin(container)

    def __exit__(self, *_: object) -> None:
        self._started.terminate()
        self._started.wait()
        self._thread.join()
        os.sched_setaffinity(0, self._before)

    def _follow(self, started: Iterable[str]) -> None:
        for line in started:
            pin(line.strip())


def pin(container: str) -> None:
    """Let a container run on its core alone; one that is gone meanwhile needs no core."""
    command = ["docker", "update", f"--cpuset-cpus={STACK_CORE}", container]
    subprocess.run(command, capture_output=True, check=False)
