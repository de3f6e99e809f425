"""The role `images` as a playbook runs it: on this machine's engine, and to a test host."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.hosts.centos import CentosHost, centos_host
from tests.hosts.network import HostNetwork
from tests.playbook import PlaybookResult, run_playbook, run_role

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("edge", "redis")
HOST_DIR = "/opt/luffy-images-test/images"


def docker(*args: str) -> str:
    """Run docker on this machine; an error raises subprocess.CalledProcessError."""
    return subprocess.run(["docker", *args], check=True, capture_output=True, text=True).stdout


def local_refs(pattern: str) -> set[str]:
    """The references that this machine's engine holds of some repositories."""
    return set(docker("images", "--format", "{{.Repository}}:{{.Tag}}", pattern).split())


def image_layers(ref: str) -> list[str]:
    """The digests of an image's layers, its base's first."""
    layers: list[str] = json.loads(docker("image", "inspect", ref))[0]["RootFS"]["Layers"]
    return layers


@dataclass
class Checkout:
    """A checkout with two small services on the bundle's real base image.

    ``marker`` is in every image of this checkout, so that its tags are its own.
    """

    folder: Path
    marker: str
    facts: Path = field(init=False)

    def __post_init__(self) -> None:
        self.facts = self.folder / "bundle_images.json"
        for name in NAMES:
            context = self.services / name
            context.mkdir(parents=True)
            (context / "Dockerfile").write_text(
                "ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS runtime\nCOPY . /srv\nUSER 10001:10001\n"
            )
            (context / "marker").write_text(f"{self.marker} {name}\n")
            (context / ".dockerignore").write_text("README.md\n")
        shutil.copytree(ROOT / "services/base", self.services / "base")
        entries = [{"name": "base", "context": "base", "depends": []}] + [
            {"name": name, "context": name, "depends": ["base"]} for name in NAMES
        ]
        (self.services / "images.json").write_text(json.dumps({"images": entries}))

    @property
    def services(self) -> Path:
        return self.folder / "services"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def images(self) -> dict[str, dict[str, str]]:
        """What the last successful run set `bundle_images` to."""
        images: dict[str, dict[str, str]] = json.loads(self.facts.read_text())
        return images

    def run(
        self, *arguments: str, inventory: Path | None = None, **variables: object
    ) -> PlaybookResult:
        """Run the two halves of the role as the bundle's own playbook does."""
        playbook = self.folder / "play.yml"
        ship = {"ansible.builtin.include_role": {"name": "images", "tasks_from": "ship"}}
        build = {"ansible.builtin.include_role": {"name": "images", "tasks_from": "build"}}
        keep = {
            "ansible.builtin.copy": {
                "content": "{{ bundle_images | to_json }}",
                "dest": str(self.facts),
                "mode": "0644",
            },
            "delegate_to": "localhost",
            "become": False,
            "changed_when": False,
        }
        plays = [
            {"name": "Build", "hosts": "builder", "gather_facts": False, "tasks": [build]},
            {"name": "Ship", "hosts": "bundle", "gather_facts": False, "tasks": [ship, keep]},
        ]
        playbook.write_text(json.dumps(plays))
        return run_playbook(
            playbook,
            inventory or self.inventory("[bundle]\nlocalhost\n"),
            *arguments,
            variables={
                "images_services": str(self.services),
                "images_work_dir": str(self.work),
                "images_host_dir": str(self.folder / "host") if not inventory else HOST_DIR,
                **variables,
            },
        )

    def inventory(self, hosts: str) -> Path:
        """Write an inventory of ``hosts`` with this machine as the builder."""
        path = self.folder / "inventory.ini"
        python = '"{{ ansible_playbook_python }}"'
        path.write_text(
            f"{hosts}\n[builder]\n"
            f"localhost ansible_connection=local ansible_python_interpreter={python}\n"
        )
        return path

    def base_ref(self) -> str:
        """The base image that this checkout's services stand on: the layers say which."""
        layers = {ref: image_layers(ref) for ref in local_refs("luffy-bundle/base")}
        first = image_layers(self.images["EDGE_IMAGE"]["ref"])[0]
        return next(ref for ref in layers if layers[ref] == [first])

    def remove_images(self) -> None:
        """Take this checkout's images out of the engine."""
        refs = {image["ref"] for image in self.images.values()} if self.facts.exists() else set()
        present = refs & local_refs("luffy-bundle/*")
        if present:
            docker("rmi", "--force", *present)


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    fresh = Checkout(tmp_path / "checkout", tmp_path.name + str(tmp_path.stat().st_ctime_ns))
    yield fresh
    fresh.remove_images()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout whose images have been built on this machine."""
    folder = tmp_path_factory.mktemp("images")
    ready = Checkout(folder / "checkout", str(folder.stat().st_ctime_ns))
    result = ready.run()
    assert result.ok, result.output
    yield ready
    ready.remove_images()


def only_failure(result: PlaybookResult) -> str:
    assert result.returncode != 0, result.output
    assert len(result.failures) == 1, result.output
    return result.failures[0]


# --- building -------------------------------------------------------------------------------------


def test_check_mode_says_what_it_would_build_and_builds_nothing(checkout: Checkout) -> None:
    result = checkout.run("--check")
    assert result.ok, result.output
    assert result.changed_tasks == ["images : Build what is missing"]
    assert not checkout.work.exists()


def test_images_are_built_and_named_for_the_other_roles(built: Checkout) -> None:
    assert set(built.images) == {"EDGE_IMAGE", "REDIS_IMAGE"}
    for variable, image in built.images.items():
        name = variable.removesuffix("_IMAGE").lower()
        assert image["ref"].startswith(f"luffy-bundle/{name}:")
        described = json.loads(docker("image", "inspect", image["ref"]))[0]
        assert image["config_digest"] == described["Id"]
        content = docker("run", "--rm", "--network", "none", image["ref"], "cat", "/srv/marker")
        assert content == f"{built.marker} {name}\n"


def test_a_second_run_changes_nothing_and_is_quick(built: Checkout) -> None:
    result = built.run()
    assert result.ok, result.output
    assert result.changed("localhost") == 0
    assert result.duration_s < 15, f"{result.duration_s:.1f} s, most of it Ansible's own start"


def test_a_changed_source_builds_its_own_image_alone(built: Checkout) -> None:
    before = built.images
    (built.services / "redis/README.md").write_text("no part of the image\n")
    assert built.run().changed("localhost") == 0
    (built.services / "redis/marker").write_text("another\n")
    assert built.run().changed("localhost") == 1
    after = built.images
    docker("rmi", "--force", before["REDIS_IMAGE"]["ref"])
    assert after["EDGE_IMAGE"] == before["EDGE_IMAGE"]
    assert after["REDIS_IMAGE"]["ref"] != before["REDIS_IMAGE"]["ref"]
    (built.services / "redis/marker").write_text(f"{built.marker} redis\n")
    assert built.run().changed("localhost") == 1
    docker("rmi", "--force", after["REDIS_IMAGE"]["ref"])
    assert built.images["REDIS_IMAGE"]["ref"] == before["REDIS_IMAGE"]["ref"]


def test_the_base_is_small_and_leaves_nothing_of_the_builder_behind(built: Checkout) -> None:
    found = docker(
        *("run", "--rm", "--network", "none", "--user", "0", built.images["EDGE_IMAGE"]["ref"]),
        *("sh", "-c", "du -sxm / | cut -f 1; ls /var/lib/apt/lists /tmp; apt-config dump"),
    )
    assert int(found.split()[0]) < 100, found
    assert 'APT::Install-Recommends "false";' in found
    assert "InRelease" not in found
    assert str(ROOT) not in found


def test_a_failed_build_shows_its_last_lines_and_what_to_do(checkout: Checkout) -> None:
    with (checkout.services / "redis/Dockerfile").open("a") as dockerfile:
        dockerfile.write("USER 0:0\nRUN echo the reason stands here >&2; exit 3\n")
    message = only_failure(checkout.run())
    assert "expected the image redis (luffy-bundle/redis:" in message
    assert "exit code" in message
    assert "the reason stands here" in message
    assert "Correct what the lines above name; what has been built already is kept." in message
    log = checkout.work / "logs/redis.log"
    assert str(log) in message
    assert "the reason stands here" in log.read_text()


def test_a_mirror_that_does_not_answer_is_refused_before_anything_is_built(
    checkout: Checkout,
) -> None:
    message = only_failure(checkout.run(debian_mirror="http://127.0.0.1:9/debian"))
    assert "expected the Debian mirror http://127.0.0.1:9/debian to serve" in message
    assert "Connection refused" in message
    assert "Set debian_mirror" in message
    assert not (checkout.work / "logs").exists()


def test_an_index_that_does_not_answer_is_refused_before_anything_is_built(
    checkout: Checkout,
) -> None:
    message = only_failure(checkout.run(pip_index_url="http://127.0.0.1:9/simple"))
    assert "expected pip_index_url to answer at http://127.0.0.1:9/simple" in message
    assert not (checkout.work / "logs").exists()


def test_a_full_disk_is_refused_before_anything_is_built(checkout: Checkout) -> None:
    message = only_failure(checkout.run(images_build_min_free_mib=10**9))
    assert "expected 1000000000 MiB free" in message
    assert not (checkout.work / "logs").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"base_image_source": "disk"}, "value of base_image_source must be one of"),
        ({"base_image_source": "registry"}, "expected base_image_registry_ref"),
        ({"build_ca_bundle": "/no/such/file"}, "expected a file with certificates at build_ca"),
        ({"images_build_args": {"rediss": {"A": "1"}}}, "found rediss"),
        ({"images_parallel_builds": "many"}, "images_parallel_builds"),
    ],
)
def test_a_bad_variable_is_refused(
    checkout: Checkout, variables: dict[str, object], expected: str
) -> None:
    result = checkout.run(inventory=None, **variables)
    assert result.returncode != 0
    assert expected in result.output
    assert not checkout.work.exists()


def test_a_base_from_a_registry_s_image_serves_as_well(built: Checkout, checkout: Checkout) -> None:
    """The bundle's own base, under a name as a registry would give it, is the Debian image."""
    reference = "luffy-images-test.invalid/debian:trixie-slim"
    docker("tag", built.base_ref(), reference)
    variables = {"base_image_source": "registry", "base_image_registry_ref": reference}
    before = local_refs("luffy-bundle/base")
    try:
        first = checkout.run(inventory=None, **variables)
        assert first.ok, first.output
        edge = checkout.images["EDGE_IMAGE"]["ref"]
        assert "90luffy-bundle" in docker("run", "--rm", edge, "ls", "/etc/apt/apt.conf.d")
        second = checkout.run(inventory=None, **variables)
        assert second.changed("localhost") == 0, second.output
    finally:
        checkout.remove_images()
        docker("rmi", "--force", reference, *(local_refs("luffy-bundle/base") - before))


