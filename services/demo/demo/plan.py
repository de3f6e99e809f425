"""What is planted, and the truth about it; the same for the same seed. Needs no running farm.

Two ways to plant: `plant`, a proxy at each port of one address, and `plant_wide`, a proxy at each
of tens of thousands of loopback addresses at one port.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from demo.behaviour import FACTS, UNSTEADY, Behaviour
from demo.exits import Exit, Operator, benchmark_exit, documentation_exits
from demo.kinds import EVERYTHING, KINDS, Kind, spread

_SLOW_S = (1.5, 3.0)
# The second octet of 127.x.y.z is the kind's; below lies what hosts use themselves.
_FIRST_OCTET_OF_KINDS = 10
# A last octet of 0 or 255 is a network's or a broadcast's address to many a parser.
_PER_BLOCK = 254


@dataclass(frozen=True, slots=True)
class Planted:
    """One proxy of the farm."""

    port: int
    kind: Kind
    exit: Exit | None
    """Where a destination sees its requests come from; none where that is the client's own
    address, or where nothing gets through."""
    delay_s: float = 0.0
    username: str = ""
    """What it wants of its clients; empty where it wants nothing, or nothing is right."""
    password: str = ""
    host: str = ""
    """Its address; empty where that is the farm's own."""

    @property
    def behaviour(self) -> Behaviour:
        """What it does."""
        return self.kind.behaviour

    @property
    def exit_ip(self) -> str | None:
        """The address of its exit."""
        return self.exit.ip if self.exit else None

    @property
    def is_usable(self) -> bool:
        """Whether a pool with default settings should find it good while it is up."""
        return FACTS[self.behaviour].usable

    @property
    def anonymity(self) -> str | None:
        """transparent, anonymous or elite; none where nothing gets through."""
        if not FACTS[self.behaviour].carries:
            return None
        levels = {Behaviour.TRANSPARENT: "transparent", Behaviour.ANONYMOUS: "anonymous"}
        return levels.get(self.behaviour, "elite")

    def place(self, address: str = "") -> str:
        """`host:port`, where `address` is the farm's."""
        return f"{self.host or address}:{self.port}"

    def name(self, address: str = "") -> str:
        """`host:port`, after its credentials, percent-encoded, where it wants any."""
        if not self.username:
            return self.place(address)
        credentials = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{credentials}@{self.place(address)}"

    def truth(self, address: str = "") -> dict[str, object]:
        """All that is true of it, ready for JSON; `address` is the farm's.

        `usable` holds while it is up; `steady` tells that this is always. `expected_reason` says
        why it is to be refused, or what its failures are.
        """
        facts = FACTS[self.behaviour]
        operator: Operator | None = self.exit.operator if self.exit else None
        return {
            "proxy": self.name(address),
            "port": self.port,
            "behaviour": self.behaviour.value,
            "kind": self.kind.name,
            "protocols": [protocol.value for protocol in self.kind.protocols],
            "https": self.kind.https,
            "anonymity": self.anonymity,
            "exit_ip": self.exit_ip,
            "country": operator.country if operator else None,
            "asn": operator.asn if operator else None,
            "as_name": operator.name if operator else None,
            "username": self.username,
            "password": self.password,
            "delay_s": self.delay_s,
            "usable": facts.usable,
            "steady": self.behaviour not in UNSTEADY,
            "expected_reason": facts.reason,
        }


def plant(first_port: int, count: int, seed: int) -> list[Planted]:
    """`count` proxies in the order of their ports, every kind at least once.

    Raises ValueError where `count` is less than the kinds, or more than the exits (762).
    """
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    kinds = spread(count, EVERYTHING)
    chance.shuffle(kinds)
    exits = documentation_exits(chance)
    if count > len(exits):
        raise ValueError(f"{count} proxies for {len(exits)} exits")
    return [
        _planted(first_port + index, index, kind, exits[index], chance)
        for index, kind in enumerate(kinds)
    ]


def plant_wide(
    port: int, count: int, seed: int, mix: Mapping[str, int] | None = None
) -> list[Planted]:
    """`count` proxies, each at its own address of 127.0.0.0/8, in no order; `mix` as `spread` says.

    The second octet is the kind's. All listen at `port`; dead ones stand at `port + 1`, where
    nothing listens. Raises ValueError where `count` is less than the mix's kinds.
    """
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    planted = []
    numbers: dict[str, int] = {}
    for index, kind in enumerate(spread(count, mix or EVERYTHING)):
        number = numbers[kind.name] = numbers.get(kind.name, -1) + 1
        place = port + 1 if kind.behaviour is Behaviour.DEAD else port
        exit_ = benchmark_exit(index)
        planted.append(_planted(place, index, kind, exit_, chance, _loopback(kind, number)))
    chance.shuffle(planted)
    return planted


def _planted(
    port: int, index: int, kind: Kind, exit_: Exit, chance: random.Random, host: str = ""
) -> Planted:
    shows_none = kind.behaviour is Behaviour.TRANSPARENT or not FACTS[kind.behaviour].carries
    return Planted(
        port=port,
        kind=kind,
        exit=None if shows_none else exit_,
        delay_s=round(chance.uniform(*_SLOW_S), 2) if kind.behaviour is Behaviour.SLOW else 0.0,
        username=f"user{index}" if kind.wants_credentials else "",
        # Every sign that has a meaning in a URL: whoever forgets to encode one, fails.
        password=f"p:{index}@%/ss" if kind.wants_credentials and kind.takes_passwords else "",
        host=host,
    )


def _loopback(kind: Kind, number: int) -> str:
    block, last = divmod(number, _PER_BLOCK)
    if block > 255:
        raise ValueError(f"{number + 1} proxies of the kind {kind.name} for {256 * _PER_BLOCK}")
    return f"127.{_FIRST_OCTET_OF_KINDS + KINDS.index(kind)}.{block}.{last + 1}"
