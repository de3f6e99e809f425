"""What clients may ask of the choice beside filters: `rotate-N` and `cooldown-S`.

Both are this gateway's own memory: they spread requests, and nothing is lost with them.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from proxypool.gateway.choice import Choice

_MAX_REMEMBERED = 10_000
_TURN_S = 60.0
"""A turn ends after so long too: what has left the pool meanwhile is not used any further."""


class Turns:
    """Which upstream has its turn, and for how many requests more."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns: OrderedDict[str, tuple[Choice, int, float]] = OrderedDict()

    def begin(self, key: str, choice: Choice, requests: int) -> None:
        """It is this one's turn, for so many requests, the present one among them."""
        if requests > 1:
            self._put(key, choice, requests - 1, self._clock() + _TURN_S)

    def take(self, key: str, fits: Callable[[Choice], bool]) -> Choice | None:
        """Whose turn it is for one request more; None where it is nobody's, or that one's over."""
        choice, left, until = self._turns.pop(key, (None, 0, 0.0))
        if choice is None or self._clock() >= until or not fits(choice):
            return None
        if left > 1:
            self._put(key, choice, left - 1, until)
        return choice

    def _put(self, key: str, choice: Choice, left: int, until: float) -> None:
        self._turns[key] = (choice, left, until)
        if len(self._turns) > _MAX_REMEMBERED:
            self._turns.popitem(last=False)


class Cooldowns:
    """Which upstreams an account has just used."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def used(self, account: str, name: str, seconds: float) -> None:
        """It is to be left alone for a while."""
        self._until[account, name] = self._clock() + seconds
        self._until.move_to_end((account, name))
        if len(self._until) > _MAX_REMEMBERED:
            self._until.popitem(last=False)

    def is_over(self, account: str, name: str) -> bool:
        """Whether it may be used again."""
        return self._until.get((account, name), 0.0) <= self._clock()
