"""Makes the table of countries from a location database of libloc (version 1 of its format).

The format is that of libloc's `src/libloc/format.h`, all numbers big-endian: a header; arrays of
autonomous systems, networks and countries; a pool of texts; and a binary tree over the bits of
IPv6 addresses, in which IPv4 lies at ::ffff:0:0/96 and the most specific network counts.
"""

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proxypool.geo import HEADER, MAGIC, ORDER_MARK

_MAGIC = b"LOCDBXX\x01"
_HEADER = struct.Struct(">QIII" + "II" * 5)
_AS = struct.Struct(">II")
_NETWORK = struct.Struct(">2s2xIH2x")
_NONE = 0xFFFFFFFF
_ABSENT = -1
_IPV4_PREFIX, _IPV4_PREFIX_BITS = 0xFFFF, 96
_MAX_NAME_BYTES = 255


class _Walk(NamedTuple):
    """Where to go on in the tree."""

    node: int
    prefix: int
    bits: int
    """How many are left below."""
    value: int


class LocationDatabase:
    """A database of libloc, read whole. Raises ValueError where it is not one."""

    def __init__(self, content: bytes) -> None:
        if not content.startswith(_MAGIC):
            raise ValueError("not a location database of version 1")
        header = _HEADER.unpack_from(content, len(_MAGIC))
        self.created_at: int = header[0]
        parts = [
            content[start : start + size]
            for start, size in zip(header[4::2], header[5::2], strict=True)
        ]
        systems, networks, tree, _, self._pool = parts
        self._names = dict(_AS.iter_unpack(systems))
        self.networks = [
            (_country(letters), number) for letters, number, _ in _NETWORK.iter_unpack(networks)
        ]
        self._tree = array("I", tree)
        if sys.byteorder == "little":
            self._tree.byteswap()

    def name_of(self, number: int) -> str:
        """The name of the autonomous system `number`, or empty."""
        offset = self._names.get(number)
        if offset is None:
            return ""
        return self._pool[offset : self._pool.index(b"\0", offset)].decode("utf-8", "replace")

    def ipv6(self) -> Iterator[tuple[int, int]]:
        """Where each range starts, and its network's index or -1, in order; IPv4 left out."""
        ipv4, _ = self._ipv4_root()
        return self._ranges(_Walk(0, 0, 128, -1), leave_out=ipv4)

    def ipv4(self) -> Iterator[tuple[int, int]]:
        """The same of IPv4, its starts as 32 bits."""
        root, value = self._ipv4_root()
        return self._ranges(_Walk(root, 0, 32, value), leave_out=_ABSENT)

    def _ipv4_root(self) -> tuple[int, int]:
        """The node of ::ffff:0:0/96, and what counts above it."""
        node, value = 0, -1
        for position in range(_IPV4_PREFIX_BITS - 1, -1, -1):
            network = self._tree[3 * node + 2]
            value = value if network == _NONE else network
            node = self._tree[3 * node + (_IPV4_PREFIX >> position & 1)]
            if node == 0:
                return _ABSENT, value
        return node, value

    def _ranges(self, start: _Walk, *, leave_out: int) -> Iterator[tuple[int, int]]:
        """Neighbours with the same network as one."""
        tree = self._tree
        last = None
        stack = [start]
        while stack:
            node, prefix, bits, value = stack.pop()
            zero = one = 0
            if node == leave_out and node != _ABSENT:
                value = -1
            elif node != _ABSENT:
                zero, one, network = tree[3 * node : 3 * node + 3]
                value = value if network == _NONE else network
            if zero or one:
                # The half of the zeros comes first, so it is put on top.
                stack.append(_Walk(one or _ABSENT, prefix << 1 | 1, bits - 1, value))
                stack.append(_Walk(zero or _ABSENT, prefix << 1, bits - 1, value))
            elif value != last:
                last = value
                yield prefix << bits, value


def _country(letters: bytes) -> int:
    """Two letters as a number; 0 for the codes with digits that stand for no country."""
    return int.from_bytes(letters, "big") if letters.isalpha() else 0


class _Values:
    """The different pairs of country and autonomous system, the unknown one first."""

    def __init__(self, database: LocationDatabase) -> None:
        self._database = database
        self._known: dict[tuple[int, int], int] = {}
        self._name_at: dict[str, int] = {}
        self.countries, self.asns, self.offsets = array("H"), array("I"), array("I")
        self.names = bytearray()
        self._add(0, 0)

    def number_of(self, network: int) -> int:
        """Of the network with this index, or -1."""
        if network < 0:
            return 0
        key = self._database.networks[network]
        number = self._known.get(key)
        return self._add(*key) if number is None else number

    def _add(self, country: int, asn: int) -> int:
        name = self._database.name_of(asn) if asn else ""
        if name not in self._name_at:
            self._name_at[name] = len(self.names)
            text = name.encode()[:_MAX_NAME_BYTES].decode("utf-8", "ignore").encode()
            self.names += bytes([len(text)]) + text
        self.countries.append(country)
        self.asns.append(asn)
        self.offsets.append(self._name_at[name])
        number = self._known[country, asn] = len(self.asns) - 1
        return number


def build(location_db: Path, out: Path) -> int:
    """Write the table; the exit code. Nothing is left behind where it fails."""
    try:
        database = LocationDatabase(location_db.read_bytes())
        content, summary = _table(database)
    except (OSError, ValueError, struct.error, IndexError) as error:
        print(f"{location_db}: expected a database of libloc; found: {error}", file=sys.stderr)
        return 1
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    print(f"{out}: {summary}, {len(content) / 1e6:.1f} MB")
    return 0


def _table(database: LocationDatabase) -> tuple[bytes, str]:
    values = _Values(database)
    high, low, ipv6_values = array("Q"), array("Q"), array("I")
    for start, network in _merged(database.ipv6(), values):
        high.append(start >> 64)
        low.append(start & (1 << 64) - 1)
        ipv6_values.append(network)
    ipv4, ipv4_values = array("I"), array("I")
    for start, network in _merged(database.ipv4(), values):
        ipv4.append(start)
        ipv4_values.append(network)
    header = HEADER.pack(
        MAGIC,
        ORDER_MARK,
        database.created_at,
        len(high),
        len(ipv4),
        len(values.asns),
        len(values.names),
    )
    parts = (high, low, ipv4, ipv6_values, ipv4_values, values.asns, values.offsets)
    content = b"".join((header, *(part.tobytes() for part in parts), values.countries.tobytes()))
    summary = f"{len(high)} IPv6 and {len(ipv4)} IPv4 ranges"
    return content + bytes(values.names), summary


def _merged(ranges: Iterator[tuple[int, int]], values: _Values) -> Iterator[tuple[int, int]]:
    """Ranges with their value's number, neighbours with the same one as one."""
    last = None
    for start, network in ranges:
        number = values.number_of(network)
        if number != last:
            last = number
            yield start, number
