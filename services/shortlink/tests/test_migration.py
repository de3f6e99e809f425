import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from shortlink.database import Database
from shortlink.migration import migrate, migrations, missing_migrations

from tests.conftest import MakeSettings, surroundings

TABLES = ("links", "link_days", "link_referrers", "click_batches", "migrations")


@pytest.fixture
async def bare(make_settings: MakeSettings) -> AsyncIterator[Database]:
    """The database without any table; all of them are there afterwards."""
    database = Database(make_settings())
    async with database.connection() as connection:
        for table in TABLES:
            await connection.change(f"DROP TABLE IF EXISTS {table}")
    yield database
    await migrate(database)
    await database.close()


def run() -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "shortlink", "migrate"],
        env={"PATH": os.environ["PATH"], **surroundings()},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_it_may_run_any_number_of_times(bare: Database) -> None:
    assert len(await missing_migrations(bare, 5)) == len(migrations()) == 4
    first = await asyncio.to_thread(run)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[0] == "0001 links: done"
    assert len(first.stdout.splitlines()) == 4
    again = await asyncio.to_thread(run)
    assert (again.returncode, again.stdout) == (0, "nothing to do\n")
    assert await missing_migrations(bare, 5) == []


async def test_two_at_once_do_each_step_once(bare: Database) -> None:
    done = await asyncio.gather(migrate(bare), migrate(bare))
    assert sorted(len(steps) for steps in done) == [0, 4]


async def test_a_run_that_was_killed_is_finished_by_the_next(bare: Database) -> None:
    await migrate(bare)
    async with bare.connection() as connection:
        await connection.change("DELETE FROM migrations WHERE number >= 3")
        await connection.change("DROP TABLE click_batches")
    assert [step.number for step in await migrate(bare)] == [3, 4]
    async with bare.connection() as connection:
        found = {row[0] for row in await connection.rows("SHOW TABLES")}
    assert found == set(TABLES)


def test_where_mariadb_is_away_it_ends_with_69() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "shortlink", "migrate"],
        env={"PATH": os.environ["PATH"], **surroundings(), "DB_HOST": "127.0.0.1", "DB_PORT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 69
    assert "expected an answer of MariaDB at 127.0.0.1" in ended.stderr
    assert "What to do" in ended.stderr
