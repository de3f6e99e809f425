"""Countries and networks (autonomous systems) of addresses, offline and in little memory.

The table is one file, mapped into memory: all processes share it, and only the pages that look-ups
touch are read. `python -m proxypool.geo build LOCATION_DB OUT` makes it from the database of
Debian's package `libloc-database` (IPFire Location, CC BY-SA 4.0).

Layout, in the byte order of the machine that builds it: the header, then arrays
  u64 high and u64 low halves of where IPv6 ranges start, u32 where IPv4 ranges start,
  u32 value of each IPv6 range, u32 value of each IPv4 range,
  u32 AS number and u32 name offset of each value, u16 country of each value (two letters),
and the names, each after one byte with its length. A range ends where the next one starts.
"""

import csv
import logging
import mmap
import struct
import sys
from bisect import bisect_left, bisect_right
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple

from proxypool.address import Address, Network, normal
from proxypool.problems import ConfigurationError, Problem
from proxypool.settings import Settings

log = logging.getLogger(__name__)

MAGIC = b"PPGEO\x00\x00\x01"
ORDER_MARK = 0x01020304
HEADER = struct.Struct("=8sIIIIII")
"""Magic, byte order mark, time of the data (unix s), IPv6 ranges, IPv4 ranges, values, bytes of
names."""
INSTALLED_TABLE = Path(sys.prefix) / "share" / "proxypool" / "geo.table"
_LOW_HALF = (1 << 64) - 1


class Origin(NamedTuple):
    """Where an address belongs; empty and 0 where that is not known."""

    country: str = ""
    """ISO 3166-1 alpha-2."""
    asn: int = 0
    as_name: str = ""


UNKNOWN = Origin()


