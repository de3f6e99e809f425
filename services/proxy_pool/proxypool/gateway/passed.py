"""What has gone through the gateway lately, for those who ask which upstream carried what.

Kept of a request are its destination, never its path, and who asked.
"""

import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from proxypool.store import UNAVAILABLE, Store

if TYPE_CHECKING:
    from proxypool.gateway.route import Link, Route

log = logging.getLogger(__name__)


class Passed:
    """The last requests and tunnels, handed to the store in batches."""

    def __init__(self, store: Store, kept: int) -> None:
        """`kept`: how many the store is to have; 0 for none at all."""
        self._store = store
        self._kept = kept
        self._waiting: deque[dict[str, Any]] = deque(maxlen=kept)

    def note(self, route: "Route", kind: str, outcome: str, link: "Link | None" = None) -> None:
        """A request has ended; `link` is what carried it, where anything did."""
        if not self._kept:
            return
        wanted = route.wanted
        self._waiting.append(
            {
                "ended": round(time.time(), 3),
                "took_ms": round((time.monotonic() - route.began) * 1000),
                "kind": kind,
                "destination": wanted.destination.authority(),
                "account": wanted.wish.account,
                "outcome": outcome,
                "upstream": link.choice.place if link else "",
                "protocol": link.protocol if link else "",
                "attempts": [
                    {"upstream": one.upstream, "protocol": one.protocol, "reason": one.reason}
                    for one in route.failures
                ],
            }
        )

    async def flush(self) -> None:
        """Hand on what has come together; while Redis is away, the last ones wait."""
        if not self._waiting:
            return
        batch, self._waiting = self._waiting, deque(maxlen=self._kept)
        try:
            await self._store.note_passed(batch, self._kept)
        except UNAVAILABLE as error:
            log.warning("redis takes no requests' history: %s; it waits", type(error).__name__)
            self._waiting = deque([*batch, *self._waiting], maxlen=self._kept)
