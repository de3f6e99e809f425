"""Clicks as a process counts them: in memory, a batch for each second, so that no redirect waits.

A batch has a number that is never another's. Whoever writes it into MariaDB notes that number in
the same transaction, so that a batch may be handed on as often as one likes: it counts once.
"""

import json
import logging
import re
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from shortlink.metrics import clicks_counted, clicks_lost

log = logging.getLogger(__name__)

MOST_KEYS = 50_000
"""Counts with a referrer of its own that a batch holds, and as many without: some 20 MB."""
OTHERS = "(others)"
"""Stands for hosts beyond those that are counted one by one."""

_HOST = re.compile(r"[a-z0-9_.-]{1,255}|\[?[0-9a-f:.]{2,45}\]?")
_DAY_S = 86_400

Key = tuple[int, int, str]
"""A link, a day (days since 1970 in UTC) and a referrer's host."""


@dataclass
class Batch:
    """Some clicks."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    counts: Counter[Key] = field(default_factory=Counter)
    last: dict[int, int] = field(default_factory=dict)
    """When each link was clicked last, in Unix time."""

    @property
    def clicks(self) -> int:
        """How many there are."""
        return self.counts.total()

    def to_json(self) -> str:
        """As it is kept in Redis."""
        counts = [[*key, count] for key, count in self.counts.items()]
        return json.dumps({"counts": counts, "last": list(self.last.items())})

    @classmethod
    def from_json(cls, number: str, text: str) -> "Batch":
        """Read what `to_json` gave. Raises ValueError."""
        try:
            content = json.loads(text)
            counts = Counter({(int(a), int(b), str(c)): int(n) for a, b, c, n in content["counts"]})
            last = {int(link): int(moment) for link, moment in content["last"]}
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError(f"batch {number} is not of this service's form") from error
        return cls(number, counts, last)


class Clicks:
    """What was clicked and not handed on yet."""

    def __init__(self) -> None:
        self._batch = Batch()

    def note(self, link: int, referrer: str) -> None:
        """A redirect was answered; `referrer` is its Referer header."""
        now = int(time.time())
        batch = self._batch
        key = (link, now // _DAY_S, host_of(referrer))
        if key not in batch.counts and len(batch.counts) >= MOST_KEYS:
            key = (link, now // _DAY_S, OTHERS)
            if key not in batch.counts and len(batch.counts) >= 2 * MOST_KEYS:
                clicks_lost.inc()
                return
        batch.counts[key] += 1
        batch.last[link] = now
        clicks_counted.inc()

    def take(self) -> Batch | None:
        """What was noted since the last time, or None where that is nothing."""
        if not self._batch.counts:
            return None
        taken, self._batch = self._batch, Batch()
        return taken


def host_of(referrer: str) -> str:
    """The host of a page's address in lower case, empty where there is none."""
    if not referrer:
        return ""
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    host = host.lower().removesuffix(".")
    return host if _HOST.fullmatch(host) else ""


def day_of(number: int) -> str:
    """A day as MariaDB reads it."""
    return datetime.fromtimestamp(number * _DAY_S, UTC).strftime("%Y-%m-%d")
