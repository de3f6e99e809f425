"""The whole bundle on a bare CentOS Stream 9 host of 2 GiB: built here, shipped, run there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from testinfra.host import Host as Inspected

from tests.hosts.centos import CentosHost, centos_host
from tests.hosts.network import HostNetwork
from tests.local_deployment import LASTING_SERVICES
from tests.playbook import REPOSITORY, PlaybookResult, run_playbook

NAME = "centos"
ROOT = "/opt/luffy-bundle"
SECRETS = "/etc/luffy-bundle/secrets"
PUBLISHED_PORTS = [80, 8000, 8001, 8002, 8444, 5010, 5011]
# A host that the first course of a small school would rent.
MEMORY = "2g"


@dataclass(frozen=True)
class Deployed:
    """A host, its inventory, and what the runs on it said."""

    host: CentosHost
    inventory: Path
    check: PlaybookResult
    changed_by_check: set[str]
    first: PlaybookResult
    second: PlaybookResult


def site(inventory: Path, *arguments: str) -> PlaybookResult:
    return run_playbook(REPOSITORY / "site.yml", inventory, *arguments)


def write_inventory(host: CentosHost, path: Path) -> Path:
    path.write_text(
        f"[bundle]\n{host.inventory_line()}\n\n"
        "[builder]\nlocalhost ansible_connection=local "
        'ansible_python_interpreter="{{ ansible_playbook_python }}"\n\n'
        "[bundle:vars]\nansible_become=true\nedge_bind_address=0.0.0.0\ndemo_world=true\n"
        f'public_hosts=["{host.address}"]\nstack_watch_s=2\n'
    )
    return path


def state(host: CentosHost) -> set[str]:
    """Files with size, time and mode, and packages: what a change would show in."""
    return set(
        host.ssh(
            "find /etc /usr /opt -xdev -printf '%p %s %T@ %m\\n'; rpm -qa", sudo=True
        ).splitlines()
    )


@pytest.fixture(scope="module")
def centos(
    host_network: HostNetwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    limits = [f"--memory={MEMORY}", f"--memory-swap={MEMORY}"]
    with centos_host(NAME, network=host_network, docker_options=limits) as host:
        inventory = write_inventory(host, tmp_path_factory.mktemp(NAME) / "inventory.ini")
        before = state(host)
        check = site(inventory, "--check")
        changed_by_check = state(host) ^ before
        first = site(inventory)
        assert first.ok, first.output
        yield Deployed(host, inventory, check, changed_by_check, first, site(inventory))


@pytest.fixture
def seen(centos: Deployed, inspect: Callable[[CentosHost], Inspected]) -> Inspected:
    return inspect(centos.host)


def fab(centos: Deployed, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as an operator types it."""
    verb, *rest = arguments
    return subprocess.run(
        [str(Path(sys.executable).with_name("fab")), verb, "-i", str(centos.inventory), *rest],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=300,
    )


def test_check_mode_on_a_bare_host_passes_and_changes_nothing(centos: Deployed) -> None:
    assert centos.check.ok, centos.check.output
    assert centos.changed_by_check == set()


def test_the_first_run_deploys_and_the_smoke_tests_pass(centos: Deployed) -> None:
    assert centos.first.changed(NAME) > 0
    assert re.search(r"Smoke tests +\d+ passed", centos.first.output), centos.first.output


def test_the_second_run_changes_nothing(centos: Deployed) -> None:
    assert centos.second.ok, centos.second.output
    assert centos.second.changed(NAME) == 0, centos.second.changed_tasks
    assert centos.second.changed("localhost") == 0, centos.second.changed_tasks


@pytest.mark.parametrize(
    "package", ["docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin"]
)
def test_the_vendors_packages_are_installed(seen: Inspected, package: str) -> None:
    assert seen.package(package).is_installed


def test_the_engine_is_enabled_and_runs(seen: Inspected) -> None:
    assert seen.service("docker").is_enabled
    assert seen.service("docker").is_running


def test_every_lasting_service_is_healthy(seen: Inspected) -> None:
    listed = seen.check_output(
        "docker ps --format '{{.Label \"com.docker.compose.service\"}} {{.Status}}'"
    ).splitlines()
    health = {line.split()[0]: "(healthy)" in line for line in listed}
    assert health == dict.fromkeys(LASTING_SERVICES, True), listed


