"""The role docker on three bare hosts: what it installs, refuses, keeps and restarts.

`plain` is CentOS Stream 9 with podman on it, `filtered` is one with firewalld running and an
operator's own daemon.json, `classic` is Debian 12 whose PID 1 is not systemd and whose engine 20.10
cannot check a configuration.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from testinfra.host import Host as Inspected

from tests.hosts.centos import CentosHost, centos_host
from tests.hosts.debian import debian_host
from tests.hosts.host import Host, state
from tests.hosts.network import HostNetwork
from tests.playbook import PlaybookResult, run_role

PORTS = [80, 20000, 20001, 20002]
OPERATORS = {"debug": True, "log-opts": {"labels": "site"}, "userland-proxy": True}
NAMES = ["plain", "filtered", "classic"]


@dataclass(frozen=True)
class Bare:
    """Three hosts that the role has not been applied to."""

    plain: CentosHost
    filtered: CentosHost
    classic: Host
    folder: Path

    @property
    def all(self) -> dict[str, Host]:
        """Return the hosts by name."""
        return {"plain": self.plain, "filtered": self.filtered, "classic": self.classic}

    def inventory(self, *names: str) -> Path:
        """Write an inventory of some of the hosts, or of all."""
        variables: dict[str, dict[str, object]] = {
            "filtered": {"docker_repo_base": "aliyun", "bundle_published_ports": PORTS}
        }
        chosen = names or tuple(NAMES)
        path = self.folder / f"{'-'.join(chosen)}.ini"
        lines = [self.all[name].inventory_line(**variables.get(name, {})) for name in chosen]
        path.write_text("\n".join(["[bundle]", *lines]) + "\n")
        return path


@pytest.fixture(scope="module")
def bare(host_network: HostNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    with (
        centos_host("plain", network=host_network) as plain,
        centos_host("filtered", network=host_network, firewalld=True) as filtered,
        debian_host("classic", network=host_network) as classic,
    ):
        plain.ssh("dnf -q -y install podman containers-common", sudo=True)
        filtered.ssh("mkdir /etc/docker", sudo=True)
        filtered.write_file("/etc/docker/daemon.json", json.dumps(OPERATORS))
        yield Bare(plain, filtered, classic, tmp_path_factory.mktemp("docker"))


@dataclass(frozen=True)
class Provisioned:
    """The same hosts with the role applied: in check mode, for real, and once more."""

    hosts: Bare
    state_before: dict[str, set[str]]
    state_after_check: dict[str, set[str]]
    check: PlaybookResult
    first: PlaybookResult
    second: PlaybookResult


@pytest.fixture(scope="module")
def provisioned(bare: Bare) -> Provisioned:
    inventory = bare.inventory()
    before = {name: state(host) for name, host in bare.all.items()}
    check = run_role("docker", inventory, "--check", "--diff")
    after = {name: state(host) for name, host in bare.all.items()}
    first = run_role("docker", inventory)
    assert first.ok, first.output
    return Provisioned(bare, before, after, check, first, run_role("docker", inventory))


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def host(provisioned: Provisioned, name: str) -> Host:
    return provisioned.hosts.all[name]


@pytest.fixture
def seen(host: Host, inspect: Callable[[Host], Inspected]) -> Inspected:
    return inspect(host)


# ---------- refusals, on hosts where nothing was changed yet ----------


# By name: what is set, and what the role then says.
BAD_INPUT: dict[str, tuple[dict[str, object], str]] = {
    "mirror-silent": (
        {"docker_repo_base": "https://download.docker.com:4443"},
        r"expected https://download\.docker\.com:4443/linux/centos/9/\S+ to answer 200, "
        r"found .*refused.*; set docker_repo_base to another mirror",
    ),
    "mirror-empty": (
        {"docker_repo_base": "http://download.docker.com/nothing-here"},
        r"expected http://\S+/nothing-here/\S+ to answer 200, found 404; set docker_repo_base",
    ),
    "mirror-unknown": (
        {"docker_repo_base": "nosuch"},
        r'docker_repo_base: expected vendor, aliyun, .* found "nosuch"',
    ),
    "key": (
        {"docker_rpm_key_fingerprint": "060A61C51B558A7F742B77AAC52FEB6B621E9F35"},
        r"Signing key https://download\.docker\.com/linux/centos/gpg: expected fingerprint "
        r"060A\w+, found .*; use another mirror",
    ),
    "type": ({"docker_live_restore": "maybe"}, r"docker_live_restore"),
    "element": ({"docker_published_ports": ["http"]}, r"docker_published_ports"),
    "size": (
        {"docker_log_max_size": "lots"},
        r"log-opts\.max-size: expected a size as in 10m, found lots; correct",
    ),
    "pool": (
        {"docker_address_pools": [{"base": "172.18.0.0/15", "size": 8}]},
        r"expected a size from 15 to 29 for 172\.18\.0\.0/15, found 8; correct",
    ),
}


@dataclass(frozen=True)
class Refused:
    """One run on a host that the inventory names once for each bad input, and what it changed."""

    result: PlaybookResult
    changed: set[str]


@pytest.fixture(scope="module")
def bad_input(bare: Bare) -> Refused:
    path = bare.folder / "bad-input.ini"
    lines = [
        re.sub(r"^\S+", name, bare.plain.inventory_line(**variables))
        for name, (variables, _) in BAD_INPUT.items()
    ]
    path.write_text("\n".join(["[bundle]", *lines]) + "\n")
    before = state(bare.plain)
    result = run_role("docker", path)
    return Refused(result, state(bare.plain) ^ before)


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_ends_before_anything_is_changed(bad_input: Refused, name: str) -> None:
    said = bad_input.result.failures_of(name)
    assert said, bad_input.result.output
    assert re.search(BAD_INPUT[name][1], said[-1]), said[-1]
    # what Ansible itself says of an argument has a heading; what the role says is one line
    assert "\n" not in said[-1].removeprefix("Validation of arguments failed:\n").strip()
    assert bad_input.result.changed(name) == 0
    assert bad_input.changed == set()


def test_an_archive_that_apt_cannot_reach_ends_before_anything_is_changed(bare: Bare) -> None:
    host = bare.classic
    sources = host.ssh("cat /etc/apt/sources.list")
    host.write_file("/etc/apt/sources.list", "deb http://archive.test.invalid/debian bookworm main")
    try:
        before = state(host)
        result = run_role("docker", bare.inventory("classic"))
        assert re.search(
            r"expected http://archive\.test\.invalid/debian/dists/bookworm/InRelease to be there, "
            r"found Could not resolve .*; use a mirror that has it",
            result.refusal,
        ), result.refusal
        assert state(host) ^ before == set()
    finally:
        host.write_file("/etc/apt/sources.list", sources)


def test_an_engine_of_another_origin_that_is_too_old_is_refused(bare: Bare) -> None:
    engine = "/usr/bin/dockerd"
    bare.plain.write_file(
        engine, "#!/bin/sh\necho Docker version 19.03.15, build 99e3ed8\n", "0755"
    )
    try:
        result = run_role("docker", bare.inventory("plain"))
    finally:
        bare.plain.ssh(f"rm {engine}", sudo=True)
    assert "expected 20.10 or newer, found another engine 19.03.15; upgrade" in result.refusal


# ---------- check mode, the first run, the second ----------


def test_check_mode_says_what_it_would_do_and_does_nothing(
    provisioned: Provisioned, name: str
) -> None:
    assert provisioned.check.ok, provisioned.check.output
    assert provisioned.check.changed(name) > 0
    assert provisioned.state_after_check[name] ^ provisioned.state_before[name] == set()


def test_the_first_run_succeeds(provisioned: Provisioned, name: str) -> None:
    assert provisioned.first.recap[name]["failed"] == 0
    assert provisioned.first.changed(name) > 0


def test_the_second_run_changes_nothing(provisioned: Provisioned, name: str) -> None:
    assert provisioned.second.ok, provisioned.second.output
    assert provisioned.second.changed(name) == 0, provisioned.second.changed_tasks


# ---------- what a host has then ----------


@pytest.mark.parametrize("package", ["docker-ce", "docker-ce-cli"])
@pytest.mark.parametrize("name", ["plain", "filtered"])
def test_the_vendors_engine_is_there_in_its_pinned_major_version(
    seen: Inspected, package: str
) -> None:
    assert seen.package(package).is_installed
    assert seen.package(package).version.startswith("26.")  # the repository has a 99.0.0 as well


@pytest.mark.parametrize("package", ["containerd.io", "docker-buildx-plugin"])
@pytest.mark.parametrize("name", ["plain", "filtered"])
def test_what_belongs_to_the_vendors_engine_is_there(seen: Inspected, package: str) -> None:
    assert seen.package(package).is_installed


@pytest.mark.parametrize("package", ["podman", "containers-common", "runc", "buildah"])
@pytest.mark.parametrize("name", ["plain"])
def test_conflicting_packages_are_gone(seen: Inspected, package: str) -> None:
    assert not seen.package(package).is_installed


@pytest.mark.parametrize("package", ["docker.io", "docker-compose", "docker-buildx"])
@pytest.mark.parametrize("name", ["classic"])
def test_the_distributions_engine_is_there(seen: Inspected, package: str) -> None:
    assert seen.package(package).is_installed


@pytest.mark.parametrize("name", ["classic"])
def test_only_compose_and_buildx_come_from_the_next_release(seen: Inspected) -> None:
    assert seen.package("docker.io").version.startswith("20.10.")
    policy = seen.check_output("apt-cache policy docker-compose libc6")
    compose, libc = policy.split("libc6:")
    assert re.search(r"Installed: 2\.", compose), policy
    assert re.search(r"Candidate: 2\.36-", libc), policy


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("plain", "https://download.docker.com"),
        ("filtered", "https://mirrors.aliyun.com/docker-ce"),
    ],
)
def test_the_repository_file_points_at_the_chosen_mirror_alone(seen: Inspected, base: str) -> None:
    file = seen.file("/etc/yum.repos.d/docker-ce.repo")
    addresses = re.findall(r"https?://[^\s$]+", file.content_string)
    assert addresses == [f"{base}/linux/centos/9/", f"{base}/linux/centos/gpg"]
    assert "gpgcheck=1" in file.content_string
    assert (file.user, file.mode) == ("root", 0o644)


@pytest.mark.parametrize("name", ["plain", "filtered"])
def test_the_service_is_enabled_and_runs_under_systemd(seen: Inspected) -> None:
    assert seen.service("docker").is_enabled
    assert seen.service("docker").is_running


@pytest.mark.parametrize("name", ["classic"])
def test_the_service_is_enabled_and_runs_without_systemd(seen: Inspected) -> None:
    assert seen.file("/proc/1/comm").content_string.strip() != "systemd"
    assert seen.run("service docker status").rc == 0
    assert re.search(r"^S\d+docker$", seen.check_output("ls /etc/rc3.d"), re.MULTILINE)


def test_daemon_json_has_the_bundles_settings(seen: Inspected) -> None:
    file = seen.file("/etc/docker/daemon.json")
    config = json.loads(file.content_string)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    assert config["log-driver"] == "json-file"
    assert config["log-opts"].items() >= {"max-size": "10m", "max-file": "3"}.items()
    assert config["no-new-privileges"] is True
    assert config["userland-proxy"] is False
    assert config["live-restore"] is True
    assert config["default-address-pools"] == [{"base": "172.18.0.0/15", "size": 24}]


@pytest.mark.parametrize("name", ["filtered"])
def test_an_operators_own_keys_are_kept(seen: Inspected) -> None:
    config = json.loads(seen.file("/etc/docker/daemon.json").content_string)
    assert config["debug"] is True
    assert config["log-opts"]["labels"] == "site"


@pytest.mark.parametrize("command", ["docker compose", "docker-compose"])
def test_compose_answers_by_both_commands(seen: Inspected, command: str) -> None:
    version = seen.check_output(f"{command} version --short")
    assert tuple(int(part) for part in version.split(".")[:2]) >= (2, 20)


def test_the_engine_answers(seen: Inspected) -> None:
    info = json.loads(seen.check_output("docker info --format '{{json .}}'"))
    assert info["ServerVersion"] >= "20.10"
    assert info["LiveRestoreEnabled"] is True


# ---------- containers ----------

PYTHON_IMAGE = """
set -e
docker image inspect python-test > /dev/null 2>&1 && exit
tar -C / -chf - lib64/ld-linux-x86-64.so.2 usr/bin/python3.11 usr/lib/python3.11 \
  $(ldd /usr/bin/python3.11 | grep -o '/lib/[^ ]*' | sed 's#^/##') 2> /dev/null |
  docker import - python-test > /dev/null
