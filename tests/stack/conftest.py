"""What the tests of whole deployments share: the network of this session's test hosts."""

from tests.hosts.fixtures import host_network, inspect

__all__ = ["host_network", "inspect"]
