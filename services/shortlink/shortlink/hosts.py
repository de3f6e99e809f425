"""Hosts of long URLs, judged as a browser will read them and without asking a name server."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import idna

from shortlink.networks import Address, plain

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_LOCAL_SUFFIXES = (
    *("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private"),
    *("home.arpa", "localdomain", "invalid", "test", "onion", "alt"),
)
"""Names that lead no stranger anywhere (RFC 6761, 6762, 7686, 8375, 9476, ICANN's `internal`)."""
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")
_SIX_TO_FOUR_RELAY = IPv4Network("192.88.99.0/24")


class BadHostError(ValueError):
    """The text is no host of a URL; its words say what was found."""


def parse_host(text: str) -> str | Address:
    """A host name in lower-case ASCII, or the address that a browser makes of the text.

    IPv4 may be written as one number, in octal or hexadecimal (WHATWG URL, "IPv4 parser"), and in
    letters that IDNA maps to digits. Raises BadHostError.
    """
    if text.startswith("["):
        return _ipv6(text)
    try:
        name = idna.encode(text, uts46=True, std3_rules=False).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        name = text.lower()
        if not name.isascii():
            raise BadHostError("a name that is not one in any script") from None
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadHostError("a name with other characters than letters, digits and dashes")
    return name


def is_public(host: str | Address) -> bool:
    """Whether the host is one that a stranger's browser may be sent to.

    Addresses by their registries; names by their endings alone: whoever owns a name decides what
    it leads to, now and later, so a lookup would prove nothing and tell of the inner network.
    """
    if isinstance(host, str):
        return "." in host and not any(
            host == suffix or host.endswith(f".{suffix}") for suffix in _LOCAL_SUFFIXES
        )
    return all(_is_public_address(address) for address in all_of(host))


def _is_public_address(address: Address) -> bool:
    if isinstance(address, IPv4Address) and address in _SIX_TO_FOUR_RELAY:
        return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not (isinstance(address, IPv6Address) and address.is_site_local)
    )


def all_of(address: Address) -> list[Address]:
    """The address, or those that it stands for: tunnels and translators carry IPv4 ones."""
    address = plain(address)
    if isinstance(address, IPv4Address):
        return [address]
    if address in _NAT64:
        return [IPv4Address(int(address) & 0xFFFFFFFF)]
    if address in _IPV4_COMPATIBLE:
        # ::1 and :: are judged as they are; the rest was once IPv4 (RFC 4291, 2.5.5.1).
        return [address, IPv4Address(int(address) & 0xFFFFFFFF)]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    return [address]


def _ipv6(text: str) -> IPv6Address:
    try:
        if not text.endswith("]") or "%" in text:
            raise ValueError(text)
        return IPv6Address(text[1:-1])
    except ValueError:
        raise BadHostError("brackets around something else than an IPv6 address") from None


def _ipv4(labels: list[str]) -> IPv4Address:
    parts = [_number(label) for label in labels]
    if len(parts) > 4 or any(part > 255 for part in parts[:-1]):
        raise BadHostError("a number that is no IPv4 address")
    last_limit = 256 ** (5 - len(parts))
    if parts[-1] >= last_limit:
        raise BadHostError("a number that is no IPv4 address")
    value = parts[-1]
    for place, part in enumerate(parts[:-1]):
        value += part * 256 ** (3 - place)
    return IPv4Address(value)


def _number(text: str) -> int:
    """A part of an IPv4 address; 0x is hexadecimal and a leading 0 octal, as browsers have it."""
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        raise BadHostError("a number that is no IPv4 address")
    try:
        if text[:2].lower() == "0x":
            return int(text[2:] or "0", 16)
        return int(text, 8) if len(text) > 1 and text[0] == "0" else int(text)
    except ValueError:  # an 8 or 9 in octal
        raise BadHostError("a number that is no IPv4 address") from None
