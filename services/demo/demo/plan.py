"""What is planted: each proxy's behaviour and exit address, the same for the same seed."""

import random
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network


class Behaviour(StrEnum):
    """What a planted proxy does."""

    GOOD = "good"
    """Carries requests; the destination sees its exit address and no trace of the client."""
    SLOW = "slow"
    """The same, after some seconds."""
    DEAD = "dead"
    """Nothing listens: the connection is refused."""
    HANGING = "hanging"
    """Takes the request and never answers."""
    TRANSPARENT = "transparent"
    """Carries requests, but shows the client's address, as the caller's and in headers."""


# Parts of the whole. What is left over is good.
_SHARES = {
    Behaviour.SLOW: 0.12,
    Behaviour.DEAD: 0.16,
    Behaviour.HANGING: 0.10,
    Behaviour.TRANSPARENT: 0.12,
}
# For documentation (RFC 5737): no one's, so that no one is meant by mistake.
_EXIT_NETWORKS = (IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.0/24"))
_SLOW_S = (1.5, 3.0)


@dataclass(frozen=True, slots=True)
class Planted:
    """One proxy of the farm."""

    port: int
    behaviour: Behaviour
    exit_ip: str | None
    """Where a destination sees its requests come from; none where it carries none of its own."""
    delay_s: float = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether a pool should find it good."""
        return self.behaviour in (Behaviour.GOOD, Behaviour.SLOW)


def plant(first_port: int, count: int, seed: int) -> list[Planted]:
    """The farm's proxies in the order of their ports; every behaviour is there at least once."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    behaviours = [
        behaviour
        for behaviour, share in _SHARES.items()
        for _ in range(max(1, round(share * count)))
    ]
    behaviours += [Behaviour.GOOD] * (count - len(behaviours))
    chance.shuffle(behaviours)
    exits = [str(host) for network in _EXIT_NETWORKS for host in network.hosts()]
    chance.shuffle(exits)
    planted = []
    for index, behaviour in enumerate(behaviours):
        usable = behaviour in (Behaviour.GOOD, Behaviour.SLOW)
        delay_s = round(chance.uniform(*_SLOW_S), 2) if behaviour is Behaviour.SLOW else 0.0
        exit_ip = exits[index] if usable else None
        planted.append(Planted(first_port + index, behaviour, exit_ip, delay_s))
    return planted