def test_an_official_image_is_taken_as_it_is(built: Checkout) -> None:
    reference = "luffy-images-test.invalid/library/redis:8"
    docker("tag", built.images["REDIS_IMAGE"]["ref"], reference)
    kept = built.images
    try:
        result = built.run(redis_image=reference)
        assert result.ok, result.output
        assert result.changed("localhost") == 0
        assert built.images["EDGE_IMAGE"] == kept["EDGE_IMAGE"]
        assert built.images["REDIS_IMAGE"]["ref"] == reference
        assert built.images["REDIS_IMAGE"]["config_digest"] == kept["REDIS_IMAGE"]["config_digest"]
    finally:
        docker("rmi", reference)
        built.facts.write_text(json.dumps(kept))


def test_an_official_image_that_cannot_be_pulled_is_named(built: Checkout) -> None:
    message = only_failure(built.run(redis_image="127.0.0.1:9/library/redis:8"))
    assert "expected to pull 127.0.0.1:9/library/redis:8 from its registry" in message
    assert "empty the variable to use the image that is built here" in message


# --- shipping -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def host(
    host_network: HostNetwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CentosHost]:
    """A CentOS host with an engine, as the role `docker` leaves it."""
    with centos_host("images", network=host_network) as ready:
        inventory = ready.write_inventory(tmp_path_factory.mktemp("engine") / "inventory.ini")
        result = run_role("docker", inventory)
        assert result.ok, result.output
        yield ready


