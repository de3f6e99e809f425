"""Failed logins, limited per address: guessing a secret takes longer than anyone has."""

import time
from collections import OrderedDict
from collections.abc import Callable

_LIMIT = 10
_WINDOW_S = 60.0
_MAX_ADDRESSES = 10_000


class FailedLogins:
    """How often each address has failed within the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """How long the address must wait before it may try again; 0: not at all."""
        count, since = self._failed.get(address, (0, 0.0))
        left = since + _WINDOW_S - self._clock()
        return left if count >= _LIMIT and left > 0 else 0.0

    def note(self, address: str) -> None:
        """The address has failed."""
        count, since = self._failed.get(address, (0, 0.0))
        now = self._clock()
        if since + _WINDOW_S <= now:
            count, since = 0, now
        self._failed[address] = (count + 1, since)
        self._failed.move_to_end(address)
        if len(self._failed) > _MAX_ADDRESSES:
            self._failed.popitem(last=False)