docker save python-test > /root/python-test.tar
docker image rm python-test > /dev/null
docker load < /root/python-test.tar
rm /root/python-test.tar
"""


@pytest.fixture
def with_image(host: Host) -> Host:
    """Load an image that holds the host's own Python onto the host."""
    host.ssh(PYTHON_IMAGE, sudo=True)
    return host


def in_container(host: Host, code: str) -> str:
    """Run Python code in a container and return what it printed."""
    run = f"docker run --rm --network none python-test /usr/bin/python3.11 -c {shlex.quote(code)}"
    return host.ssh(run, sudo=True)


def test_a_loaded_image_runs(with_image: Host) -> None:
    assert in_container(with_image, "print(6 * 7)").strip() == "42"


def test_a_container_gains_no_privileges(with_image: Host) -> None:
    status = in_container(with_image, 'print(open("/proc/self/status").read())')
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE), status


SLEEPER = "docker inspect --format '{{.State.StartedAt}} {{.State.Running}}' sleeper"


@dataclass(frozen=True)
class Restart:
    """What a change of the configuration did to the engine and to a container, on each host."""

    result: PlaybookResult
    engine: dict[str, tuple[str, str]]
    container: dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def restart(provisioned: Provisioned) -> Restart:
    hosts = provisioned.hosts.all
    for host in hosts.values():
        host.ssh(PYTHON_IMAGE, sudo=True)
        sleep = "/usr/bin/python3.11 -c 'import time; time.sleep(3600)'"
        host.ssh(f"docker run -d --name sleeper python-test {sleep}", sudo=True)

    def ask(command: str) -> dict[str, str]:
        return {name: host.ssh(command, sudo=True) for name, host in hosts.items()}

    engine, container = ask("cat /var/run/docker.pid"), ask(SLEEPER)
    result = run_role("docker", provisioned.hosts.inventory(), variables={"docker_log_max_file": 5})
    engine_after, container_after = ask("cat /var/run/docker.pid"), ask(SLEEPER)
    return Restart(
        result,
        {name: (engine[name], engine_after[name]) for name in hosts},
        {name: (container[name], container_after[name]) for name in hosts},
    )


