"""Proxy addresses: read them, find them in text, and say which may be connected to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from socket import AF_INET, inet_pton
from typing import TypeAlias
from urllib.parse import quote, unquote

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


class BadAddressError(ValueError):
    """The text is not a proxy's address."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy's address: a literal IP or a host name, a port, and credentials where it wants some.

    Its text is its name everywhere: `1.2.3.4:8080`, `[2001:db8::1]:8080`, `gate.example:7000`,
    `user:password@1.2.3.4:8080` (percent-encoded). The same place with other credentials is another
    proxy: providers give each exit a user name of its own.
    """

    host: str
    port: int
    username: str = ""
    password: str = ""

    def __str__(self) -> str:
        if not self.username:
            return self.place
        return f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@{self.place}"

    @property
    def place(self) -> str:
        """`host:port`, without credentials: the form for logs and for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def ip(self) -> Address | None:
        """The literal address, or none where the host is a name."""
        try:
            return IPv4Address(inet_pton(AF_INET, self.host))
        except OSError:
            pass
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @classmethod
    def of(cls, host: str, port: str | int, username: str = "", password: str = "") -> "Upstream":
        """The proxy at `host` and `port`. Raises BadAddressError for what cannot be one."""
        name = _host(host)
        # int() alone would also take "+80", "8_0" and digits of other scripts.
        digits = str(port).strip()
        number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 6 else -1
        if not 1 <= number <= 65535:
            raise BadAddressError(f"port {digits[:20]!r} is not between 1 and 65535")
        if password and not username:
            raise BadAddressError("a password without a user name")
        if len(username.encode()) > 255 or len(password.encode()) > 255:
            raise BadAddressError("user name and password have at most 255 bytes (RFC 1929)")
        if any(ord(c) < 32 or ord(c) == 127 for c in username + password):
            raise BadAddressError("control characters in the credentials")
        return cls(name, number, username, password)

    @classmethod
    def parse(cls, text: str) -> "Upstream":
        """Read the form that `str` gives, its credentials optional; raises BadAddressError."""
        host, _, port = text.rpartition(":")
        # Nearly all are so, and it costs a third of the rest.
        if (
            is_ipv4(host)
            and len(port) < 6
            and port.isascii()
            and port.isdecimal()
            and 0 < int(port) < 65536
        ):
            return cls(host, int(port))
        credentials, at, place = text.strip().rpartition("@")
        username, colon, password = credentials.partition(":")
        if at and not (colon and username):
            raise BadAddressError(f"credentials before {place[:80]!r} are not user:password")
        host, colon, port = place.rpartition(":")
        if not colon or (":" in host and not (host.startswith("[") and host.endswith("]"))):
            raise BadAddressError(f"{place[:80]!r} is not of the form host:port")
        if not at:
            return cls.of(host, port)
        return cls.of(host, port, unquote(username), unquote(password))


def _host(text: str) -> str:
    """A literal address in its normal form, or a host name in lower case and ASCII."""
    host = text.strip()
    if is_ipv4(host):
        return host
    try:
        return str(normal(ip_address(host.removeprefix("[").removesuffix("]"))))
    except ValueError:
        pass
    try:
        name = host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise BadAddressError(f"{host[:80]!r} is not a host") from error
    # A last label of digits is a wrong address, not a name (WHATWG URL, "ends in a number").
    if len(name) > 253 or not _NAME.fullmatch(name) or name.rpartition(".")[2].isdecimal():
        raise BadAddressError(f"{host[:80]!r} is not a host")
    return name


def is_ipv4(text: str) -> bool:
    """Whether `text` is a literal IPv4 address in its normal form.

    The system's parser takes no other form, and costs a fifth of what `ipaddress` does.
    """
    try:
        inet_pton(AF_INET, text)
    except (OSError, ValueError):  # ValueError: a zero byte, or more than ASCII
        return False
    return True


def normal(ip: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2), else `ip`."""
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    return ip


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
        # Site-local (fec0::/10) is deprecated (RFC 3879), and no public network has it.
        is_site_local = isinstance(ip, IPv6Address) and ip.is_site_local
        return ip.is_global and not ip.is_multicast and not is_site_local


def address_pattern(addresses: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of `addresses` as a whole, not as part of another; none where there are none."""
    patterns = [_whole(address) for address in addresses]
    return re.compile("|".join(patterns), re.IGNORECASE) if patterns else None


def _whole(address: str) -> str:
    """A pattern for `address` that does not match inside a longer one."""
    if ":" in address:
        return rf"(?<![0-9a-f:.]){re.escape(address)}(?![0-9a-f]|:[0-9a-f]|\.[0-9])"
    # A colon may stand before it: an IPv4-mapped IPv6 address shows it too.
    return rf"(?<![0-9.]){re.escape(address)}(?![0-9]|\.[0-9])"
