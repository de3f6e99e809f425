"""What a request needs of an upstream: which protocols can carry it, and in which order."""

from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from proxypool.gateway.credentials import Wish
from proxypool.gateway.destination import Destination
from proxypool.problems import Problem
from proxypool.protocol import Protocol
from proxypool.query import Query

_TLS_PORT = 443
_PLANS = 1024  # as many sets of filters are not thought through anew for each request


class Kind(Enum):
    """What is to be carried."""

    REQUEST = "request"
    """One plain HTTP request."""
    TUNNEL = "tunnel"
    """Bytes, both ways."""


class CannotCarryError(ValueError):
    """No protocol that the caller asked for can carry the request."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request's needs."""

    kind: Kind
    destination: Destination
    wish: Wish
    protocols: tuple[Protocol, ...]
    """Those that can carry it, the best first."""
    queries: tuple[Query, ...]
    """Where upstreams are looked for: in the next one only if the one before gives none."""

    @classmethod
    def of(cls, kind: Kind, destination: Destination, wish: Wish) -> "Wanted":
        """Raises CannotCarryError."""
        version = destination.ip.version if destination.ip is not None else 0
        to_tls = destination.port == _TLS_PORT
        protocols, queries = _plan(kind, version, to_tls, bool(wish.session), wish.query)
        if not protocols:
            asked, possible = wish.query.protocols, _possible(kind, version, to_tls)
            what = "a plain request" if kind is Kind.REQUEST else "a tunnel"
            raise CannotCarryError(
                Problem(
                    "protocol",
                    f"one that carries {what} to {destination.authority()}: {', '.join(possible)}",
                    ", ".join(asked),
                    "change or leave out the filter protocol in the user name",
                )
            )
        return cls(kind, destination, wish, protocols, queries)

    def protocol_of(self, spoken: tuple[Protocol, ...]) -> Protocol | None:
        """Of the protocols that an upstream speaks, the best one for this request."""
        return next((protocol for protocol in self.protocols if protocol in spoken), None)


@lru_cache(_PLANS)
def _plan(
    kind: Kind, version: int, to_tls: bool, session: bool, query: Query
) -> tuple[tuple[Protocol, ...], tuple[Query, ...]]:
    """Protocols and queries. `version` is that of a literal address, or 0 for a name."""
    asked = query.protocols
    possible = _possible(kind, version, to_tls)
    protocols = tuple(p for p in possible if not asked or p in asked)
    groups = _groups(kind, to_tls, session, protocols)
    queries = dict.fromkeys(
        replace(query, protocols=group, https=True if https else query.https)
        for group, https in groups
    )
    return protocols, tuple(queries)


def _possible(kind: Kind, version: int, to_tls: bool) -> tuple[Protocol, ...]:
    tunnels: tuple[Protocol, ...] = (Protocol.SOCKS5, Protocol.SOCKS4A)
    if version == 4:
        tunnels = (*tunnels, Protocol.SOCKS4)
    elif version == 6:
        tunnels = (Protocol.SOCKS5,)
    if kind is Kind.REQUEST:
        # Many proxies refuse CONNECT to other ports than 443: it is the last resort.
        return (Protocol.HTTP, *tunnels, Protocol.CONNECT)
    if to_tls:
        return (Protocol.CONNECT, *tunnels)
    return (*tunnels, Protocol.CONNECT)


def _groups(
    kind: Kind, to_tls: bool, session: bool, protocols: tuple[Protocol, ...]
) -> list[tuple[tuple[Protocol, ...], bool]]:
    """Groups of protocols, each with whether TLS must have been seen to pass."""
    plain = tuple(p for p in protocols if p is Protocol.HTTP)
    socks = tuple(p for p in protocols if p not in (Protocol.HTTP, Protocol.CONNECT))
    connect = tuple(p for p in protocols if p is Protocol.CONNECT)
    groups: list[tuple[tuple[Protocol, ...], bool]]
    if session:
        # A session's upstream should carry whatever comes next, tunnels among it.
        tunnels = tuple(p for p in protocols if p is not Protocol.HTTP)
        groups = [(tunnels, True), (tunnels, False), (plain, False)]
    elif kind is Kind.REQUEST:
        groups = [(plain, False), (socks, False), (connect, False)]
    elif to_tls:
        groups = [(protocols, True), (protocols, False)]
    else:
        groups = [(socks, False), (connect, False)]
    return [(group, https) for group, https in groups if group]
