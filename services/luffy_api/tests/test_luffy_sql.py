"""`luffy.sql` gives what migrations and sample data give, and leaves a database in use alone."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.stand import Deployed, fresh_database, import_sql, luffy, run_sql

LUFFY_SQL = Path(__file__).parent.parent / "luffy.sql"
CATALOGUE = (
    "luffy_banner",
    "luffy_course_category",
    "luffy_teacher",
    "luffy_course",
    "luffy_course_chapter",
    "luffy_course_section",
    "luffy_loaded_sample",
    "luffy_coupon",
)


def schema(database: str) -> dict[str, str]:
    """Each table's own statement, without the next id."""
    statements = {}
    for (table,) in run_sql("SHOW TABLES", database):
        ((_name, statement),) = run_sql(f"SHOW CREATE TABLE `{table}`", database)
        statements[table] = re.sub(r" AUTO_INCREMENT=\d+", "", statement)
    return statements


def rows(database: str, tables: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Every row; without the moments of its making when `tables` are named."""
    found = {}
    for table in tables or tuple(schema(database)):
        columns = [row[0] for row in run_sql(f"SHOW COLUMNS FROM `{table}`", database)]
        if tables:
            columns = [name for name in columns if name not in ("created_time", "updated_time")]
        names = ", ".join(f"`{name}`" for name in columns)
        query = f"SELECT {names} FROM `{table}` ORDER BY 1"  # noqa: S608 - names of this schema
        found[table] = run_sql(query, database)
    return found


def migrations(database: str) -> list[tuple[Any, ...]]:
    return run_sql("SELECT app, name FROM django_migrations ORDER BY id", database)


def test_the_file_is_what_the_code_of_today_generates(deployed: Deployed) -> None:
    done = luffy("manage", "write_luffy_sql", variables=deployed.variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout == LUFFY_SQL.read_text(encoding="utf-8"), (
        "luffy.sql is out of date; generate it with `services/luffy_api/test --write-luffy-sql`"
    )


def test_an_import_gives_the_same_schema_rows_and_migrations(deployed: Deployed) -> None:
    migrated = deployed.database
    with fresh_database("luffy_imported") as imported:
        done = import_sql(LUFFY_SQL, imported)
        assert done.returncode == 0, done.stderr
        assert schema(imported) == schema(migrated)
        assert rows(imported, CATALOGUE) == rows(migrated, CATALOGUE)
        assert migrations(imported) == migrations(migrated)
        assert run_sql("SELECT COUNT(*) FROM luffy_user", imported) == [(0,)]

        migrate = luffy("migrate", variables=Deployed(imported, deployed.media).variables)
        assert "No migrations to apply" in migrate.stdout
        sample = luffy("sample_data", variables=Deployed(imported, deployed.media).variables)
        assert "sample data: 0 rows" in sample.stdout
        assert "user admin made" in sample.stdout
        permissions = "SELECT codename FROM auth_permission ORDER BY codename"
        assert run_sql(permissions, imported) == run_sql(permissions, migrated)


def test_an_import_into_a_database_in_use_changes_nothing(tmp_path: Path) -> None:
    with fresh_database("luffy_in_use") as name:
        assert luffy("migrate", variables=Deployed(name, tmp_path).variables).returncode == 0
        run_sql("INSERT INTO luffy_course_category VALUES (1, NOW(), NOW(), 0, 1, 0, 'Real')", name)
        # As if the file came from a later version with a table more.
        run_sql("DROP TABLE luffy_banner", name)
        before = (schema(name), rows(name))
        done = import_sql(LUFFY_SQL, name)
        assert done.returncode == 0, done.stderr
        assert "nothing was imported" in done.stdout
        assert (schema(name), rows(name)) == before


def test_an_import_that_was_cut_off_can_be_repeated(tmp_path: Path) -> None:
    whole = LUFFY_SQL.read_text(encoding="utf-8")
    # The server takes the statement as one, so what can be cut is what stands before it.
    cut_off = tmp_path / "half.sql"
    cut_off.write_text(whole[: whole.index("DELIMITER $$")], encoding="utf-8")
    with fresh_database("luffy_half") as name:
        assert import_sql(cut_off, name).returncode == 0
        assert import_sql(LUFFY_SQL, name).returncode == 0
        assert run_sql("SELECT COUNT(*) FROM luffy_course", name) == [(6,)]


@pytest.mark.parametrize("word", [r"DROP\s", r"argon2", r"INSERT IGNORE INTO `luffy_user`"])
def test_the_file_drops_nothing_and_holds_no_user(word: str) -> None:
    text = LUFFY_SQL.read_text(encoding="utf-8")
    assert not re.search(word, text, re.IGNORECASE)
    assert all(
        line.lstrip().startswith("CREATE TABLE IF NOT EXISTS")
        for line in text.splitlines()
        if line.lstrip().startswith("CREATE TABLE")
    )
