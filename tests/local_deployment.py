"""A deployment on this machine that belongs to the tests: its names, ports, containers and data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from deployment import Deployment

from tests.playbook import REPOSITORY, PlaybookResult, run_playbook
from tests.stages import image_environment

INVENTORY = REPOSITORY / "tests/inventories/local.ini"
NAME = "luffy-test"
ROOT = Path("/opt") / NAME
ETC = Path("/etc") / NAME
HOST = "http://127.0.0.1"
PORTS = {
    "site": 18080, "api": 18000, "check": 18001, "check-tls": 18444,
    "shortlink": 18002, "proxy-pool": 15010, "gateway": 15011, "demo": 18009,
}  # fmt: skip
SITE = Deployment(
    scheme="http",
    host="127.0.0.1",
    site_port=PORTS["site"],
    api_port=PORTS["api"],
    check_port=PORTS["check"],
    check_tls_port=PORTS["check-tls"],
    shortlink_port=PORTS["shortlink"],
    proxy_pool_port=PORTS["proxy-pool"],
    gateway_port=PORTS["gateway"],
    demo_port=PORTS["demo"],
)
LASTING_SERVICES = (
    "edge", "redis", "mariadb", "luffy_api", "luffy_worker", "luffy_beat", "luffycity",
    "proxy_pool_api", "proxy_pool_gateway", "proxy_pool_scheduler", "proxy_pool_checker", "demo",
    "backup", "shortlink",
)  # fmt: skip


def run_site(*arguments: str, inventory: Path = INVENTORY) -> PlaybookResult:
    """Run `site.yml` on this machine under the tests' own name and ports."""
    return run_playbook(REPOSITORY / "site.yml", inventory, *arguments)


def deploy(*arguments: str) -> PlaybookResult:
    """Run the part of it that makes a release current, on a machine that has an engine already."""
    return run_playbook(REPOSITORY / "playbooks/deploy.yml", INVENTORY, *arguments)


def ship(*settings: str, inventory: Path = INVENTORY) -> None:
    """Write a release of the images that are there as the host gets it; nothing is deployed.

    ``settings`` are arguments of ansible-playbook. Raises RuntimeError with what was said.
    """
    images = {}
    for variable, ref in image_environment().items():
        # A release names what runs, and not what that was built on.
        if not variable.endswith(("_TEST_IMAGE", "BASE_IMAGE")):
            [image] = json.loads(docker("image", "inspect", ref))
            images[variable] = {"ref": ref, "config_digest": image["Id"]}
    playbook = REPOSITORY / "tests/playbooks/incoming.yml"
    run = run_playbook(playbook, inventory, *settings, variables={"bundle_images": images})
    if not run.ok:
        raise RuntimeError(run.output)


def engine(verb: str, *arguments: str, root: Path = ROOT) -> str:
    """What a verb of the deployment's release engine says; raises RuntimeError where it fails."""
    command = [sys.executable, str(root / "engine.pyz"), verb, "--root", str(root), *arguments]
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run([*as_root, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{verb}: {done.stdout}{done.stderr}")
    return done.stdout


def release(*settings: str, root: Path = ROOT, inventory: Path = INVENTORY) -> None:
    """Ship a release, and have the engine make it current; what a host needs is there already.

    Raises RuntimeError where either fails.
    """
    ship(*settings, inventory=inventory)
    engine("deploy", "--incoming", str(root / "incoming"), "--by", "tests", root=root)


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
    """The newest container of each service of the project, as `docker inspect` shows it.

    An older one may still serve its last connections.
    """
    ids = docker(
        "ps", "-aq", "--filter", f"label=com.docker.compose.project={project}"
    ).split()  # fmt: skip
    if not ids:
        return {}
    inspected: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
    inspected.sort(key=lambda one: str(one["Created"]))
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
    # Its backups too: the next deployment of that name has another passphrase.
    for folder in ("/opt", "/etc", "/var/backups"):
        shutil.rmtree(Path(folder) / project, ignore_errors=True)
