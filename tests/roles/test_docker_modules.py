"""The Python of the role docker: what it makes of packages, ports and daemon.json."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.role_code import load

packages = load("docker", "filter_plugins/packages.py")
ports = load("docker", "filter_plugins/port_ranges.py")
daemon = load("docker", "filter_plugins/daemon_config.py")
state = load("docker", "library/docker_state.py")
versions = load("docker", "library/docker_versions.py")

OURS = {
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
    "live-restore": True,
    "userland-proxy": False,
}


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ({}, ["docker-ce-28.*", "containerd.io"]),
        ({"docker-ce": "26.1.5-1.el9"}, ["docker-ce-28.*", "containerd.io"]),
        ({"docker-ce": "28.0.0-1.el9", "containerd.io": "1.7"}, []),
        ({"docker-ce": "29.1.0-1.el9", "containerd.io": "1.7"}, []),  # an engine is never set back
    ],
)
def test_a_package_is_missing_unless_its_major_version_or_a_newer_one_is_there(
    there: dict[str, str], missing: list[str]
) -> None:
    wanted = {"docker-ce": "28", "containerd.io": ""}
    assert packages.packages_to_install(wanted, there) == missing


def test_a_version_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a number first"):
        packages.packages_to_install({"docker-ce": "latest"}, {"docker-ce": "28.0"})


def test_the_package_database_is_read_without_epochs_and_without_what_was_removed() -> None:
    output = (
        "docker-ce installed 26.1.5-1.el9\n"
        "docker.io installed 1:20.10.24+dfsg1-1\n"
        "package podman is not installed\n"
        "runc config-files 1.1.5\n"
    )
    assert state.parse_packages(output) == {
        "docker-ce": "26.1.5-1.el9",
        "docker.io": "20.10.24+dfsg1-1",
    }


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", "20.10.24"),
        ("28.5.1", "28.5.1"),
        ("Docker version dev, build library-import", ""),
        ("", ""),
    ],
)
def test_a_version_is_read_from_what_a_command_says(text: str, version: str) -> None:
    assert state.version(text) == version


def test_what_is_newer_than_the_engine_and_than_the_mark_is_pending(tmp_path: Path) -> None:
    daemon, folder, pid, mark = (tmp_path / name for name in ("daemon.json", "d", "pid", "mark"))
    folder.mkdir()
    unit = folder / "proxy.conf"
    for age, file in enumerate([unit, pid, daemon]):  # from the oldest to the newest
        file.touch()
        os.utime(file, (age, age))
    places = (daemon, folder, tmp_path / "not-there")
    assert state.newer(places, (pid, mark)) == [str(daemon)]
    mark.touch()
    assert state.newer(places, (pid, mark)) == []
    os.utime(unit)
    os.utime(mark, (3, 3))
    assert state.newer(places, (pid, mark)) == [str(unit)]


@pytest.mark.parametrize(
    ("oldest", "answer", "found"),
    [
        ("20.10", (0, "20.10.24+dfsg1\n", ""), ""),
        ("2.20", (0, "2.5.1\n", ""), "2.5.1"),  # numbers are compared, not words
        ("0.10", (0, "github.com/docker/buildx v0.13.1\n", ""), ""),
        ("2.20", (0, "unknown\n", ""), "unknown"),
        (
            "2.20",
            (1, "", "docker: 'compose' is not a docker command.\n"),
            "docker: 'compose' is not",
        ),
        ("2.20", (127, "", "no command docker-compose"), "no command docker-compose"),
        ("2.20", (3, "", ""), "exit code 3"),
    ],
)
def test_an_answer_that_is_too_old_or_none_is_told_in_a_line(
    oldest: str, answer: tuple[int, str, str], found: str
) -> None:
    said = versions.problem("a command", oldest, answer, "do this")
    if not found:
        assert said == ""
    else:
        assert said.startswith(f"a command: expected {oldest} or newer, found {found}")
        assert said.endswith("; do this")


def test_neighbouring_ports_become_one_range() -> None:
    assert ports.port_ranges([20001, 80, 20000, 20002, 8000, 80]) == ["80", "8000", "20000-20002"]


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_port_outside_of_the_range_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="expected a number from 1 to 65535"):
        ports.port_ranges([port])


def test_an_operators_own_keys_are_kept_and_ours_win() -> None:
    found = '{"debug": true, "userland-proxy": true, "log-opts": {"labels": "site"}}'
    merged = daemon.merge(found, OURS)
    assert merged == {
        **OURS,
        "debug": True,
        "log-opts": {"max-size": "10m", "max-file": "3", "labels": "site"},
    }


def test_another_log_drivers_options_are_not_kept() -> None:
    found = '{"log-driver": "syslog", "log-opts": {"syslog-address": "udp://192.0.2.1"}}'
    assert daemon.merge(found, OURS)["log-opts"] == OURS["log-opts"]


def test_a_key_that_is_null_is_taken_out() -> None:
    assert "registry-mirrors" not in daemon.merge(
        '{"registry-mirrors": ["https://m.example.com"]}', {**OURS, "registry-mirrors": None}
    )


@pytest.mark.parametrize("found", ['{"debug": true', "[]", '"text"'])
def test_a_file_that_is_no_json_object_is_refused_with_what_to_do(found: str) -> None:
    with pytest.raises(ValueError, match=r"daemon.json: expected .* found .* repair it"):
        daemon.merge(found, OURS)


def test_what_the_role_writes_is_what_an_old_engine_takes() -> None:
    pool = {"base": "172.18.0.0/15", "size": 24}
    assert daemon.problems({**OURS, "default-address-pools": [pool]}) == []


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"no-such-key": 1}, "no-such-key: expected a key that this engine knows"),
        ({"proxies": {}}, "proxies: expected a key that this engine knows"),  # 23.0 brought it
        ({"debug": "yes"}, 'debug: expected true or false, found "yes"'),
        ({"mtu": True}, "mtu: expected a number, found true"),
        ({"dns": "192.0.2.1"}, 'dns: expected a list, found "192.0.2.1"'),
        ({"log-opts": []}, "log-opts: expected an object, found []"),
        ({"log-opts": {"max-size": "lots"}}, "max-size: expected a size as in 10m, found lots"),
        ({"log-opts": {"max-file": "0"}}, "max-file: expected a number of at least 1, found 0"),
        ({"registry-mirrors": ["mirror.example.com"]}, "expected an address as in https://"),
        ({"default-address-pools": [{"base": "172.18.0.0/15"}]}, "objects of base and size"),
        (
            {"default-address-pools": [{"base": "172.18.0.1/15", "size": 24}]},
            "expected a network as in 172.18.0.0/15, found 172.18.0.1/15 has host bits set",
        ),
        (
            {"default-address-pools": [{"base": "172.18.0.0/15", "size": 8}]},
            "expected a size from 15 to 29 for 172.18.0.0/15, found 8",
        ),
    ],
)
def test_a_wrong_configuration_is_told_with_what_was_expected_and_found(
    config: dict[str, Any], problem: str
) -> None:
    assert any(problem in line for line in daemon.problems(config)), daemon.problems(config)


@pytest.mark.parametrize(
    ("change", "suffices"),
    [({"live-restore": False}, True), ({"debug": True}, True), ({"userland-proxy": True}, False)],
)
def test_a_reload_suffices_for_what_the_engine_takes_over_while_it_runs(
    change: dict[str, Any], suffices: bool
) -> None:
    assert daemon.reload_suffices(json.dumps(OURS), {**OURS, **change}) is suffices