@pytest.fixture
def inventory(built: Checkout, host: CentosHost) -> Iterator[Path]:
    """An inventory with the test host, which holds none of the images."""
    yield built.inventory(f"[bundle]\n{host.inventory_line(ansible_become='true')}\n")
    host.ssh(f"docker image prune --all --force; rm -rf {HOST_DIR}", sudo=True)


def image_ids(host: CentosHost, checkout: Checkout) -> dict[str, str]:
    """The ID of each of the checkout's images on the host; absent ones are left out."""
    found = {}
    for image in checkout.images.values():
        asked = host.run(f"sudo docker image inspect --format '{{{{.Id}}}}' {image['ref']}")
        if asked.returncode == 0:
            found[image["ref"]] = asked.stdout.strip()
    return found


def test_a_host_is_shipped_what_it_lacks_and_no_more(
    built: Checkout, host: CentosHost, inventory: Path
) -> None:
    host.hide("debootstrap", "mmdebstrap", "perl", "dpkg-deb", "gpgv")  # it needs no sources
    dry = built.run("--check", inventory=inventory)
    assert dry.ok, dry.output
    assert dry.changed(host.name) > 0
    assert image_ids(host, built) == {}

    first = built.run(inventory=inventory)
    assert first.ok, first.output
    wanted = {image["ref"]: image["config_digest"] for image in built.images.values()}
    assert image_ids(host, built) == wanted
    assert not (built.work / "ship").exists()
    left = host.ssh(f"ls {HOST_DIR}", sudo=True).split()
    assert sorted(left) == sorted(ref.split(":")[1] + ".json" for ref in wanted)
    for ref, digest in wanted.items():
        record = json.loads(host.ssh(f"cat {HOST_DIR}/{ref.split(':')[1]}.json", sudo=True))
        assert (record["ref"], record["config_digest"]) == (ref, digest)

    second = built.run(inventory=inventory)
    assert second.ok, second.output
    assert (second.changed(host.name), second.changed("localhost")) == (0, 0)

    # One is gone, and the other is not the one that was built any more.
    edge, redis = built.images["EDGE_IMAGE"]["ref"], built.images["REDIS_IMAGE"]["ref"]
    host.ssh(f"docker tag {redis} {edge} && docker rmi {redis}", sudo=True)
    again = built.run(inventory=inventory)
    assert again.ok, again.output
    assert image_ids(host, built) == wanted