def test_nothing_was_killed_for_want_of_memory(seen: Inspected) -> None:
    ids = seen.check_output("docker ps -aq").split()
    states = json.loads(seen.check_output(f"docker inspect {' '.join(ids)}"))
    assert [one["Name"] for one in states if one["State"]["OOMKilled"] or one["RestartCount"]] == []


@pytest.mark.parametrize("port", PUBLISHED_PORTS)
def test_a_port_listens_to_other_machines(centos: Deployed, seen: Inspected, port: int) -> None:
    assert seen.addr(centos.host.address).port(port).is_reachable


def test_only_the_edge_publishes_ports(seen: Inspected) -> None:
    listed = seen.check_output(
        "docker ps --format '{{.Label \"com.docker.compose.service\"}} {{.Ports}}'"
    ).splitlines()
    assert {line.split()[0] for line in listed if "->" in line} == {"edge"}


@pytest.mark.parametrize(
    ("path", "mode", "owner"),
    [
        (SECRETS, 0o700, 0),
        (f"{SECRETS}/redis_acl", 0o400, 10002),
        (f"{SECRETS}/mariadb_root_password", 0o400, 10003),
        (f"{SECRETS}/luffy_api_secret_key", 0o400, 10004),
        (f"{SECRETS}/proxy_pool_db_conn", 0o400, 10006),
        (f"{SECRETS}/proxy_pool_accounts", 0o400, 10006),
        (f"{SECRETS}/edge_judge_certificate", 0o400, 10001),
        (f"{SECRETS}/judge_authority", 0o400, 0),
        (f"{ROOT}/current/compose.yaml", 0o644, 0),
        (f"{ROOT}/engine.pyz", 0o755, 0),
        ("/etc/docker/daemon.json", 0o644, 0),
    ],
)
def test_a_file_has_its_mode_and_owner(seen: Inspected, path: str, mode: int, owner: int) -> None:
    file = seen.file(path)
    assert (oct(file.mode), file.uid) == (oct(mode), owner)


def test_the_host_has_the_very_images_that_were_built(centos: Deployed, seen: Inspected) -> None:
    shipped = json.loads(seen.check_output(f"cat {ROOT}/current/images.lock"))
    refs = sorted(shipped)
    assert refs
    built = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Id}}", *refs],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    there = seen.check_output(f"docker image inspect --format '{{{{.Id}}}}' {' '.join(refs)}")
    assert there.split() == built


def test_the_host_needs_neither_sources_nor_a_registry(seen: Inspected) -> None:
    assert seen.check_output(f"find {ROOT} -name Dockerfile") == ""
    digests = seen.check_output("docker images --digests --format '{{.Digest}}'").split()
    assert set(digests) == {"<none>"}


def test_fab_shows_the_release_and_each_services_health(centos: Deployed) -> None:
    status = fab(centos, "status")
    assert status.returncode == 0, status.stdout + status.stderr
    for service in LASTING_SERVICES:
        assert re.search(rf"^{service}\s.*healthy", status.stdout, re.MULTILINE), status.stdout


def test_fab_shows_a_services_log(centos: Deployed) -> None:
    logs = fab(centos, "logs", "mariadb", "--tail", "20")
    assert logs.returncode == 0, logs.stdout + logs.stderr
    assert "ready for connections" in logs.stdout


def test_fab_names_the_hosts_there_are_where_one_is_not(centos: Deployed) -> None:
    status = fab(centos, "status", "--hosts", "nobody")
    assert status.returncode == 64
    assert NAME in status.stderr
    assert "nobody" in status.stderr


def started(host: CentosHost, step: str) -> int:
    """How many runs of the release engine have begun a step."""
    text = f'"event": "step_started", "step": "{step}"'
    return int(host.ssh(f"cat {ROOT}/journal/*.jsonl | grep -cF '{text}' || true", sudo=True))


def cut_off(centos: Deployed, setting: str, how: list[str], after_s: float = 0) -> None:
    """Deploy a setting of the checker's, and cut that off in the step that switches services.

    What is in the middle of a switch is the same with few or all.
    """
    host, before = centos.host, started(centos.host, "start")
    with ThreadPoolExecutor(1) as controller:
        deploy = controller.submit(site, centos.inventory, "--skip-tags", "verify", "-e", setting)
        while started(host, "start") == before and not deploy.done():
            time.sleep(0.5)
        time.sleep(after_s)
        assert not deploy.done(), deploy.result().output
        subprocess.run(how, check=True, capture_output=True)
        assert deploy.result().returncode != 0


