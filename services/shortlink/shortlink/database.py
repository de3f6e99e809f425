"""MariaDB: a few connections for each process, with a limit of time on everything."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncmy
from asyncmy.errors import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from shortlink.metrics import mariadb_failures
from shortlink.settings import Settings

log = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S = 2
_STATEMENTS_TIMEOUT_S = 5.0
_LEFT_ALONE_S = 1.0
_RECYCLE_S = 600
_DUPLICATE = 1062
_NO_SUCH_TABLE = 1146
_NO_SUCH_COLUMN = 1054

Row = tuple[Any, ...]


class DatabaseAwayError(Exception):
    """MariaDB did not answer, or not as one that is ready; worth another try later."""


class DuplicateError(Exception):
    """A row with this unique key is there already."""


def _away(reason: str) -> DatabaseAwayError:
    """Counted here: whoever asked, a request, a check or the writer of clicks."""
    mariadb_failures.inc()
    return DatabaseAwayError(reason)


class Connection:
    """One connection, taken for a while."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, sql: str, arguments: Sequence[object] = ()) -> list[Row]:
        """What a SELECT finds."""
        async with self._connection.cursor() as cursor:
            await cursor.execute(sql, tuple(arguments))
            return list(await cursor.fetchall())

    async def row(self, sql: str, arguments: Sequence[object] = ()) -> Row | None:
        """The first row of a SELECT."""
        found = await self.rows(sql, arguments)
        return found[0] if found else None

    async def change(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Run a statement; how many rows it changed. Raises DuplicateError."""
        async with self._connection.cursor() as cursor:
            try:
                await cursor.execute(sql, tuple(arguments))
            except IntegrityError as error:
                if error.args[0] != _DUPLICATE:
                    raise
                raise DuplicateError(str(error)) from error
            return int(cursor.rowcount)

    async def change_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run an INSERT … VALUES with many rows, as few statements."""
        if rows:
            async with self._connection.cursor() as cursor:
                await cursor.executemany(sql, list(rows))

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._connection.begin()

    async def commit(self) -> None:
        """End it; without this it never was."""
        await self._connection.commit()


class Database:
    """All connections of this process. Opened by the first who asks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool: Any = None
        self._away_until_s = 0.0

    @asynccontextmanager
    async def connection(
        self, timeout_s: float = _STATEMENTS_TIMEOUT_S
    ) -> AsyncIterator[Connection]:
        """A connection; each statement is a transaction of its own, unless one is begun.

        Raises DatabaseAwayError, also for statements that do not end in time. After a failure to
        connect everybody is told so at once for a second.
        """
        pool = self._opened()
        taken: Any = None
        try:
            async with asyncio.timeout(timeout_s):
                taken = await self._taken(pool)
                yield Connection(taken)
        except ProgrammingError as error:
            if error.args[0] not in (_NO_SUCH_TABLE, _NO_SUCH_COLUMN):
                raise
            raise _away("tables are missing: run `shortlink migrate`") from error
        except (OperationalError, InterfaceError, InternalError, OSError, TimeoutError) as error:
            if taken is not None:
                # Nobody knows what it would answer next.
                taken.close()
            raise _away(f"{type(error).__name__}: {error}") from error
        finally:
            if taken is not None:
                pool.release(taken)

    async def ping(self, timeout_s: float) -> None:
        """Make one round trip. Raises DatabaseAwayError."""
        async with self.connection(timeout_s) as connection:
            await connection.rows("SELECT 1")

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            self._pool.terminate()
            await self._pool.clear()
            self._pool = None

    async def _taken(self, pool: Any) -> Any:
        loop = asyncio.get_running_loop()
        if loop.time() < self._away_until_s and not pool.freesize:
            raise OSError("no connection a moment ago")
        try:
            return await pool.acquire()
        except (OperationalError, OSError, TimeoutError, asyncio.CancelledError):
            self._away_until_s = loop.time() + _LEFT_ALONE_S
            raise

    def _opened(self) -> Any:
        if self._pool is None:
            settings = self._settings
            # Not create_pool: it is a coroutine, and two callers would open two.
            self._pool = asyncmy.Pool(
                minsize=0,
                maxsize=settings.db_connections,
                pool_recycle=_RECYCLE_S,
                host=settings.db_host,
                port=settings.db_port,
                user=settings.db_user,
                password=settings.db_password,
                database=settings.db_name,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT_S,
                init_command="SET time_zone = '+00:00'",
            )
        return self._pool
