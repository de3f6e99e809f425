"""All containers together have of the processor what each has.

By this machine's engine, and by what other hosts' kernels say of theirs.
"""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from bundle import sh
from some import SOME
from web_bundle import WebBundle

from engine.docker_api import connect, project_containers
from engine.switch.group_share import raise_to_sum

# A mount of each, as proc_pid_mountinfo(5) has them; PLACE is where a test has its files.
FIRST = "32 31 0:29 ROOT PLACE rw,relatime - cgroup cgroup rw,cpu,cpuacct"
OTHER = "33 31 0:30 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids"
SECOND = "24 30 0:26 ROOT PLACE rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"


class Host:
    """What a kernel tells of one container's group."""

    def __init__(self, folder: Path, *, group: str, mount: str, file: str, has: str) -> None:
        self.proc, self.file = folder / "proc", folder / file
        (self.proc / "self").mkdir(parents=True)
        (self.proc / "7").mkdir()
        (self.proc / "7/cgroup").write_text(group)
        mounts = "\n".join((OTHER, mount.replace("PLACE", str(folder)))) + "\n"
        (self.proc / "self/mountinfo").write_text(mounts)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(has)

    def raise_to(self, *shares: int) -> str:
        return raise_to_sum([replace(SOME, cpu_shares=each) for each in shares], self.proc)


@pytest.mark.parametrize(
    ("group", "mount", "file", "has", "wanted"),
    [
        (
            "9:name=systemd:/\n4:cpu,cpuacct:/docker/c0ffee\n0::/docker/c0ffee\n",
            FIRST.replace("ROOT", "/"),
            "docker/cpu.shares",
            "1024\n",
            "2304",
        ),
        # An engine within a container, whose own group is what it sees of them.
        (
            "4:cpu,cpuacct:/docker/outer/docker/c0ffee\n",
            FIRST.replace("ROOT", "/docker/outer"),
            "docker/cpu.shares",
            "1024\n",
            "2304",
        ),
        (
            "0::/docker/c0ffee\n",
            SECOND.replace("ROOT", "/"),
            "docker/cpu.weight",
            "100\n",
            "225",
        ),
    ],
    ids=["version 1", "within a container", "version 2"],
)
def test_the_group_has_the_sum_of_its_containers(
    tmp_path: Path, group: str, mount: str, file: str, has: str, wanted: str
) -> None:
    host = Host(tmp_path, group=group, mount=mount, file=file, has=has)
    # One that asks for no share has the engine's.
    said = host.raise_to(256, 0, 1024)
    assert host.file.read_text() == wanted
    assert f"{wanted}, not {has.strip()}" in said
    # Less is never made of it, and who has it is told nothing.
    assert host.raise_to(256) == ""
    assert host.file.read_text() == wanted


@pytest.mark.parametrize(
    ("group", "mount", "file"),
    [
        ("0::/system.slice/docker-c0ffee.scope\n", SECOND.replace("ROOT", "/"), "system.slice"),
        ("4:cpu:/c0ffee\n", FIRST.replace("ROOT", "/"), "cpu.shares"),
        ("4:cpu:/docker/c0ffee\n", FIRST.replace("ROOT", "/elsewhere"), "docker/cpu.shares"),
        ("4:cpu:/docker/another\n", FIRST.replace("ROOT", "/"), "docker/cpu.shares"),
    ],
    ids=["each by itself", "without a group", "out of sight", "another container by now"],
)
def test_what_is_no_group_of_containers_is_left_alone(
    tmp_path: Path, group: str, mount: str, file: str
) -> None:
    host = Host(tmp_path, group=group, mount=mount, file=f"{file}-is-here", has="1024\n")
    assert host.raise_to(1024, 1024) == ""
    assert host.file.read_text() == "1024\n"


def test_one_that_ended_meanwhile_has_none(tmp_path: Path) -> None:
    assert raise_to_sum([replace(SOME, cpu_shares=1024)], tmp_path) == ""


def test_a_host_that_refuses_is_said(tmp_path: Path) -> None:
    group, mount = "4:cpu:/docker/c0ffee\n", FIRST.replace("ROOT", "/")
    host = Host(tmp_path, group=group, mount=mount, file="docker/cpu.shares", has="1024\n")
    host.file.unlink()
    said = host.raise_to(1024, 1024)
    assert "the containers' share of the processor could not be raised" in said
    assert f"[Errno {errno.ENOENT}]" in said


def test_a_deploy_leaves_the_running_ones_their_shares(web: WebBundle) -> None:
    containers = project_containers(connect(), web.name)
    shares = sum(each.cpu_shares or 1024 for each in containers)
    web.change(VERSION="2")
    if sh("docker", "info", "--format", "{{.CgroupDriver}} {{.CgroupVersion}}") != "cgroupfs 1":
        assert "the containers' control group" not in web.deploy().text
        return
    file = Path("/sys/fs/cgroup/cpu/docker/cpu.shares")
    before = file.read_text()
    file.write_text("1024")
    try:
        web.deployed()
        # Another test's deploy may have been the first to raise it.
        assert int(file.read_text()) >= shares
    finally:
        file.write_text(str(max(int(before), int(file.read_text()))))
