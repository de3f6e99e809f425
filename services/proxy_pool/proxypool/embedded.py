"""The connection to the store."""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from proxypool.settings import Settings

_SOCKET_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 4.0  # beyond the 2 s that a name lookup may take in the container


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection pool; what it leads to is somebody else's."""

    redis: Redis

    async def close(self) -> None:
        """Close all connections."""
        await self.redis.aclose()


def connect(settings: Settings) -> Connection:
    """Open the store that DB_CONN names."""
    # One retry, at once: it replaces a pooled connection that a restarted Redis has closed.
    return Connection(
        Redis.from_url(
            settings.db_conn,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_TIMEOUT_S,
            socket_timeout=_SOCKET_TIMEOUT_S,
            retry=Retry(NoBackoff(), 1),
            max_connections=128,
            lib_name=None,
            lib_version=None,
        )
    )
