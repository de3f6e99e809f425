"""A query: which proxies a client wants, the same for the API, the gateway and the command."""

from dataclasses import dataclass

from proxypool.protocol import Anonymity, Protocol


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions, all of which must hold; what is left empty asks for nothing."""

    protocols: tuple[Protocol, ...] = ()
    """At least one of these."""
    https: bool | None = None
    anonymity: Anonymity | None = None
    """At least this level."""
    country: str = ""
    """ISO 3166-1 alpha-2, in upper case."""
    asn: int = 0
    source: str = ""
    target: str = ""
    """The name of a target that it works for."""
    max_latency_ms: int = 0
    min_score: float = 0.0
    exclude: frozenset[str] = frozenset()
    """Proxies, by their text, that are not wanted again."""
