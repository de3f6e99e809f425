"""`shortlink migrate`: brings the tables to what this version needs."""

import asyncio
import sys

from shortlink.database import Database, DatabaseAwayError
from shortlink.migration import Migration, MigrationLockedError, migrate
from shortlink.settings import Settings

HELP = "bring the tables to what this version needs; may run any number of times"
ONE_SHOT = True

EX_UNAVAILABLE = 69
"""Exit code where MariaDB does not answer (sysexits.h)."""


def run(settings: Settings) -> int:
    """Do the steps that are missing, and print them."""

    async def work() -> list[Migration]:
        database = Database(settings)
        try:
            return await migrate(database)
        finally:
            await database.close()

    try:
        done = asyncio.run(work())
    except (DatabaseAwayError, MigrationLockedError) as error:
        print(
            f"shortlink migrate: expected an answer of MariaDB at {settings.db_host}, found: "
            f"{error}. What to do: see that it runs and lets {settings.db_user} in; run this again",
            file=sys.stderr,
        )
        return EX_UNAVAILABLE
    for step in done:
        print(f"{step.number:04} {step.name}: done")
    if not done:
        print("nothing to do")
    return 0
