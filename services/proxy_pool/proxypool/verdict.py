"""What a check found out about a proxy."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

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


class TargetVerdict(NamedTuple):
    """Whether a proxy works for one named site."""

    works: bool
    latency_ms: int = 0
    reason: str = ""


_NONE: Mapping[str, Any] = MappingProxyType({})


class Verdict(NamedTuple):
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
    failures: Mapping[str, str] = _NONE
    """Of each protocol that was tried in vain, the reason."""
    targets: Mapping[str, TargetVerdict] = _NONE
    at_once: bool = False
    """Of a postponed one: hand it out again at once, not after the retry interval."""

    def told(self) -> dict[str, Any]:
        """The verdict as the store's script reads it: what is not as it is by default."""
        content = {
            name: value
            for name, value, default in zip(self._fields, self, _DEFAULTS, strict=True)
            if value != default
        }
        if self.targets:
            content["targets"] = {name: target._asdict() for name, target in self.targets.items()}
        return content


_DEFAULTS = (None, *Verdict._field_defaults.values())
