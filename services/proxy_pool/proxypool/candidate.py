"""A candidate: a proxy that a source lists, with what the source says of it."""

from dataclasses import dataclass

from proxypool.address import Upstream
from proxypool.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Candidate:
    """One listed proxy. What a source says is where checks begin, never believed."""

    upstream: Upstream
    protocol: Protocol | None = None
    """What it is said to speak; without it, checks find out."""
    expires: float = 0.0
    """Unix time after which it is dropped and not used any more; 0: never."""
