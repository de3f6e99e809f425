"""Who asks: the address that a request came from."""

import ipaddress

from django.http import HttpRequest
from rest_framework.request import Request

UNKNOWN = "unknown"


def caller_address(request: HttpRequest | Request) -> str:
    """The caller's address, an IPv4 or IPv6 one in its shortest form.

    The edge replaces `X-Forwarded-For` with the one address that it saw, and nobody else can reach
    this service. No other header is believed, and a list in this one is not what the edge writes.
    """
    given = request.headers.get("X-Forwarded-For", "").strip()
    for text in (given, request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            continue
    return UNKNOWN


def caller_network(request: HttpRequest | Request) -> str:
    """What is counted as one caller: an IPv4 address, or an IPv6 network of 64 bits.

    A household or a server is given such a network whole (RFC 6177), so it has as many addresses
    as it likes.
    """
    address = caller_address(request)
    if ":" not in address:
        return address
    whole = ipaddress.IPv6Address(address)
    if whole.ipv4_mapped:
        return str(whole.ipv4_mapped)
    return str(ipaddress.IPv6Network((whole.packed[:8] + bytes(8), 64)))
