"""Who calls, and whether state-changing calls of theirs are answered."""

from ipaddress import ip_address

from starlette.requests import Request

from proxypool.address import Network, normal


def caller_of(request: Request) -> str:
    """The caller's address as the edge tells it in X-Forwarded-For, else the peer's.

    The edge always replaces the header and is the only one that reaches this service by network,
    so the header is believed; of a list, the last entry is the nearest hop's own word.
    """
    forwarded = request.headers.getlist("x-forwarded-for")
    if forwarded:
        return forwarded[-1].rpartition(",")[2].strip()
    return request.client.host if request.client else ""


def is_trusted(caller: str, trusted: tuple[Network, ...]) -> bool:
    """Whether `caller` is an address in one of the `trusted` networks."""
    try:
        ip = normal(ip_address(caller))
    except ValueError:
        return False
    return any(ip in network for network in trusted if network.version == ip.version)
