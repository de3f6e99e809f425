"""The proxies at hand: a few random ones of the pool, used in turn and replaced every half minute.

So a thousand requests cost the pool a few calls, and a proxy that failed here rests for a while.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Set
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from proxypool.client.errors import SocksSupportError
from proxypool.client.filters import Filters

_BATCH = 20
_FRESH_FOR_S = 30.0
_REST_S = 60.0
_MOST_RESTING = 1000

# What a proxy speaks → the scheme by which requests knows it. SOCKS schemes are those where the
# proxy looks names up: the other ones would tell our own resolver where we go.
_SCHEMES = {
    "http": {"http": "http", "socks5": "socks5h", "socks4a": "socks4a"},
    "https": {"connect": "http", "socks5": "socks5h", "socks4a": "socks4a"},
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One proxy, and its URL as requests takes it."""

    proxy: str
    """Its name in the pool, credentials included."""
    url: str

    @property
    def place(self) -> str:
        """`host:port`, for people and logs."""
        return self.proxy.rpartition("@")[2]


def has_socks() -> bool:
    """Whether PySocks is installed."""
    return find_spec("socks") is not None


def offer_of(record: dict[str, Any], scheme: str, wanted: str = "") -> Offer | None:
    """How to use a record's proxy for URLs with `scheme`; None where it cannot be.

    `wanted` is a protocol to keep to. A pool that does not say what a proxy speaks is one of HTTP
    proxies.
    """
    https = bool(record.get("https"))
    if scheme == "https" and not https:
        return None
    spoken = record.get("protocols") or ["http", *(["connect"] if https else [])]
    schemes = _SCHEMES[scheme]
    if wanted == "socks4":  # asked for by name, so that names looked up by ourselves are accepted
        schemes = {"socks4": "socks4"}
    elif wanted.startswith("socks"):
        schemes = {wanted: schemes[wanted]}
    for protocol, proxy_scheme in schemes.items():
        if protocol in spoken and (not proxy_scheme.startswith("socks") or has_socks()):
            proxy: str = record["proxy"]
            return Offer(proxy, f"{proxy_scheme}://{proxy}")
    return None


class Stock:
    """Proxies for one set of filters. Safe to use from several threads."""

    def __init__(
        self,
        some: Callable[[dict[str, str], int], list[dict[str, Any]]],
        filters: Filters,
        *,
        sticky: bool,
    ) -> None:
        if filters.protocol.startswith("socks") and not has_socks():
            raise SocksSupportError
        self._some = some
        self._filters = filters
        self._sticky = sticky
        self._lock = threading.Lock()
        self._records: dict[str, deque[dict[str, Any]]] = {"http": deque(), "https": deque()}
        self._until = {"http": 0.0, "https": 0.0}
        self._resting: dict[str, float] = {}
        self._pinned: dict[str, Any] | None = None

    def next(self, url: str, tried: Set[str]) -> Offer | None:
        """A proxy for `url` that is not among `tried`; None where the pool has no other.

        Raises what `some` raises.
        """
        scheme = urlsplit(url).scheme.lower()
        with self._lock:
            if self._pinned is not None:
                offer = self._offer(self._pinned, scheme, tried)
                if offer is not None:
                    return offer
            record = self._at_hand(scheme, tried)
            if record is None:
                self._refill(scheme)
                record = self._at_hand(scheme, tried) or self._resting_one(scheme, tried)
            if record is None:
                return None
            if self._sticky:
                self._pinned = record
            return offer_of(record, scheme, self._filters.protocol)

    def rest(self, offer: Offer) -> None:
        """Leave a proxy alone for a while: it failed."""
        now = time.monotonic()
        with self._lock:
            self._resting[offer.proxy] = now + _REST_S
            if len(self._resting) > _MOST_RESTING:
                self._resting = {p: until for p, until in self._resting.items() if until > now}
            while len(self._resting) > _MOST_RESTING:
                del self._resting[next(iter(self._resting))]
            if self._pinned is not None and self._pinned["proxy"] == offer.proxy:
                self._pinned = None

    def _offer(self, record: dict[str, Any], scheme: str, tried: Set[str]) -> Offer | None:
        if record["proxy"] in tried:
            return None
        return offer_of(record, scheme, self._filters.protocol)

    def _at_hand(self, scheme: str, tried: Set[str]) -> dict[str, Any] | None:
        now = time.monotonic()
        if now >= self._until[scheme]:
            return None
        records = self._records[scheme]
        for _ in range(len(records)):
            record = records[0]
            records.rotate(-1)
            rests = self._resting.get(record["proxy"], 0.0) > now
            if not rests and self._offer(record, scheme, tried) is not None:
                return record
        return None

    def _resting_one(self, scheme: str, tried: Set[str]) -> dict[str, Any] | None:
        """One that failed lately: better than none."""
        for record in self._records[scheme]:
            if self._offer(record, scheme, tried) is not None:
                return record
        return None

    def _refill(self, scheme: str) -> None:
        """Ask for what can carry `scheme`: one kind at a time, which the pool finds at once."""
        query = self._filters.query()
        wanted = self._filters.protocol
        if scheme == "https":
            query["https"] = "true"
        if wanted == "http" and scheme == "https":
            query["protocol"] = "connect"  # an HTTP proxy carries https by tunnels
        kinds = [query]
        if scheme == "http" and not wanted:
            kinds = [{**query, "protocol": spoken} for spoken in _SCHEMES[scheme]]
        for kind in kinds:
            if kind.get("protocol", "").startswith("socks") and not has_socks():
                continue
            records = self._some(kind, _BATCH)
            if records:
                break
        self._records[scheme] = deque(records)
        self._until[scheme] = time.monotonic() + _FRESH_FOR_S