def test_a_changed_configuration_restarts_the_engine_and_no_container(
    restart: Restart, name: str
) -> None:
    assert restart.result.ok, restart.result.output
    before, after = restart.engine[name]
    assert before != after
    before, after = restart.container[name]
    assert before == after


@dataclass(frozen=True)
class TakenOver:
    """What two runs did on hosts whose configuration an earlier one had only written."""

    engine: dict[str, tuple[str, str]]
    again: PlaybookResult
    settled: PlaybookResult


@pytest.fixture(scope="module")
def taken_over(restart: Restart, provisioned: Provisioned) -> TakenOver:
    hosts = {name: provisioned.hosts.all[name] for name in ("plain", "classic")}

    def engine() -> dict[str, str]:
        return {n: host.ssh("cat /var/run/docker.pid", sudo=True) for n, host in hosts.items()}

    before = engine()
    for host in hosts.values():
        host.ssh("touch /etc/docker/daemon.json", sudo=True)
    again = run_role("docker", provisioned.hosts.inventory(*hosts))
    after = engine()
    settled = run_role("docker", provisioned.hosts.inventory(*hosts))
    return TakenOver({name: (before[name], after[name]) for name in hosts}, again, settled)


@pytest.mark.parametrize("name", ["plain", "classic"])
def test_a_configuration_that_a_cut_off_run_had_written_is_taken_over(
    taken_over: TakenOver, name: str
) -> None:
    assert taken_over.again.ok, taken_over.again.output
    assert "Have the engine take over" in " ".join(taken_over.again.changed_tasks)
    assert taken_over.again.changed(name) > 0
    before, after = taken_over.engine[name]
    assert before != after
    assert taken_over.settled.changed(name) == 0, taken_over.settled.changed_tasks


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain", "no-such-key"),  # in dockerd's own words
        ("classic", "no-such-key: expected a key that this engine knows, found an unknown one"),
    ],
)
def test_a_configuration_that_the_engine_refuses_leaves_the_old_one(
    provisioned: Provisioned, host: Host, words: str, name: str
) -> None:
    before = host.ssh("cat /etc/docker/daemon.json; cat /var/run/docker.pid", sudo=True)
    result = run_role(
        "docker",
        provisioned.hosts.inventory(name),
        variables={"docker_daemon_options": {"no-such-key": 1}},
    )
    assert words in result.refusal
    assert "docker_daemon_options" in result.refusal
    assert host.ssh("cat /etc/docker/daemon.json; cat /var/run/docker.pid", sudo=True) == before
    host.ssh("docker info", sudo=True)