class Damage:
    """Cuts the archive short on the host as soon as it has arrived, the given number of times."""

    def __init__(self, host: CentosHost, times: int) -> None:
        script = (
            f"f={HOST_DIR}/incoming.tar.gz; n=0; while [ $n -lt {times} ]; do "
            "if [ -s $f ]; then truncate -s 4096 $f; n=$((n+1)); "
            "while [ -e $f ]; do sleep 0.01; done; fi; sleep 0.01; done"
        )
        self._command = ["docker", "exec", host.container, "timeout", "120", "sh", "-c", script]

    def __enter__(self) -> None:
        self._thread = threading.Thread(target=subprocess.run, args=(self._command,))
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


def test_an_archive_that_is_damaged_once_is_sent_again(
    built: Checkout, host: CentosHost, inventory: Path
) -> None:
    with Damage(host, times=1):
        result = built.run(inventory=inventory)
    assert result.ok, result.output
    assert result.output.count("TASK [images : Load the images and verify them]") == 2
    assert len(image_ids(host, built)) == len(NAMES)


def test_an_archive_that_is_damaged_twice_is_refused_and_written_anew_by_the_next_run(
    built: Checkout, host: CentosHost, inventory: Path
) -> None:
    with Damage(host, times=2):
        result = built.run(inventory=inventory)
    message = only_failure(result)
    assert "incoming.tar.gz to arrive with the SHA-256" in message
    assert "Nothing has been loaded" in message
    assert image_ids(host, built) == {}
    assert host.ssh(f"ls {HOST_DIR}", sudo=True) == ""
    # What a run has left may be half an archive.
    left = next((built.work / "ship").glob("*.tar.gz"))
    left.write_bytes(left.read_bytes()[:4096])
    result = built.run(inventory=inventory)
    assert result.ok, result.output
    assert len(image_ids(host, built)) == len(NAMES)


# sftp is given its commands on its input: put LOCAL REMOTE.
SFTP_THAT_CUTS_ONCE = """#!/bin/sh
commands=$(cat)
case $commands in
  *{ship}/*)
    if [ ! -e {scratch}/done ]; then
      touch {scratch}/done
      head -c 4096 {ship}/*.tar.gz > {scratch}/short
      commands="put {scratch}/short ${{commands##* }}"
    fi ;;
esac
printf '%s\\n' "$commands" | exec {real} "$@"
"""


def test_a_connection_that_damages_what_it_carries_is_tried_again(
    built: Checkout, host: CentosHost, inventory: Path, tmp_path: Path
) -> None:
    """The first upload of the archive is cut short by a stand-in for sftp."""
    real = shutil.which("sftp")
    wrapper = tmp_path / "sftp"
    wrapper.write_text(
        SFTP_THAT_CUTS_ONCE.format(real=real, scratch=tmp_path, ship=built.work / "ship")
    )
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    result = built.run(inventory=inventory, ansible_sftp_executable=str(wrapper))
    assert result.ok, result.output
    assert (tmp_path / "done").exists(), "the archive did not go by sftp"
    assert "FAILED - RETRYING" in result.output
    assert len(image_ids(host, built)) == len(NAMES)


def test_a_host_without_room_is_refused_before_anything_is_sent(
    built: Checkout, host: CentosHost, inventory: Path
) -> None:
    host.ssh(f"mkdir -p {HOST_DIR} && mount -t tmpfs -o size=1m tmpfs {HOST_DIR}", sudo=True)
    try:
        message = only_failure(built.run(inventory=inventory))
    finally:
        host.ssh(f"umount {HOST_DIR}", sudo=True)
    assert "free under" in message
    assert "take in their archive" in message
    assert image_ids(host, built) == {}


def test_a_host_whose_engine_is_stopped_is_named(
    built: Checkout, host: CentosHost, inventory: Path
) -> None:
    host.ssh("systemctl stop docker.socket docker", sudo=True)
    try:
        message = only_failure(built.run(inventory=inventory))
    finally:
        host.ssh("systemctl start docker", sudo=True)
    assert "expected a Docker engine that answers this user" in message
    assert "systemctl start docker" in message
