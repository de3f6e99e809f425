"""Who calls: the address that a request came from, and what limits count it by."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

from shortlink.networks import Network, lies_in, plain

_KEPT = 4096  # decisions on addresses, so that a caller's many requests cost one
_ONE_CUSTOMER = 64  # bits: an IPv6 caller has at least such a network to pick addresses from
UNKNOWN = "unknown"


class Callers:
    """Tells callers by address. `edges` alone are believed what they say in X-Forwarded-For."""

    def __init__(self, edges: tuple[Network, ...]) -> None:
        def is_edge(peer: str) -> bool:
            return lies_in(peer, edges)

        self._is_edge = lru_cache(_KEPT)(is_edge)

    def of(self, scope: Scope) -> str:
        """The caller as limits count it: an IPv4 address, or the network of an IPv6 one.

        An edge replaces X-Forwarded-For with the address it sees; of a list, the last entry is the
        nearest hop's own word.
        """
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if self._is_edge(peer):
            for name, value in scope["headers"]:
                if name == b"x-forwarded-for":
                    peer = value.decode("latin-1").rpartition(",")[2].strip()
        return counted_as(peer)


@lru_cache(_KEPT)
def counted_as(address: str) -> str:
    """One customer's address or network; `unknown` for what is no address."""
    try:
        ip = plain(ip_address(address))
    except ValueError:
        return UNKNOWN
    if isinstance(ip, IPv6Address):
        # A scope belongs to the link, not to the network.
        return str(ip_network(f"{str(ip).partition('%')[0]}/{_ONE_CUSTOMER}", strict=False))
    return str(ip)
