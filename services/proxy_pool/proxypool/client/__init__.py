"""A `requests.Session` whose requests go through the pool's proxies.

    from proxypool.client import PooledSession

    with PooledSession("http://127.0.0.1:5010", country="CN") as session:
        session.get("https://example.org/")

Nothing but `requests` is needed to import this package; SOCKS proxies need `proxypool[socks]`.
"""

from proxypool.client.errors import (
    AllProxiesFailedError,
    Attempt,
    NoProxyError,
    PoolRefusedError,
    PoolUnavailableError,
    SocksSupportError,
)
from proxypool.client.session import PooledSession

__all__ = [
    "AllProxiesFailedError",
    "Attempt",
    "NoProxyError",
    "PoolRefusedError",
    "PoolUnavailableError",
    "PooledSession",
    "SocksSupportError",
]
