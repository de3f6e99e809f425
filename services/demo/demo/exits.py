"""Where proxies seem to be: exit addresses that are no one's, with a planted country and ASN.

Addresses are of the documentation ranges (RFC 5737) and, for the large farm, of the range for
benchmarks (RFC 2544); ASNs are those for documentation (RFC 5398). Countries are real codes, so
that filters and flags have something to show.
"""

import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple


class Operator(NamedTuple):
    """Who a network belongs to."""

    asn: int
    country: str
    name: str


OPERATORS = tuple(
    Operator(64496 + index, country, f"{name} (planted)")
    for index, (country, name) in enumerate(
        (
            ("CN", "Lotus Broadband"),
            ("US", "Prairie Cable"),
            ("DE", "Harz Netz"),
            ("FR", "Loire Telecom"),
            ("JP", "Sakura Fiber"),
            ("BR", "Rio Conexao"),
            ("IN", "Deccan Online"),
            ("ID", "Java Data"),
            ("RU", "Volga Svyaz"),
            ("NL", "Polder Hosting"),
            ("GB", "Thames Internet"),
            ("SG", "Merlion Cloud"),
            ("CA", "Maple Wireless"),
            ("KR", "Hangang Net"),
            ("ES", "Ebro Red"),
            ("ZA", "Karoo Link"),
        )
    )
)

_DOCUMENTATION = tuple(
    IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
_BENCHMARKS = IPv4Network("198.18.0.0/15")
_DOCUMENTATION_PREFIX = 27
_BENCHMARKS_PREFIX = 21
_STRIDE = 7919  # odd, so that every address of a power of two is met once before any repeats


class Exit(NamedTuple):
    """One exit address and who it belongs to."""

    ip: str
    operator: Operator


def networks() -> Iterator[tuple[IPv4Network, Operator]]:
    """Every planted network with its operator, none inside another."""
    index = 0
    for network in _DOCUMENTATION:
        for part in network.subnets(new_prefix=_DOCUMENTATION_PREFIX):
            yield part, OPERATORS[index % len(OPERATORS)]
            index += 1
    for index, part in enumerate(_BENCHMARKS.subnets(new_prefix=_BENCHMARKS_PREFIX)):
        yield part, OPERATORS[index % len(OPERATORS)]


def networks_csv() -> str:
    """`network,country,asn,name`, a header line first: what a lookup of countries can be fed."""
    lines = ["network,country,asn,name"]
    lines += [f"{part},{who.country},{who.asn},{who.name}" for part, who in networks()]
    return "\n".join(lines) + "\n"


def documentation_exits(chance: random.Random) -> list[Exit]:
    """All addresses of hosts in the documentation ranges (762), in an order that `chance` gives."""
    operators = {part: who for part, who in networks() if part.prefixlen == _DOCUMENTATION_PREFIX}
    exits = [
        Exit(str(host), operators[IPv4Network((host, _DOCUMENTATION_PREFIX), strict=False)])
        for network in _DOCUMENTATION
        for host in network.hosts()
    ]
    chance.shuffle(exits)
    return exits


def benchmark_exit(number: int) -> Exit:
    """The exit with `number` from 0; distinct up to the range's 131,072 addresses."""
    offset = (number * _STRIDE + 1) % _BENCHMARKS.num_addresses
    block = offset >> (32 - _BENCHMARKS_PREFIX)
    ip = IPv4Address(int(_BENCHMARKS.network_address) + offset)
    return Exit(str(ip), OPERATORS[block % len(OPERATORS)])
