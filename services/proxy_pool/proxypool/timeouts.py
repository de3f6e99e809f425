"""Timeouts that follow what was observed: three times the 95th percentile, within bounds."""

import time
from collections import deque
from collections.abc import Callable

_FACTOR = 3.0
_QUANTILE = 0.95
_SAMPLES = 512
_ENOUGH = 64
"""Fewer say nothing about a 95th percentile."""
_RECKON_EVERY = 64
_OUTDATED_AFTER_S = 300.0
_UNHURRIED_EVERY = 16


class AdaptiveTimeout:
    """One timeout in seconds, never above `ceiling_s` and never below `floor_s`.

    Only successes are observed, and a timeout that is too short would keep the slow ones from
    being among them: so each 16th use is given the ceiling, and without any success for five
    minutes all are.
    """

    def __init__(
        self,
        ceiling_s: float,
        floor_s: float,
        *,
        adapts: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ceiling_s = ceiling_s
        self._floor_s = min(floor_s, ceiling_s)
        self._adapts = adapts
        self._clock = clock
        self._samples: deque[float] = deque(maxlen=_SAMPLES)
        self._current_s = ceiling_s
        self._noted = 0
        self._last_noted = float("-inf")
        self._uses = 0

    def note(self, seconds: float) -> None:
        """Something succeeded after so long."""
        self._samples.append(seconds)
        self._last_noted = self._clock()
        self._noted += 1
        if self._noted % _RECKON_EVERY == 0 and len(self._samples) >= _ENOUGH:
            ordered = sorted(self._samples)
            quantile = ordered[int(len(ordered) * _QUANTILE)]
            self._current_s = min(max(_FACTOR * quantile, self._floor_s), self._ceiling_s)

    def next(self) -> float:
        """The timeout for the next use."""
        self._uses += 1
        if not self._adapts or self._uses % _UNHURRIED_EVERY == 0:
            return self._ceiling_s
        if self._samples and self._clock() - self._last_noted > _OUTDATED_AFTER_S:
            self._samples.clear()
            self._current_s = self._ceiling_s
        return self._current_s
