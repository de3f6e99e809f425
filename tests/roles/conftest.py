"""What the tests of the roles share: the network of this session's test hosts."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # so that `tests.hosts` is found from wherever pytest was started
    sys.path.insert(0, str(ROOT))

from tests.hosts.network import HostNetwork  # noqa: E402


@pytest.fixture(scope="session")
def host_network() -> Iterator[HostNetwork]:
    """Give the session's network of test hosts, with their yum repository."""
    with HostNetwork() as network:
        yield network
