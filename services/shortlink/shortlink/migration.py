"""Brings the database's tables to what this version needs: numbered files of one statement each.

A statement that changes tables ends its transaction in MariaDB, so two in a file could be half
done. Each one may be repeated (`IF NOT EXISTS`): a run that was killed before it noted what it did
does it again. Each one only adds, what the code before can live with: that one still serves while
they are done, and a rollback does not take them back. The tests refuse any other.
"""

import re
from dataclasses import dataclass
from importlib.resources import files

from shortlink.database import Connection, Database

_FILE = re.compile(r"([0-9]{4})_([a-z_]+)\.sql")
_LOCK = "shortlink.migrate"
_LOCK_WAIT_S = 50
_TIMEOUT_S = 3600.0
_NOTES = """
CREATE TABLE IF NOT EXISTS migrations (
  number INT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(100) CHARACTER SET ascii NOT NULL,
  applied_at DATETIME NOT NULL COMMENT 'UTC'
) ENGINE = InnoDB
"""


@dataclass(frozen=True)
class Migration:
    """One step."""

    number: int
    name: str
    statement: str


class MigrationLockedError(Exception):
    """Another run holds the lock, and did not end in time."""


def migrations() -> list[Migration]:
    """All steps in their order."""
    found = []
    for entry in (files("shortlink") / "migrations").iterdir():
        if match := _FILE.fullmatch(entry.name):
            statement = entry.read_text(encoding="utf-8").strip().removesuffix(";")
            found.append(Migration(int(match[1]), match[2], statement))
    return sorted(found, key=lambda one: one.number)


async def migrate(database: Database) -> list[Migration]:
    """Do the steps that are missing; which they were.

    Raises DatabaseAwayError, and MigrationLockedError where another run takes too long.
    """
    async with database.connection(_TIMEOUT_S) as connection:
        locked = await connection.row("SELECT GET_LOCK(%s, %s)", (_LOCK, _LOCK_WAIT_S))
        if locked != (1,):
            raise MigrationLockedError(f"another run did not end in {_LOCK_WAIT_S} s")
        try:
            await connection.change(_NOTES)
            missing = await _missing(connection)
            for step in missing:
                await connection.change(step.statement)
                await connection.change(
                    "INSERT INTO migrations (number, name, applied_at) "
                    "VALUES (%s, %s, UTC_TIMESTAMP())",
                    (step.number, step.name),
                )
        finally:
            await connection.rows("SELECT RELEASE_LOCK(%s)", (_LOCK,))
    return missing


async def missing_migrations(database: Database, timeout_s: float) -> list[Migration]:
    """The steps that this code needs and the database has not. Raises DatabaseAwayError."""
    async with database.connection(timeout_s) as connection:
        known = await connection.row(
            "SELECT 1 FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name = 'migrations'"
        )
        return await _missing(connection) if known else migrations()


async def _missing(connection: Connection) -> list[Migration]:
    done = {row[0] for row in await connection.rows("SELECT number FROM migrations")}
    return [step for step in migrations() if step.number not in done]
