"""The kinds of proxies that are planted: a behaviour, the protocols spoken at one port, a lock."""

from collections.abc import Mapping
from dataclasses import dataclass

from demo.behaviour import FACTS, Behaviour, Protocol

# At loopback addresses: 256 blocks of 254, and a little less, since rounding may add some.
MAX_OF_A_KIND = 65_000

_HTTP = (Protocol.HTTP, Protocol.CONNECT)
_SOCKS4 = (Protocol.SOCKS4, Protocol.SOCKS4A)
_SOCKS5 = (Protocol.SOCKS5,)
_ALL = tuple(Protocol)
_TUNNELS = frozenset(_ALL) - {Protocol.HTTP}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a number of planted proxies have in common."""

    name: str
    behaviour: Behaviour
    protocols: tuple[Protocol, ...]
    share: int = 1
    """How many of 68 proxies are of it."""
    wants_credentials: bool = False

    @property
    def takes_passwords(self) -> bool:
        """Whether its protocols have a place for one: SOCKS4 has a user id alone."""
        return not set(_SOCKS4).issuperset(self.protocols)

    @property
    def https(self) -> bool:
        """Whether a verified TLS connection comes about through it."""
        return FACTS[self.behaviour].tls and not _TUNNELS.isdisjoint(self.protocols)


# The order is part of the large farm's addresses: new kinds are added at the end.
KINDS = (
    Kind("good", Behaviour.GOOD, _HTTP, 13),
    Kind("good-mixed", Behaviour.GOOD, _ALL, 4),
    Kind("good-socks4", Behaviour.GOOD, (Protocol.SOCKS4,)),
    Kind("good-socks4a", Behaviour.GOOD, _SOCKS4, 2),
    Kind("good-socks5", Behaviour.GOOD, _SOCKS5, 4),
    Kind("good-locked", Behaviour.GOOD, _HTTP, wants_credentials=True),
    Kind("good-socks5-locked", Behaviour.GOOD, _SOCKS5, wants_credentials=True),
    Kind("good-mixed-locked", Behaviour.GOOD, (*_HTTP, *_SOCKS5), wants_credentials=True),
    Kind("slow", Behaviour.SLOW, _HTTP, 4),
    Kind("slow-socks5", Behaviour.SLOW, _SOCKS5),
    Kind("anonymous", Behaviour.ANONYMOUS, _HTTP, 3),
    Kind("no-https", Behaviour.NO_HTTPS, (Protocol.HTTP,), 2),
    Kind("connect-only", Behaviour.CONNECT_ONLY, (Protocol.CONNECT,)),
    Kind("flapping", Behaviour.FLAPPING, _HTTP),
    Kind("dying", Behaviour.DYING, _HTTP),
    Kind("dead", Behaviour.DEAD, _HTTP, 4),
    Kind("hanging", Behaviour.HANGING, _HTTP, 3),
    Kind("hanging-socks5", Behaviour.HANGING, _SOCKS5),
    Kind("transparent", Behaviour.TRANSPARENT, _HTTP, 3),
    Kind("transparent-socks5", Behaviour.TRANSPARENT, _SOCKS5),
    Kind("tampering", Behaviour.TAMPERING, _HTTP),
    Kind("tampering-socks5", Behaviour.TAMPERING, _SOCKS5),
    Kind("injecting", Behaviour.INJECTING, _HTTP),
    Kind("captive", Behaviour.CAPTIVE, _HTTP),
    Kind("breaks-tls", Behaviour.BREAKS_TLS, _HTTP),
    Kind("breaks-tls-socks5", Behaviour.BREAKS_TLS, _SOCKS5),
    Kind("locked", Behaviour.LOCKED, _HTTP),
    Kind("locked-socks5", Behaviour.LOCKED, _SOCKS5),
    Kind("dripping", Behaviour.DRIPPING, _HTTP),
    Kind("endless-headers", Behaviour.ENDLESS_HEADERS, _HTTP),
    Kind("cut-short", Behaviour.CUT_SHORT, _HTTP),
    Kind("cut-short-socks5", Behaviour.CUT_SHORT, _SOCKS5),
    Kind("good-socks4-locked", Behaviour.GOOD, _SOCKS4, wants_credentials=True),
    Kind("slow-socks4", Behaviour.SLOW, _SOCKS4),
    Kind("hanging-socks4", Behaviour.HANGING, _SOCKS4),
    Kind("transparent-socks4", Behaviour.TRANSPARENT, _SOCKS4),
)
BY_NAME = {kind.name: kind for kind in KINDS}
EVERYTHING: Mapping[str, int] = {kind.name: kind.share for kind in KINDS}


def parse_mix(text: str) -> dict[str, int]:
    """Read `kind:weight,…`; the empty text is every kind by its share. Raises ValueError."""
    mix: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = part.partition(":")
        if name not in BY_NAME or name in mix or not 1 <= int(weight or "1") <= 1_000_000:
            raise ValueError(text)
        mix[name] = int(weight or "1")
    return mix or dict(EVERYTHING)


def spread(count: int, mix: Mapping[str, int]) -> list[Kind]:
    """`count` kinds in the proportions of `mix`, each of it at least once, in the mix's order.

    Raises ValueError where `count` is less than the mix's kinds.
    """
    if count < len(mix):
        raise ValueError(f"{count} proxies for {len(mix)} kinds")
    whole = sum(mix.values())
    numbers = {name: max(1, count * weight // whole) for name, weight in mix.items()}
    # What rounding left over, or took too much of, goes to or comes from the largest.
    by_size = sorted(mix, key=lambda name: -mix[name])
    step = 1 if sum(numbers.values()) < count else -1
    index = 0
    while sum(numbers.values()) != count:
        name = by_size[index % len(by_size)]
        if numbers[name] + step >= 1:
            numbers[name] += step
        index += 1
    return [BY_NAME[name] for name, number in numbers.items() for _ in range(number)]
