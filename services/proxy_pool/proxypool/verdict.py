"""What a check found out about a proxy."""

import time
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from proxypool.protocol import Anonymity, Protocol

__all__ = ["Anonymity", "Outcome", "Protocol", "TargetVerdict", "Verdict"]


class Outcome(StrEnum):
    """What becomes of the proxy."""

    GOOD = "good"
    FAILED = "failed"
    """It did not carry the request; it may next time."""
    REFUSED = "refused"
    """It works, but shows who we are, changes what it carries, or must not be connected to."""
    POSTPONED = "postponed"
    """Nothing was found out about the proxy, for a reason of our own."""


@dataclass(frozen=True, slots=True)
class TargetVerdict:
    """Whether a proxy works for one named site."""

    works: bool
    latency_ms: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's result. Times are whole milliseconds."""

    outcome: Outcome
    reason: str = ""
    """One word for the statistics, where it is not good."""
    protocols: tuple[Protocol, ...] = ()
    """Those that carried a request; of a check that did not try all, those that were tried."""
    tried: tuple[Protocol, ...] = ()
    https: bool = False
    """Carried a TLS connection to the judge whose certificate was verified."""
    https_reason: str = ""
    """Why not, in one word."""
    https_checked: bool = True
    """Whether anything was found out about https; where not, what was known of it stands."""
    anonymous: str = ""
    """An Anonymity, or empty where the judge was not reached."""
    exit_ip: str = ""
    region: str = ""
    """The exit's country, ISO 3166-1 alpha-2, or empty."""
    asn: int = 0
    as_name: str = ""
    latency_ms: int = 0
    connect_ms: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    """Of each protocol that was tried in vain, the reason."""
    targets: dict[str, TargetVerdict] = field(default_factory=dict)
    at_once: bool = False
    """Of a postponed one: hand it out again at once, not after the retry interval."""

    def as_dict(self) -> dict[str, Any]:
        """The verdict as the store's script reads it, with the time of day (UTC)."""
        # Not asdict(): it copies every value deeply, which costs as much as a check's own reading.
        content: dict[str, Any] = {name: getattr(self, name) for name in _FIELDS}
        if self.targets:
            content["targets"] = {name: asdict(target) for name, target in self.targets.items()}
        content["last_time"] = _time_of_day(int(time.time()))
        return content


@lru_cache(maxsize=4)
def _time_of_day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


_FIELDS = tuple(one.name for one in fields(Verdict))
