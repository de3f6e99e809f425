"""The PROXY protocol, versions 1 and 2: whom a connection from the edge is really from.

Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_V1_START = b"PROXY "
_V1_MAX_BYTES = 107
_V2_START = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_HEAD_BYTES = 16
_V2_MAX_BYTES = 4096  # the addresses take at most 216; the rest is for extensions that we pass over
_UNSPEC, _INET, _INET6 = 0, 1, 2
_STREAM = 1


class BadProxyHeaderError(ValueError):
    """The connection does not begin with a PROXY protocol header."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """A whole header."""

    size: int
    """Its bytes on the wire."""
    caller: str
    """The address that it announces; empty where it speaks for the edge itself (health checks)."""


def read(data: bytes | bytearray) -> ProxyHeader | None:
    """The header that `data` begins with, or None while it is not whole.

    Raises BadProxyHeaderError as soon as it cannot become one.
    """
    if data.startswith(_V2_START) or _V2_START.startswith(bytes(data[: len(_V2_START)])):
        return _read_v2(data)
    if data.startswith(_V1_START) or _V1_START.startswith(bytes(data[: len(_V1_START)])):
        return _read_v1(data)
    raise BadProxyHeaderError(f"begins with {bytes(data[:12])!r}")


def _read_v1(data: bytes | bytearray) -> ProxyHeader | None:
    end = data.find(b"\r\n", 0, _V1_MAX_BYTES)
    if end < 0:
        if len(data) >= _V1_MAX_BYTES:
            raise BadProxyHeaderError(f"no end of line within {_V1_MAX_BYTES} bytes")
        return None
    words = bytes(data[:end]).split(b" ")
    if words[1] == b"UNKNOWN":
        return ProxyHeader(end + 2, "")
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise BadProxyHeaderError("a version 1 line of another form")
    try:
        source, target = (ip_address(word.decode("ascii")) for word in words[2:4])
    except ValueError as error:  # UnicodeDecodeError is one
        raise BadProxyHeaderError("a version 1 line without addresses") from error
    version = 4 if words[1] == b"TCP4" else 6
    if source.version != version or target.version != version:
        raise BadProxyHeaderError("a version 1 line whose addresses are of another family")
    for port in words[4:]:
        if not (port.isdigit() and len(port) <= 5 and int(port) <= 65535):
            raise BadProxyHeaderError("a version 1 line without ports")
    return ProxyHeader(end + 2, str(source))


def _read_v2(data: bytes | bytearray) -> ProxyHeader | None:
    if len(data) < _V2_HEAD_BYTES:
        return None
    version_command, family_transport, length = struct.unpack_from("!BBH", data, 12)
    version, command = version_command >> 4, version_command & 15
    if version != 2 or command not in (0, 1):
        raise BadProxyHeaderError(f"version and command {version_command:#04x}")
    size = _V2_HEAD_BYTES + length
    if size > _V2_MAX_BYTES:
        raise BadProxyHeaderError(f"announces {size} bytes")
    if len(data) < size:
        return None
    family, transport = family_transport >> 4, family_transport & 15
    if command == 0 or family == _UNSPEC:  # LOCAL, or nothing known: the edge speaks for itself
        return ProxyHeader(size, "")
    if transport != _STREAM or family not in (_INET, _INET6):
        raise BadProxyHeaderError(f"address family and transport {family_transport:#04x}")
    width = 4 if family == _INET else 16
    if length < 2 * width + 4:
        raise BadProxyHeaderError(f"only {length} bytes of addresses")
    packed = bytes(data[_V2_HEAD_BYTES : _V2_HEAD_BYTES + width])
    caller = IPv4Address(packed) if family == _INET else IPv6Address(packed)
    return ProxyHeader(size, str(caller))
