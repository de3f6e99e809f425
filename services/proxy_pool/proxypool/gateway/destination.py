"""Destinations: what a client wants to reach, and whether it may.

Names are never resolved here: that is the upstream's work. So what stands in a request must be
judged by its text alone, in every spelling that a resolver would take for an address.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from proxypool.address import Address, Network, UpstreamRule
from proxypool.problems import Problem

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa")
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052
_NAT64_LOCAL = ip_network("64:ff9b:1::/48")  # RFC 8215
_V4_COMPATIBLE = ip_network("::/96")  # RFC 4291, 2.5.5.1


class BadDestinationError(ValueError):
    """The text is no destination; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class RefusedDestinationError(BadDestinationError):
    """It is one, but must not be reached through the gateway."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A host in its normal form, and a port."""

    host: str
    port: int
    ip: Address | None

    def authority(self, default_port: int = 0) -> str:
        """`host:port`, or the host alone where the port is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == default_port else f"{host}:{self.port}"

    @classmethod
    def of(cls, host: str, port: int) -> "Destination":
        """Raises BadDestinationError."""
        ip = _literal(host)
        if ip is not None:
            return cls(str(ip), port, ip)
        return cls(_name(host), port, None)

    @classmethod
    def of_authority(cls, text: str, default_port: int = 0) -> "Destination":
        """Read `host:port` or `[address]:port`; without a default the port must be there."""
        match = re.fullmatch(r"(\[[^\[\]@]*\]|[^:\[\]@]*)(?::([0-9]{0,5}))?", text)
        if match is None:
            if "@" in text:
                advice = "send credentials for the site in the header Authorization"
                raise _bad("host:port", "credentials in the address", advice)
            raise _bad("host:port, an IPv6 address in brackets", repr(text[:80]), "correct it")
        port = int(match[2]) if match[2] else default_port
        if not 1 <= port <= 65535:
            found = repr(match[2]) if match[2] else "none"
            raise _bad("a port between 1 and 65535", found, "write host:port")
        host = match[1]
        if host.startswith("[") and ":" not in host:
            raise _bad("an IPv6 address in brackets", repr(host[:80]), "correct it")
        return cls.of(host.removeprefix("[").removesuffix("]"), port)


@dataclass(frozen=True, slots=True)
class DestinationRule:
    """Which destinations may be reached: public ones, and those that are listed."""

    networks: tuple[Network, ...] = ()
    names: tuple[str, ...] = ()
    """Host names; one that begins with a dot stands for all names that end in it."""
    ports: tuple[tuple[int, int], ...] = ((1, 24), (26, 65535))
    """First and last of each range."""

    def check(self, destination: Destination) -> None:
        """Raises RefusedDestinationError where it may not be reached."""
        if not any(first <= destination.port <= last for first, last in self.ports):
            raise _refused("a port that GATEWAY_ALLOWED_PORTS lists", str(destination.port))
        if destination.ip is not None:
            ip, rule = destination.ip, UpstreamRule(self.networks)
            listed = any(ip in network for network in self.networks)
            public = all(rule.permits(found) for found in _all_addresses(ip))
            if not (listed or public):
                raise _refused("a public address", destination.host)
        elif not self._permits_name(destination.host):
            raise _refused("a public host name", destination.host)

    def _permits_name(self, name: str) -> bool:
        for listed in self.names:
            if name == listed or (listed.startswith(".") and name.endswith(listed)):
                return True
        return "." in name and not f".{name}".endswith(_PRIVATE_ENDINGS)


def _all_addresses(ip: Address) -> list[Address]:
    """The address, and every IPv4 address that a router or a resolver may find inside it."""
    found: list[Address] = [ip]
    if isinstance(ip, IPv6Address):
        low = IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip in _NAT64 or ip in _NAT64_LOCAL or ip in _V4_COMPATIBLE:
            found.append(low)
        if ip.sixtofour is not None:
            found.append(ip.sixtofour)
        if ip.teredo is not None:
            found.extend(ip.teredo)
    return found


def _literal(host: str) -> Address | None:
    """The address that `host` spells, as inet_aton and inet_pton read it; None for a name.

    Raises BadDestinationError for what ends in a number and is no address: resolvers disagree on
    those (WHATWG URL, "ends in a number").
    """
    if len(host) > 255:
        raise _bad("a host name or an address", f"{len(host)} characters", "correct it")
    if ":" in host:
        address, zone, _ = host.partition("%")
        if zone:
            raise _refused("an address without a zone", repr(host[:80]))
        try:
            return ip_address(address)
        except ValueError:
            raise _bad("an IPv6 address", repr(host[:80]), "correct it") from None
    parts = host.lower().rstrip(".").split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise _bad("a host name or an address", repr(host[:80]), "correct it")
    try:
        *heads, tail = (_integer(part) for part in parts)
    except ValueError:
        raise _bad("an IPv4 address", repr(host[:80]), "correct it") from None
    if any(number > 255 for number in heads) or tail >= 256 ** (4 - len(heads)):
        raise _bad("an IPv4 address", repr(host[:80]), "correct it")
    value = tail
    for place, number in enumerate(heads):
        value += number << (8 * (3 - place))
    return IPv4Address(value)


def _integer(text: str) -> int:
    """A part of an address: hexadecimal with 0x, octal with a 0 before it, else decimal."""
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    if text.startswith("0"):
        return int(text, 8)
    if len(text) > 10:
        raise ValueError(text)
    return int(text)


def _name(host: str) -> str:
    """A host name in lower case, without the root's dot."""
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        advice = "write names of other scripts in their ASCII form (xn--…)"
        raise _bad("a host name or an address", repr(host[:80]), advice)
    return name


def _bad(expected: str, found: str, advice: str) -> BadDestinationError:
    return BadDestinationError(Problem("destination", expected, found, advice))


def _refused(expected: str, found: str) -> RefusedDestinationError:
    advice = (
        "reach it without the proxy, or have the gateway's operator list it in "
        "GATEWAY_ALLOWED_DESTINATIONS (hosts) or GATEWAY_ALLOWED_PORTS"
    )
    return RefusedDestinationError(Problem("destination", expected, found, advice))
