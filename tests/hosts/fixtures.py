"""Fixtures for tests that use test hosts; a folder's conftest.py takes them in."""

from collections.abc import Callable, Iterator

import pytest
import testinfra
from testinfra.host import Host as Inspected

from .host import Host
from .network import HostNetwork


@pytest.fixture(scope="session")
def host_network() -> Iterator[HostNetwork]:
    """Give the session's network of test hosts, with their yum repository."""
    with HostNetwork() as network:
        yield network


@pytest.fixture(scope="session")
def inspect() -> Callable[[Host], Inspected]:
    """Give what looks into a host with testinfra, over SSH and as root."""

    def look(host: Host) -> Inspected:
        return testinfra.get_host(
            f"ssh://{host.user}@{host.address}:{host.ssh_port}",
            ssh_identity_file=str(host.key_path),
            ssh_extra_args=" ".join(host.ssh_options),
            sudo=True,
        )

    return look
