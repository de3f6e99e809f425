"""Who calls, and whether the caller is trusted without credentials."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

from proxypool.address import Network, normal

_KEPT = 4096  # decisions on addresses, so that a caller's many requests cost one
_ONE_CUSTOMER = 64  # bits: an IPv6 caller has at least such a network to pick addresses from


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request is from."""

    address: str
    """As it was found, for people; empty where there is none."""
    trusted: bool
    limited_as: str
    """What limits count it by: the address, or the network of an IPv6 one."""


class Callers:
    """Tells callers by address. `edges` are believed what they say in X-Forwarded-For."""

    def __init__(self, trusted: tuple[Network, ...], edges: tuple[Network, ...]) -> None:
        def decide(address: str) -> Caller:
            return Caller(address, is_trusted(address, trusted), _limited_as(address))

        def is_edge(peer: str) -> bool:
            return is_trusted(peer, edges)

        self._decide = lru_cache(_KEPT)(decide)
        self._is_edge = lru_cache(_KEPT)(is_edge)

    def of(self, scope: Scope) -> Caller:
        """The caller of a request, from its ASGI scope.

        An edge replaces X-Forwarded-For with the address it sees; of a list, the last entry is
        the nearest hop's own word. The header from elsewhere makes a call nobody's: either it is
        a lie, or a reverse proxy that EDGE_NETWORKS does not name would lend all its callers its
        own trusted address.
        """
        client = scope.get("client")
        peer: str = client[0] if client else ""
        forwarded = _last(scope["headers"], b"x-forwarded-for")
        if forwarded is None:
            return self._decide(peer)
        if self._is_edge(peer):
            return self._decide(forwarded[:80])
        return Caller(f"{peer} with X-Forwarded-For", False, self._decide(peer).limited_as)


def _last(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    found: bytes | None = None
    for key, value in headers:
        if key == name:
            found = value
    return None if found is None else found.decode("latin-1").rpartition(",")[2].strip()


def is_trusted(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether `address` lies in one of `networks`."""
    try:
        ip = normal(ip_address(address))
    except ValueError:
        return False
    return any(ip in network for network in networks if network.version == ip.version)


def _limited_as(address: str) -> str:
    try:
        ip = normal(ip_address(address))
    except ValueError:
        return ""
    if isinstance(ip, IPv6Address):
        # A scope belongs to the link, not to the network.
        return str(ip_network(f"{str(ip).partition('%')[0]}/{_ONE_CUSTOMER}", strict=False))
    return str(ip)
