"""Ports that are a test's alone, also while nobody listens on them.

Tests that run side by side share a loopback: a port that was free, or that somebody listened on,
would be given to the next who asks for any.
"""

import socket
from collections import deque

_MOST_HELD = 500
_held: deque[socket.socket] = deque()


def free_port() -> int:
    """A port on loopback that refuses connections until the caller, or its process, listens."""
    holder = socket.socket()
    # Bound, and not listening: it keeps out all but those who name the port, as servers do.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _held.append(holder)
    if len(_held) > _MOST_HELD:
        _held.popleft().close()
    return int(holder.getsockname()[1])
