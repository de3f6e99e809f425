"""A query in the words of the scripts: facets to stand in, and bounds."""

import json

from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query


def selection(query: Query) -> str:
    """The query as `match.lua` reads it."""
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
    return json.dumps(
        {
            "any": clauses or [["all"]],
            "none": ["https"] if https is False else [],
            "latency": query.max_latency_ms,
            "score": query.min_score,
            "exclude": sorted(query.exclude),
        }
    )


def only_facet(query: Query) -> str:
    """The one facet that the query asks for, or nothing where it asks for more."""
    wanted = json.loads(selection(query))
    clauses = wanted["any"]
    if wanted["none"] or wanted["latency"] or wanted["score"] or wanted["exclude"]:
        return ""
    return str(clauses[0][0]) if len(clauses) == 1 and len(clauses[0]) == 1 else ""
