"""Callers' addresses: which networks they lie in, and what limits count them by."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from proxypool.address import Network, normal

_ONE_CUSTOMER = 64  # bits: an IPv6 caller has at least such a network to pick addresses from


def plain(address: str) -> str:
    """The address in its normal form: IPv4 out of IPv6, and without a zone. Raises ValueError."""
    return str(normal(ip_address(address.partition("%")[0])))


def lies_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether one of the networks holds a plain address."""
    ip = ip_address(address)
    return any(ip in network for network in networks if network.version == ip.version)


def counted_as(address: str) -> str:
    """What a plain address is limited by: itself, or its network where it is an IPv6 one."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        return str(ip_network(f"{ip}/{_ONE_CUSTOMER}", strict=False))
    return str(ip)
