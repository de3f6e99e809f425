"""The connection to the store: to the Redis that DB_CONN names, or to one of the pool's own."""

import asyncio
from dataclasses import dataclass
from typing import Any

from redis.asyncio import ConnectionPool, Redis, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from proxypool.embedded import EmbeddedServer
from proxypool.settings import Settings

_SOCKET_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 4.0  # beyond the 2 s that a name lookup may take in the container


@dataclass(frozen=True, slots=True)
class Connection:
    """A pool of connections, and the server that is stopped with its last user."""

    redis: Redis
    server: EmbeddedServer | None = None

    async def close(self) -> None:
        """Close all connections, and leave the server."""
        await self.redis.aclose()
        if self.server is not None:
            await asyncio.to_thread(self.server.leave)


class _OwnServerConnection(UnixDomainSocketConnection):
    """Starts the server again where it was killed under its users."""

    def __init__(self, *, server: EmbeddedServer, **options: Any) -> None:
        self._server = server
        super().__init__(**options)

    async def _connect(self) -> None:
        try:
            await super()._connect()  # type: ignore[no-untyped-call]  # redis-py's
        except (ConnectionRefusedError, FileNotFoundError):
            await asyncio.to_thread(self._server.join)
            await super()._connect()  # type: ignore[no-untyped-call]  # redis-py's


def connect(settings: Settings) -> Connection:
    """Open the store. Blocks while a server of the pool's own starts.

    Raises ConfigurationError where DB_CONN is not set and no server can be run.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        "socket_connect_timeout": _CONNECT_TIMEOUT_S,
        "socket_timeout": _SOCKET_TIMEOUT_S,
        # One retry, at once: it replaces a pooled connection that a restarted Redis has closed.
        "retry": Retry(NoBackoff(), 1),
        "max_connections": 128,
        "lib_name": None,
        "lib_version": None,
    }
    if settings.db_conn:
        return Connection(Redis.from_url(settings.db_conn, **options))
    server = EmbeddedServer(settings.data_dir)
    server.join()
    pool: ConnectionPool = ConnectionPool(
        connection_class=_OwnServerConnection, path=str(server.socket), server=server, **options
    )
    return Connection(Redis.from_pool(pool), server)
