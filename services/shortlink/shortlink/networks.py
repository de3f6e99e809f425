"""Networks as settings name them, and whether an address lies in one."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read a comma list of addresses and networks; raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def plain(address: Address) -> Address:
    """The IPv4 address where an IPv6 one only wraps it."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def lies_in(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether `address` is one, and lies in one of `networks`."""
    try:
        ip = plain(ip_address(address))
    except ValueError:
        return False
    return any(ip in network for network in networks if network.version == ip.version)
