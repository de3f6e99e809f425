"""What planted proxies do, and what a pool should find of each."""

from enum import StrEnum
from typing import NamedTuple


class Protocol(StrEnum):
    """What a client may speak to a proxy."""

    HTTP = "http"
    """Requests with an absolute URI (RFC 9112, 3.2.2)."""
    CONNECT = "connect"
    """Tunnels (RFC 9110, 9.3.6)."""
    SOCKS4 = "socks4"
    SOCKS4A = "socks4a"
    """SOCKS4 with a name instead of an address."""
    SOCKS5 = "socks5"
    """RFC 1928, with user name and password by RFC 1929."""


class Behaviour(StrEnum):
    """What a planted proxy does."""

    GOOD = "good"
    """Carries requests; the destination sees its exit address and no trace of client or proxy."""
    SLOW = "slow"
    """The same, after some seconds."""
    ANONYMOUS = "anonymous"
    """The same, but says that it is a proxy (`Via`); of its client it says nothing."""
    NO_HTTPS = "no_https"
    """Good for absolute URIs; refuses CONNECT with 403."""
    CONNECT_ONLY = "connect_only"
    """Good for CONNECT; refuses absolute URIs with 403."""
    FLAPPING = "flapping"
    """Good for half of its period; for the other half each connection is reset."""
    DYING = "dying"
    """Good for its first requests; from then on each connection is reset."""
    DEAD = "dead"
    """Nothing listens: the connection is refused."""
    HANGING = "hanging"
    """Takes the request and never answers."""
    TRANSPARENT = "transparent"
    """Carries requests, but shows the client's address, as the caller's and in headers."""
    TAMPERING = "tampering"
    """Carries requests, and changes the body of answers that are not encrypted."""
    INJECTING = "injecting"
    """Carries requests, and puts an advertisement into answers that are not encrypted."""
    CAPTIVE = "captive"
    """Answers 200 and a page of its own to everything; its tunnels lead to the same page."""
    BREAKS_TLS = "breaks_tls"
    """Carries requests; in tunnels it answers TLS itself, with certificates that it made up."""
    LOCKED = "locked"
    """Wants credentials that no one has."""
    DRIPPING = "dripping"
    """Answers one byte at a time, for ever."""
    ENDLESS_HEADERS = "endless_headers"
    """Answers with headers that do not end."""
    CUT_SHORT = "cut_short"
    """Closes in the middle of its answer."""


class Facts(NamedTuple):
    """What is true of a behaviour."""

    carries: bool
    """Whether requests get through to the destination at all."""
    tls: bool
    """Whether a verified TLS connection comes about through its tunnels."""
    usable: bool
    """Whether a pool with default settings should find it good while it is up."""
    reason: str
    """Why a pool should refuse it, or what its failures are; empty where it has none."""


FACTS: dict[Behaviour, Facts] = {
    Behaviour.GOOD: Facts(True, True, True, ""),
    Behaviour.SLOW: Facts(True, True, True, ""),
    Behaviour.ANONYMOUS: Facts(True, True, True, ""),
    Behaviour.NO_HTTPS: Facts(True, True, True, ""),
    Behaviour.CONNECT_ONLY: Facts(True, True, True, ""),
    Behaviour.FLAPPING: Facts(True, True, True, "reset"),
    Behaviour.DYING: Facts(True, True, True, "reset"),
    Behaviour.DEAD: Facts(False, False, False, "connect_refused"),
    Behaviour.HANGING: Facts(False, False, False, "timeout"),
    Behaviour.TRANSPARENT: Facts(True, True, False, "transparent"),
    Behaviour.TAMPERING: Facts(True, True, False, "tampered"),
    Behaviour.INJECTING: Facts(True, True, False, "injected"),
    Behaviour.CAPTIVE: Facts(False, False, False, "captive_page"),
    Behaviour.BREAKS_TLS: Facts(True, False, False, "breaks_tls"),
    Behaviour.LOCKED: Facts(False, False, False, "credentials_refused"),
    Behaviour.DRIPPING: Facts(False, False, False, "drips"),
    Behaviour.ENDLESS_HEADERS: Facts(False, False, False, "endless_headers"),
    Behaviour.CUT_SHORT: Facts(False, False, False, "closed_early"),
}
# Their verdict depends on when they are asked.
UNSTEADY = frozenset({Behaviour.FLAPPING, Behaviour.DYING})
