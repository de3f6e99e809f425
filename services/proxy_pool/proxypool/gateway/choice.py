"""An upstream as its record describes it, and whether a query means it."""

import json
import logging
from dataclasses import dataclass, field

from proxypool.address import BadAddressError, Upstream
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the gateway needs to know of an upstream. Its name may hold credentials."""

    upstream: Upstream = field(repr=False)
    name: str = field(repr=False)
    """As the store knows it."""
    protocols: tuple[Protocol, ...]
    https: bool
    anonymity: Anonymity | None
    country: str
    asn: int
    latency_ms: int
    score: float
    targets: frozenset[str]
    """The names of those that it works for."""
    expires: float
    """Unix time, or 0."""

    @property
    def place(self) -> str:
        """`host:port`, which may be shown."""
        return self.upstream.place

    @classmethod
    def of(cls, record: str) -> "Choice | None":
        """Read a record; None, and a line in the log, where it cannot be used."""
        values = json.loads(record)
        name = str(values["proxy"])
        level = values["anonymous"]
        try:
            return cls(
                upstream=Upstream.parse(name),
                name=name,
                protocols=tuple(Protocol(word) for word in values["protocols"]),
                https=bool(values["https"]),
                anonymity=Anonymity(level) if level else None,
                country=str(values["region"]),
                asn=int(values["asn"]),
                latency_ms=int(values["latency_ms"]),
                score=float(values["score"]),
                targets=frozenset(
                    target for target, result in values["targets"].items() if result["works"]
                ),
                expires=float(values["expires"]),
            )
        except (BadAddressError, ValueError) as error:
            log.error("a record cannot be used: %s", error)
            return None

    def is_meant_by(self, query: Query) -> bool:
        """Whether all of the query's conditions hold; sources are not looked at."""
        anonymity = query.anonymity
        return (
            (not query.protocols or any(protocol in query.protocols for protocol in self.protocols))
            and (query.https is None or self.https == query.https)
            and (
                anonymity is None
                or (self.anonymity is not None and self.anonymity.rank >= anonymity.rank)
            )
            and (not query.country or self.country == query.country)
            and (not query.asn or self.asn == query.asn)
            and (not query.target or query.target in self.targets)
            and (not query.max_latency_ms or 0 < self.latency_ms <= query.max_latency_ms)
            and self.score >= query.min_score
            and self.name not in query.exclude
        )
