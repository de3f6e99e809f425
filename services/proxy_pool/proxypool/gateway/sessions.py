"""Sticky sessions: requests of one session leave through the same upstream.

The choice is kept in the store with an expiry, so all gateways agree on it; each remembers it for
as long as a list of upstreams is fresh, so a busy session costs a round trip every few seconds.
"""

import time
from collections import OrderedDict
from hashlib import sha256

from proxypool.gateway.choice import Choice
from proxypool.gateway.credentials import Wish
from proxypool.gateway.upstreams import FRESH_S
from proxypool.store import Store

_MAX_REMEMBERED = 10_000


class Sessions:
    """Which upstream each session has. Methods raise one of the store's UNAVAILABLE."""

    def __init__(self, store: Store, keep_s: float) -> None:
        self._store = store
        self._keep_s = keep_s
        self._remembered: OrderedDict[str, tuple[Choice, float]] = OrderedDict()

    @staticmethod
    def key(wish: Wish) -> str:
        """The session's key: of one account, and of one set of filters."""
        query = wish.query
        parts = (
            wish.account,
            wish.session,
            query.country,
            query.asn,
            query.target,
            query.anonymity,
            query.https,
            query.max_latency_ms,
            query.protocols,
        )
        return sha256(repr(parts).encode()).hexdigest()[:32]

    def remembered(self, key: str) -> Choice | None:
        """The session's upstream, where it was asked for a moment ago."""
        found = self._remembered.get(key)
        return found[0] if found is not None and found[1] > time.monotonic() else None

    def remember(self, key: str, choice: Choice) -> None:
        """That it is this one, for a moment."""
        self._remembered[key] = (choice, time.monotonic() + min(FRESH_S, self._keep_s / 2))
        self._remembered.move_to_end(key)
        if len(self._remembered) > _MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    async def settle(self, key: str, proposal: str, dead: str) -> str:
        """The session's upstream: the one it has, or `proposal` where it has none or `dead`."""
        return await self._store.session(key, proposal, dead, self._keep_s)
