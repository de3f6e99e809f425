import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from shortlink.database import Database
from shortlink.migration import migrate, migrations, missing_migrations

from tests.conftest import MakeSettings, surroundings

# What code that knows nothing of it can live with, of a statement without its texts and brackets:
# its rows are still taken, so that a column fills itself and no new key is unique.
ADDS = re.compile(
    r"CREATE TABLE IF NOT EXISTS \w+ [^,;]*"
    r"|CREATE INDEX IF NOT EXISTS \w+ ON \w+"
    r"|ALTER TABLE \w+ ADD (KEY|INDEX) IF NOT EXISTS \w+"
    r"|ALTER TABLE \w+ ADD COLUMN IF NOT EXISTS (?!.*\b(UNIQUE|PRIMARY|CHECK)\b)"
    r"(?=.*\bDEFAULT\b|(?!.*\bNOT NULL\b))[^,;]*",
    re.IGNORECASE,
)
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


def only_adds(statement: str) -> bool:
    """Whether the code before can go on while and after this was done."""
    if re.search(r"\bREFERENCES\b", statement, re.IGNORECASE):
        return False  # what it would delete may be referred to
    bare = re.sub(r"--[^\n]*|'[^']*'", "", statement)
    while inner := re.search(r"\([^()]*\)", bare):
        bare = bare.replace(inner[0], "")
    return ADDS.fullmatch(" ".join(bare.split())) is not None


def test_the_code_before_can_live_with_every_step() -> None:
    assert [step.name for step in migrations() if not only_adds(step.statement)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX IF NOT EXISTS by_end ON links (expires_at, id)",
        "ALTER TABLE links ADD COLUMN IF NOT EXISTS note VARCHAR(9) NULL COMMENT 'NOT NULL, once'",
        "ALTER TABLE links ADD COLUMN IF NOT EXISTS price DECIMAL(8, 2) NOT NULL DEFAULT 0",
    ],
)
def test_what_adds_is_let_pass(statement: str) -> None:
    assert only_adds(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE IF EXISTS link_days",
        "UPDATE links SET url = ''",
        "CREATE TABLE links_2 (id INT)",
        "CREATE TABLE IF NOT EXISTS notes (link_id BIGINT REFERENCES links (id))",
        "CREATE UNIQUE INDEX IF NOT EXISTS by_url ON links (url)",
        "ALTER TABLE links DROP COLUMN chosen",
        "ALTER TABLE links MODIFY url VARCHAR(100) NOT NULL",
        "ALTER TABLE links RENAME COLUMN url TO target",
        "ALTER TABLE links ADD COLUMN IF NOT EXISTS note INT NOT NULL COMMENT 'no DEFAULT'",
        "ALTER TABLE links ADD COLUMN IF NOT EXISTS note INT NULL UNIQUE",
        "ALTER TABLE links ADD COLUMN IF NOT EXISTS note INT NULL, DROP COLUMN chosen",
        "ALTER TABLE links ADD COLUMN IF NOT EXISTS note INT NULL; DROP TABLE links",
    ],
)
def test_what_the_code_before_could_not_live_with_is_refused(statement: str) -> None:
    assert not only_adds(statement)


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