@pytest.mark.parametrize("name", ["plain"])
def test_a_daemon_json_that_is_no_json_is_refused_and_left_alone(
    provisioned: Provisioned, host: Host
) -> None:
    good = host.ssh("cat /etc/docker/daemon.json")
    host.write_file("/etc/docker/daemon.json", '{"debug": true')
    try:
        result = run_role("docker", provisioned.hosts.inventory("plain"))
        assert "/etc/docker/daemon.json: expected JSON, found" in result.refusal
        assert host.ssh("cat /etc/docker/daemon.json") == '{"debug": true'
    finally:
        host.write_file("/etc/docker/daemon.json", good)


# ---------- firewalld ----------


@pytest.mark.parametrize("name", ["filtered"])
def test_firewalld_lets_the_published_ports_in_now_and_after_a_reboot(seen: Inspected) -> None:
    expected = {"80/tcp", "20000-20002/tcp"}
    zone = seen.check_output("firewall-cmd --get-default-zone")
    for when in ["--zone", "--permanent --zone"]:
        ports = seen.check_output(f"firewall-cmd {when} {zone} --list-ports")
        assert set(ports.split()) == expected


@pytest.mark.parametrize("name", ["filtered"])
def test_the_engines_bridge_is_in_its_zone(seen: Inspected) -> None:
    assert "docker0" in seen.check_output("firewall-cmd --zone docker --list-interfaces")