class GeoTable:
    """The table, mapped into memory. Raises OSError and ValueError where it is not one."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if len(self._map) < HEADER.size:
            raise ValueError("shorter than a header")
        magic, mark, self.time, ipv6, ipv4, values, names = HEADER.unpack_from(self._map)
        if magic != MAGIC or mark != ORDER_MARK:
            raise ValueError("not a table of this version, made on a machine of this kind")
        view = memoryview(self._map)
        offset = HEADER.size

        def array(count: int, kind: str) -> memoryview:
            nonlocal offset
            start, offset = offset, offset + count * struct.calcsize(kind)
            return view[start:offset].cast(kind)  # type: ignore[call-overload,no-any-return]

        try:
            self._ipv6_high, self._ipv6_low = array(ipv6, "Q"), array(ipv6, "Q")
            self._ipv4 = array(ipv4, "I")
            self._ipv6_values, self._ipv4_values = array(ipv6, "I"), array(ipv4, "I")
            self._asns, self._name_offsets = array(values, "I"), array(values, "I")
            self._countries = array(values, "H")
        except TypeError as error:  # a part is cut off
            raise ValueError("shorter than it says") from error
        self._names = view[offset : offset + names]
        if len(self._names) != names:
            raise ValueError("shorter than it says")

    def look_up(self, ip: Address) -> Origin:
        """Where `ip` belongs."""
        number = int(ip)
        if isinstance(ip, IPv4Address):
            index = bisect_right(self._ipv4, number) - 1
            return self._origin(self._ipv4_values[index]) if index >= 0 else UNKNOWN
        high, low = number >> 64, number & _LOW_HALF
        index = bisect_right(self._ipv6_high, high) - 1
        if index >= 0 and self._ipv6_high[index] == high:
            first = bisect_left(self._ipv6_high, high, 0, index + 1)
            index = bisect_right(self._ipv6_low, low, first, index + 1) - 1
        return self._origin(self._ipv6_values[index]) if index >= 0 else UNKNOWN

    def _origin(self, value: int) -> Origin:
        asn, offset = self._asns[value], self._name_offsets[value]
        letters = self._countries[value]
        country = chr(letters >> 8) + chr(letters & 0xFF) if letters else ""
        length = self._names[offset]
        name = bytes(self._names[offset + 1 : offset + 1 + length]).decode("utf-8")
        return Origin(country, asn, name)


class OwnNetworks:
    """Networks from a file, the most specific first."""

    def __init__(self, origins: dict[Network, Origin]) -> None:
        self._by_length: dict[tuple[int, int], dict[int, Origin]] = {}
        for network, origin in origins.items():
            length = network.max_prefixlen - network.prefixlen
            table = self._by_length.setdefault((network.version, length), {})
            table[int(network.network_address) >> length] = origin
        self._lengths = sorted(self._by_length, key=lambda key: key[1])

    @classmethod
    def read(cls, path: Path) -> "OwnNetworks":
        """Read lines `network,country,asn,name`; raises ConfigurationError naming the line."""
        origins: dict[Network, Origin] = {}
        problems: list[Problem] = []
        try:
            with path.open(encoding="utf-8", newline="") as file:
                for number, row in enumerate(csv.reader(file), 1):
                    if not row or row[0].startswith("#") or (number == 1 and row[0] == "network"):
                        continue
                    try:
                        network, origin = _own_network(row)
                    except ValueError as error:
                        problems.append(_bad_line(path, number, str(error)))
                        continue
                    origins[network] = origin
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            problems.append(
                Problem("GEO_FILE", "a CSV file in UTF-8", f"{path}: {error}", "correct the file")
            )
        if problems:
            raise ConfigurationError(problems)
        return cls(origins)

    def look_up(self, ip: Address) -> Origin | None:
        """Where `ip` belongs by the file, if it is in it."""
        number = int(ip)
        for version, length in self._lengths:
            if version == ip.version:
                origin = self._by_length[version, length].get(number >> length)
                if origin is not None:
                    return origin
        return None


def _own_network(row: list[str]) -> tuple[Network, Origin]:
    if len(row) != 4:
        raise ValueError(f"{len(row)} columns")
    text, country, asn, name = (cell.strip() for cell in row)
    country = country.upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise ValueError(f"country {country[:20]!r}")
    digits = asn.upper().removeprefix("AS") or "0"
    if not (digits.isascii() and digits.isdecimal()) or int(digits) >= 1 << 32:
        raise ValueError(f"asn {asn[:20]!r}")
    return ip_network(text), Origin(country, int(digits), name[:255])


def _bad_line(path: Path, number: int, found: str) -> Problem:
    return Problem(
        "GEO_FILE",
        "network,country,asn,name such as 198.51.100.0/24,DE,64500,Example",
        f"{path}, line {number}: {found}",
        "correct or remove the line",
    )


class Geography:
    """The networks of the file first, then the table."""

    def __init__(self, table: GeoTable | None, own: OwnNetworks | None = None) -> None:
        self._table = table
        self._own = own

    @classmethod
    def from_settings(cls, settings: Settings) -> "Geography | None":
        """What the settings name; none where they turn it off or nothing is there.

        Raises ConfigurationError.
        """
        if not settings.proxy_region:
            return None
        own = OwnNetworks.read(settings.geo_file) if settings.geo_file is not None else None
        path = settings.geo_database
        if path is None and INSTALLED_TABLE.is_file():
            path = INSTALLED_TABLE
        table = _open(path) if path is not None else None
        if table is None:
            log.info(
                "regions stay empty%s: no table of countries. What to do: make one with "
                "`python -m proxypool.geo build` and name it in GEO_DATABASE, or set "
                "PROXY_REGION=no",
                " but for GEO_FILE's" if own else "",
            )
        return cls(table, own) if table is not None or own is not None else None

    def look_up(self, text: str) -> Origin:
        """Where the literal address `text` belongs; unknown for what is none."""
        try:
            ip = normal(ip_address(text))
        except ValueError:
            return UNKNOWN
        if self._own is not None and (origin := self._own.look_up(ip)) is not None:
            return origin
        return self._table.look_up(ip) if self._table is not None else UNKNOWN


def _open(path: Path) -> GeoTable:
    try:
        return GeoTable(path)
    except (OSError, ValueError) as error:
        advice = "make it anew with `python -m proxypool.geo build`, or unset GEO_DATABASE"
        problem = Problem("GEO_DATABASE", "a table of countries", f"{path}: {error}", advice)
        raise ConfigurationError([problem]) from error


def main(arguments: list[str]) -> int:
    """`build LOCATION_DB OUT`, or `look-up TABLE ADDRESS …`."""
    from proxypool import geo_build

    if len(arguments) == 3 and arguments[0] == "build":
        return geo_build.build(Path(arguments[1]), Path(arguments[2]))
    if len(arguments) >= 3 and arguments[0] == "look-up":
        geography = Geography(GeoTable(Path(arguments[1])))
        for text in arguments[2:]:
            print(text, *geography.look_up(text))
        return 0
    print("usage: python -m proxypool.geo build LOCATION_DB OUT", file=sys.stderr)
    print("       python -m proxypool.geo look-up TABLE ADDRESS …", file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
