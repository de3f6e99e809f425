"""A query in the words of the scripts: facets to stand in, and bounds."""

import json
from functools import lru_cache
from typing import NamedTuple

from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query


class Selection(NamedTuple):
    """What a query means."""

    text: str
    """As `match.lua` reads it."""
    facet: str
    """The one facet that it asks for, or nothing where it asks for more."""


@lru_cache(maxsize=256)
def selection(query: Query) -> Selection:
    """The query in the words of the scripts."""
    clauses = _clauses(query)
    bounds = {
        "none": ["https"] if query.https is False else [],
        "latency": query.max_latency_ms,
        "score": query.min_score,
        "exclude": sorted(query.exclude),
    }
    alone = len(clauses) == 1 and len(clauses[0]) == 1 and not any(bounds.values())
    return Selection(json.dumps({"any": clauses, **bounds}), clauses[0][0] if alone else "")


def _clauses(query: Query) -> list[list[str]]:
    """Lists of facets: of each, a proxy must stand in one."""
    clauses: list[list[str]] = []
    https = query.https
    if https and query.protocols == (Protocol.CONNECT,):
        clauses.append(["https:connect"])
        https = None
    elif set(query.protocols) == {Protocol.HTTP, Protocol.CONNECT}:
        clauses.append(["web"])
    elif query.protocols:
        clauses.append([protocol.value for protocol in query.protocols])
    if https:
        clauses.append(["https"])
    if query.anonymity is not None:
        rank = query.anonymity.rank
        clauses.append([f"anonymity:{level.value}" for level in Anonymity if level.rank >= rank])
    for kind, value in (
        ("country", query.country),
        ("asn", query.asn),
        ("source", query.source),
        ("target", query.target),
    ):
        if value:
            clauses.append([f"{kind}:{value}"])
    return clauses or [["all"]]
