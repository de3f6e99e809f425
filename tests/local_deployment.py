"""A deployment on this machine that belongs to the tests: its names, ports, containers and data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.playbook import REPOSITORY, PlaybookResult, run_playbook

INVENTORY = REPOSITORY / "tests/inventories/local.ini"
NAME = "luffy-test"
ROOT = Path("/opt") / NAME
ETC = Path("/etc") / NAME
HOST = "http://127.0.0.1"
PORTS = {
    "site": 18080, "api": 18000, "check": 18001, "check-tls": 18444, "proxy-pool": 15010,
    "gateway": 15011, "demo": 18009,
}  # fmt: skip
LASTING_SERVICES = (
    "edge", "redis", "mariadb", "luffy_api", "luffy_worker", "luffy_beat", "luffycity",
    "proxy_pool_api", "proxy_pool_gateway", "proxy_pool_scheduler", "proxy_pool_checker", "demo",
)  # fmt: skip


def run_site(*arguments: str, inventory: Path = INVENTORY) -> PlaybookResult:
    """Run `site.yml` on this machine under the tests' own name and ports."""
    return run_playbook(REPOSITORY / "site.yml", inventory, *arguments)


def up(*arguments: str, log: Path) -> subprocess.Popen[str]:
    """Start `scripts/up` for the tests' deployment, in a process group of its own."""
    return subprocess.Popen(
        ["scripts/up", "-i", str(INVENTORY), *arguments],
        cwd=REPOSITORY,
        env=dict(os.environ) | {"UP_LOG": str(log)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def url(address: str, path: str) -> str:
    """The URL of ``path`` at one of the deployment's addresses (a key of PORTS)."""
    return f"{HOST}:{PORTS[address]}{path}"


def smoke_arguments() -> list[str]:
    """What `pytest tests/smoke` takes to ask this deployment."""
    return ["--base-url", HOST, *(x for k, v in PORTS.items() for x in (f"--{k}-port", str(v)))]


def docker(*arguments: str) -> str:
    """Run a docker command and return what it prints; raises with its own words if it fails."""
    result = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    if result.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


def containers(project: str = NAME) -> dict[str, dict[str, Any]]:
    """Each container of the project by its service, as `docker inspect` shows it."""
    ids = docker(
        "ps", "-aq", "--filter", f"label=com.docker.compose.project={project}"
    ).split()  # fmt: skip
    if not ids:
        return {}
    inspected: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in inspected}


def health(container: dict[str, Any]) -> str:
    """`healthy`, `starting`, `unhealthy`, or the container's state where it is not running."""
    state = container["State"]
    if state["Status"] != "running":
        return str(state["Status"])
    return str(state.get("Health", {}).get("Status", "running"))


def wait_until_healthy(services: tuple[str, ...] = LASTING_SERVICES, limit_s: float = 120) -> None:
    """Wait until every one of ``services`` is healthy; raises AssertionError with what is not."""
    deadline = time.monotonic() + limit_s
    while True:
        now = {name: health(one) for name, one in containers().items() if name in services}
        if set(now) == set(services) and set(now.values()) == {"healthy"}:
            return
        assert time.monotonic() < deadline, f"not healthy after {limit_s} s: {now}"
        time.sleep(0.5)


def remove(project: str = NAME) -> None:
    """Remove the project's containers, networks, data and folders; nothing else is touched."""
    label = f"label=com.docker.compose.project={project}"
    for kind, listing in (
        ("container", ("ps", "-aq")),
        ("network", ("network", "ls", "-q")),
        ("volume", ("volume", "ls", "-q")),
    ):
        ids = docker(*listing, "--filter", label).split()
        if ids and kind == "container":
            docker("rm", "-f", "-v", *ids)
        elif ids:
            docker(kind, "rm", *ids)
    audit_log = Path("/opt") / project / "audit.jsonl"
    if audit_log.exists():
        # It may only be appended to, and so not be removed as it is.
        subprocess.run(["chattr", "-f", "-a", str(audit_log)], check=False)
    for folder in (Path("/opt") / project, Path("/etc") / project):
        shutil.rmtree(folder, ignore_errors=True)