@pytest.mark.parametrize("name", ["filtered"])
def test_a_published_port_answers_through_firewalld_and_after_its_reload(with_image: Host) -> None:
    with_image.ssh(
        "docker run -d --name web -p 80:8080 python-test /usr/bin/python3.11 -m http.server 8080; "
        "systemd-run --unit unpublished python3 -m http.server 81",
        sudo=True,
    )
    try:
        assert answers(with_image.address, 80)
        assert not answers(with_image.address, 81)  # firewalld really filters
        with_image.ssh("firewall-cmd --reload", sudo=True)
        assert answers(with_image.address, 80)
    finally:
        with_image.ssh("docker rm -f web; systemctl stop unpublished", sudo=True)


def answers(address: str, port: int, timeout_s: float = 5.0) -> bool:
    """Tell whether a port accepts a connection within some seconds."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            with socket.create_connection((address, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.2)
    return False


# ---------- this machine ----------


def test_check_mode_runs_on_this_machine(tmp_path: Path) -> None:
    inventory = tmp_path / "local.ini"
    inventory.write_text(
        "[bundle]\nlocalhost ansible_connection=local "
        'ansible_python_interpreter="{{ ansible_playbook_python }}"\n'
    )
    engine = Path("/etc/docker/daemon.json")
    before = engine.read_bytes() if engine.exists() else b""
    result = run_role("docker", inventory, "--check")
    assert result.ok, result.output
    assert (engine.read_bytes() if engine.exists() else b"") == before
