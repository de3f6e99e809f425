"""The words for what a proxy speaks, and for what it lets its destinations see."""

from enum import StrEnum


class Protocol(StrEnum):
    """What a client says to a proxy. A proxy may understand several of them."""

    HTTP = "http"
    """Requests with an absolute URL (RFC 9112, 3.2.2)."""
    CONNECT = "connect"
    """Tunnels by the method CONNECT (RFC 9110, 9.3.6)."""
    SOCKS4 = "socks4"
    """Tunnels to IPv4 addresses."""
    SOCKS4A = "socks4a"
    """The same, to host names too."""
    SOCKS5 = "socks5"
    """Tunnels to addresses and host names (RFC 1928)."""


PREFERENCE = (
    Protocol.HTTP,
    Protocol.CONNECT,
    Protocol.SOCKS5,
    Protocol.SOCKS4A,
    Protocol.SOCKS4,
)
"""The order in which protocols are tried where nothing is known, and used where several work."""
SOCKS = PREFERENCE[2:]


class Anonymity(StrEnum):
    """What a destination can tell, from the least hidden to the most."""

    TRANSPARENT = "transparent"
    """It sees who asks."""
    ANONYMOUS = "anonymous"
    """It sees that a proxy is at work, but not for whom."""
    ELITE = "elite"
    """It sees neither."""

    @property
    def rank(self) -> int:
        """Larger hides more."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Anonymity)}
