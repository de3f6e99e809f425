"""What the tests of the roles share: the network of this session's test hosts."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host as Inspected

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # so that `tests.hosts` is found from wherever pytest was started
    sys.path.insert(0, str(ROOT))

from tests.hosts.host import Host  # noqa: E402
from tests.hosts.network import HostNetwork  # noqa: E402


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
