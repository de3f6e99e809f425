"""Proxy addresses: read them, find them in text, and say which may be connected to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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

# Linear: every part is bounded. Whether it is a real address is decided afterwards.
_IN_TEXT = re.compile(
    r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})[ \t]{0,2}:[ \t]{0,2}(\d{1,5})(?![\d.]*\d)"
    r"|\[([0-9A-Fa-f:.]{2,45})\]:(\d{1,5})(?!\d)"
)


class BadAddressError(ValueError):
    """The text is not a proxy's address."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy's address: a literal IP and a port."""

    ip: Address
    port: int

    def __str__(self) -> str:
        host = f"[{self.ip}]" if self.ip.version == 6 else str(self.ip)
        return f"{host}:{self.port}"

    @classmethod
    def of(cls, host: str, port: str | int) -> "Upstream":
        """The proxy at `host` (a literal IP) and `port`.

        Raises BadAddressError for anything else.
        """
        try:
            ip = normal(ip_address(host.strip().strip("[]")))
            # int() alone would also take "+80", "8_0" and digits of other scripts.
            digits = str(port).strip()
            number = int(digits) if digits.isascii() and digits.isdecimal() else -1
        except ValueError as error:
            raise BadAddressError(f"{host}:{port} is not an IP address and a port") from error
        if not 1 <= number <= 65535:
            raise BadAddressError(f"port {port} is not between 1 and 65535")
        return cls(ip, number)

    @classmethod
    def parse(cls, text: str) -> "Upstream":
        """Read `1.2.3.4:8080` or `[2001:db8::1]:8080`; raises BadAddressError."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or (":" in host and not (host.startswith("[") and host.endswith("]"))):
            raise BadAddressError(f"{text[:80]!r} is not of the form ip:port")
        return cls.of(host, port)


def normal(ip: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2), else `ip`."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip


def find_addresses(text: str) -> Iterator[Upstream]:
    """Every valid `ip:port` in `text`, in order, repetitions included."""
    for match in _IN_TEXT.finditer(text):
        host4, port4, host6, port6 = match.groups()
        try:
            yield Upstream.of(host4 or host6, port4 or port6)
        except BadAddressError:
            continue  # 999.1.1.1:99999 and the like: lists are full of them


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read a comma list of addresses and CIDR networks; raises ValueError naming the bad one."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class UpstreamRule:
    """Which addresses may be connected to: public ones, and those in `allowed` networks."""

    allowed: tuple[Network, ...] = ()

    def permits(self, ip: Address) -> bool:
        """Whether a proxy at `ip` may be connected to.

        Private, loopback, link-local, multicast and reserved addresses (the IANA special-purpose
        registries) are refused unless a network in `allowed` holds them.
        """
        ip = normal(ip)
        if any(ip in network for network in self.allowed if network.version == ip.version):
            return True
        return ip.is_global and not ip.is_multicast


def contains_address(texts: Iterable[str], addresses: Iterable[str]) -> bool:
    """Whether any of `addresses` stands in any of `texts` as a whole, not as part of another."""
    patterns = [_whole(address) for address in addresses]
    if not patterns:
        return False
    pattern = re.compile("|".join(patterns), re.IGNORECASE)
    return any(pattern.search(text) for text in texts)


def _whole(address: str) -> str:
    """A pattern for `address` that does not match inside a longer one."""
    if ":" in address:
        return rf"(?<![0-9a-f:.]){re.escape(address)}(?![0-9a-f]|:[0-9a-f]|\.[0-9])"
    # A colon may stand before it: an IPv4-mapped IPv6 address shows it too.
    return rf"(?<![0-9.]){re.escape(address)}(?![0-9]|\.[0-9])"
