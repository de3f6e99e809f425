"""What a check found out about a proxy."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What becomes of the proxy."""

    GOOD = "good"
    FAILED = "failed"
    """It did not carry the request; it may next time."""
    REFUSED = "refused"
    """It works, but shows who we are, changes what it carries, or must not be connected to."""
    POSTPONED = "postponed"
    """Nothing was found out about the proxy, for a reason of our own."""


class Anonymity(StrEnum):
    """What the judge can tell of a proxy; a transparent one is refused."""

    ANONYMOUS = "anonymous"
    """It says that it is a proxy, but not for whom."""
    ELITE = "elite"
    """It does not say that it is a proxy."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's result. Times are whole milliseconds."""

    outcome: Outcome
    reason: str = ""
    exit_ip: str = ""
    anonymous: str = ""
    https: bool = False
    region: str = ""
    latency_ms: int = 0
    connect_ms: int = 0
    at_once: bool = False
    """Of a postponed one: hand it out again at once, not after the retry interval."""

    def as_dict(self) -> dict[str, Any]:
        """The verdict as the store's script reads it, with the time of day (UTC)."""
        moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        return {**asdict(self), "last_time": moment}
