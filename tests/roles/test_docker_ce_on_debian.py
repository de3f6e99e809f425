"""The role docker on Debian 12 where docker-ce is asked for: archive, key, and pinned version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from testinfra.host import Host as Inspected

from tests.hosts.centos import DOCKER_CE_VERSION
from tests.hosts.debian import debian_host
from tests.hosts.host import Host, state
from tests.hosts.network import HostNetwork
from tests.playbook import PlaybookResult, run_role

MIRROR = "https://mirrors.tuna.tsinghua.edu.cn/docker-ce/linux/debian"


@dataclass(frozen=True)
class Bare:
    """A host that the role has not been applied to, and an inventory that asks for docker-ce."""

    host: Host
    asked: dict[str, object]
    inventory: Path


@pytest.fixture(scope="module")
def bare(host_network: HostNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    with debian_host("vendored", network=host_network) as host:
        asked: dict[str, object] = {
            "docker_engine": "docker-ce",
            "docker_repo_base": "tsinghua",
            # its archive holds the vendor's packages at Debian's version, with a key of its own
            "docker_ce_version": DOCKER_CE_VERSION,
            "docker_deb_key_fingerprint": host_network.signing_key_fingerprint,
        }
        folder = tmp_path_factory.mktemp("vendored")
        yield Bare(host, asked, host.write_inventory(folder / "inventory.ini", "bundle", **asked))


# By name: what is set, and what the role then says.
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "mirror-silent": (
        {"docker_repo_base": "https://download.docker.com:4443"},
        r"expected https://download\.docker\.com:4443/linux/debian/dists/bookworm/InRelease to "
        r"answer 200, found .*refused.*; set docker_repo_base to another mirror",
    ),
    "mirror-empty": (
        {"docker_repo_base": "http://download.docker.com/nothing-here"},
        r"expected http://\S+/nothing-here/\S+ to answer 200, found 404; set docker_repo_base",
    ),
    "engine-unknown": ({"docker_engine": "podman"}, r"docker_engine"),
}


def test_bad_input_ends_before_anything_is_changed(bare: Bare) -> None:
    path = bare.inventory.with_name("bad-input.ini")
    named = [
        re.sub(r"^\S+", name, bare.host.inventory_line(**{**bare.asked, **variables}))
        for name, (variables, _) in REFUSED.items()
    ]
    path.write_text("\n".join(["[bundle]", *named]) + "\n")
    before = state(bare.host)
    result = run_role("docker", path)
    for name, (_, words) in REFUSED.items():
        said = result.failures_of(name)
        assert said, result.output
        assert re.search(words, said[-1]), said[-1]
    assert state(bare.host) ^ before == set()


def test_a_strangers_key_is_refused_and_nothing_is_installed(bare: Bare) -> None:
    stranger = {"docker_deb_key_fingerprint": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"}
    result = run_role("docker", bare.inventory, variables=stranger)
    assert re.search(
        r"Signing key https://\S+/linux/debian/gpg: expected fingerprint 9DC8\w+, found another "
        r"key; use another mirror",
        result.refusal,
    ), result.refusal
    left = bare.host.ssh(
        "ls /etc/apt/keyrings/docker.asc /etc/apt/sources.list.d/docker.sources /usr/bin/dockerd "
        "2> /dev/null || true"
    )
    assert left == ""


@dataclass(frozen=True)
class Provisioned:
    """The same host with the role applied: in check mode, for real, and once more."""

    host: Host
    check: PlaybookResult
    first: PlaybookResult
    second: PlaybookResult


@pytest.fixture(scope="module")
def provisioned(bare: Bare) -> Provisioned:
    check = run_role("docker", bare.inventory, "--check")
    first = run_role("docker", bare.inventory)
    assert first.ok, first.output
    return Provisioned(bare.host, check, first, run_role("docker", bare.inventory))


@pytest.fixture
def seen(provisioned: Provisioned, inspect: Callable[[Host], Inspected]) -> Inspected:
    return inspect(provisioned.host)


def test_check_mode_says_what_it_would_install(provisioned: Provisioned) -> None:
    assert provisioned.check.ok, provisioned.check.output
    assert "Say what would be installed" in " ".join(provisioned.check.changed_tasks)


def test_the_second_run_changes_nothing(provisioned: Provisioned) -> None:
    assert provisioned.second.ok, provisioned.second.output
    assert provisioned.second.changed("vendored") == 0, provisioned.second.changed_tasks


def test_the_vendors_engine_is_there_in_its_pinned_major_version(seen: Inspected) -> None:
    for package in ("docker-ce", "docker-ce-cli"):
        # the archive has a 99.0.0 as well
        assert seen.package(package).version.startswith(f"5:{DOCKER_CE_VERSION}.")
    for package in ("containerd.io", "docker-buildx-plugin", "docker-compose-plugin"):
        assert seen.package(package).is_installed
    for package in ("docker.io", "docker-compose"):
        assert not seen.package(package).is_installed


def test_the_archive_is_the_chosen_mirror_and_its_key_signs_for_it_alone(seen: Inspected) -> None:
    source = seen.file("/etc/apt/sources.list.d/docker.sources")
    assert f"URIs: {MIRROR}\n" in source.content_string
    assert "Signed-By: /etc/apt/keyrings/docker.asc\n" in source.content_string
    assert (source.user, source.mode) == ("root", 0o644)
    assert seen.file("/etc/apt/keyrings/docker.asc").mode == 0o644


def test_the_engine_runs_and_compose_answers_by_both_commands(seen: Inspected) -> None:
    assert seen.check_output("docker version --format '{{.Server.Version}}'").startswith(
        f"{DOCKER_CE_VERSION}."
    )
    assert seen.run("service docker status").rc == 0
    for command in ("docker compose", "docker-compose"):
        major, minor = seen.check_output(f"{command} version --short").split(".")[:2]
        assert (int(major), int(minor)) >= (2, 20)