def test_a_cut_connection_ends_no_deploy(centos: Deployed, host_network: HostNetwork) -> None:
    host = centos.host
    # All connections to this network's hosts have their sockets in one folder.
    folder = str(Path(host_network.control_path).parent)
    cut_off(centos, "proxy_pool_verify_timeout_s=6", ["pkill", "-KILL", "-f", folder])
    # The release engine goes on, records the release, and gives the lock back.
    deadline = time.monotonic() + 120
    while host.ssh(f"cat {ROOT}/lock", sudo=True).strip() and time.monotonic() < deadline:
        time.sleep(1)
    status = fab(centos, "status")
    assert status.returncode == 0, status.stdout + status.stderr
    last = json.loads(host.ssh(f"tail -1 {ROOT}/history.jsonl", sudo=True))
    assert (last["outcome"], last["verb"]) == ("deployed", "deploy")
    model = host.ssh(f"cat {ROOT}/current/compose.yaml", sudo=True)
    assert '"VERIFY_TIMEOUT": "6"' in model


def test_a_reboot_in_the_middle_of_a_deploy_loses_nothing(centos: Deployed) -> None:
    host = centos.host
    # Three seconds into it the checker is being switched.
    restart = ["docker", "restart", host.container]
    cut_off(centos, "proxy_pool_verify_timeout_s=5", restart, after_s=3)
    # Everything comes back by itself.
    deadline = time.monotonic() + 240
    while (smoke := fab(centos, "smoke")).returncode and time.monotonic() < deadline:
        time.sleep(2)
    assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    assert re.search(r"Smoke tests +\d+ passed", smoke.stdout), smoke.stdout
    # The next deploy ends what was begun, and leaves one container of each service.
    again = fab(centos, "deploy")
    assert again.returncode == 0, again.stdout + again.stderr
    status = fab(centos, "status")
    assert status.returncode == 0, status.stdout + status.stderr
    listed = host.ssh("docker ps --format '{{.Label \"com.docker.compose.service\"}}'", sudo=True)
    assert sorted(listed.split()) == sorted(LASTING_SERVICES)


def test_a_machine_that_cannot_make_the_base_image_is_refused_as_builder(
    centos: Deployed, tmp_path: Path
) -> None:
    inventory = tmp_path / "builder.ini"
    inventory.write_text(
        f"[bundle]\n{centos.host.inventory_line()}\n[builder]\n{NAME}\n"
        f'[bundle:vars]\nansible_become=true\npublic_hosts=["{centos.host.address}"]\n'
    )
    refused = site(inventory, "--check")
    assert refused.returncode == 2, refused.output
    assert re.search(
        r"builder: expected Debian or Ubuntu, .* found CentOS 9.*; do: start this from a Debian",
        refused.failures[-1],
    ), refused.failures


# ---------- production: the last test, since it takes the demo world away ----------


def test_without_the_demo_world_nothing_of_it_is_left(centos: Deployed, seen: Inspected) -> None:
    production = site(centos.inventory, "-e", "demo_world=false", "-e", "stack_sample_data=false")
    assert production.ok, production.output
    assert re.search(r"Smoke tests +\d+ passed", production.output), production.output
    assert "luffy manage createsuperuser" in production.output
    running = seen.check_output(
        "docker ps --format '{{.Label \"com.docker.compose.service\"}}'"
    ).split()
    assert set(running) == set(LASTING_SERVICES) - {"demo"}
    assert not seen.addr(centos.host.address).port(8009).is_reachable
    its_label = "label=com.docker.compose.service=proxy_pool_checker"
    checker = seen.check_output(f"docker inspect $(docker ps -q --filter {its_label})")
    environment = dict(
        variable.split("=", 1) for variable in json.loads(checker)[0]["Config"]["Env"]
    )
    assert environment["JUDGE_URL"] == f"http://{centos.host.address}:8001/check/"
    assert environment["JUDGE_HTTPS_URL"] == f"https://{centos.host.address}:8444/check/"
    assert environment["OWN_ADDRESSES"] == centos.host.address
    assert environment["ALLOWED_UPSTREAM_NETWORKS"] == ""
