"""How many messages a phone gets: so many a minute, an hour and a day."""

import time
from collections import deque

from demo.sms.refusals import not_sent

_WINDOWS = (("分钟级", 60), ("小时级", 3600), ("天级", 86400))
_MAX_PHONES = 5_000


class Limits:
    """Counts what was sent to each phone; the phones of longest ago are forgotten."""

    def __init__(self, permits: tuple[int, int, int]) -> None:
        self._permits = permits
        self._sent: dict[str, deque[float]] = {}

    def check(self, phone: str) -> None:
        """Raises RefusedError where the phone has had enough."""
        now_s = time.monotonic()
        sent = self._sent.get(phone, ())
        for (name, window_s), permits in zip(_WINDOWS, self._permits, strict=True):
            if sum(now_s - at_s < window_s for at_s in sent) >= permits:
                raise not_sent("isv.BUSINESS_LIMIT_CONTROL", f"触发{name}流控Permits:{permits}")

    def note(self, phone: str) -> None:
        """A message was sent."""
        sent = self._sent.pop(phone, None)
        if sent is None:
            sent = deque(maxlen=max(self._permits))
        while len(self._sent) >= _MAX_PHONES:
            del self._sent[next(iter(self._sent))]
        sent.append(time.monotonic())
        self._sent[phone] = sent
