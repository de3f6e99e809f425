"""`scripts/up` on a bare machine: a Python 3.11 or newer from the distribution, with venv."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts.centos import centos_host
from tests.hosts.debian import debian_host
from tests.hosts.host import Host
from tests.hosts.network import HostNetwork
from tests.playbook import REPOSITORY

LIBRARY = REPOSITORY / "scripts/lib/python.sh"
FIND = "bash -c 'set -euo pipefail; . /opt/python.sh; find_python'"
INSTALL = "bash -c 'set -euo pipefail; . /opt/python.sh; install_python'"


@pytest.fixture(params=["centos", "debian"])
def bare(request: pytest.FixtureRequest, host_network: HostNetwork) -> Iterator[Host]:
    """A machine whose Python cannot make virtual environments, with the library on it."""
    make = {"centos": centos_host, "debian": debian_host}[request.param]
    with make(f"python-{request.param}", network=host_network) as host:
        host.write_file("/opt/python.sh", LIBRARY.read_text())
        yield host


def test_it_is_installed_by_the_distributions_own_packages(bare: Host) -> None:
    assert bare.run(FIND).returncode != 0
    bare.ssh(INSTALL)
    python = bare.ssh(FIND).strip()
    bare.ssh(f"{python} -m venv venv && venv/bin/pip --version")
    if "centos" in bare.name:
        bare.ssh("rpm -q python3.12")


def test_a_system_without_packages_for_it_is_told_what_to_do(host_network: HostNetwork) -> None:
    with centos_host("python-unknown", network=host_network) as host:
        host.pretend("unknown")
        host.write_file("/opt/python.sh", LIBRARY.read_text())
        answer = host.run(INSTALL)
    assert answer.returncode != 0
    for words in ("expected Debian 12/13", "found plan9 4", "do: install Python 3.11"):
        assert words in answer.stderr
