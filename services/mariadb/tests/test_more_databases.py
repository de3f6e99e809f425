"""Databases of further services, in a data directory that was made without them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import PASSWORD, MariaDB, docker, prepare

FIRST = """f'i"r\\st 一"""
SECOND = "second"
NAME = "short_link"


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    mariadb = prepare(tmp_path_factory.mktemp("more"))
    try:
        mariadb.create()
        mariadb.wait_healthy()
        docker("rm", "--force", mariadb.name)
        docker("network", "rm", mariadb.name)
        mariadb.environment["MARIADB_MORE_DATABASES"] = NAME
        mariadb.environment["MARIADB_SHORT_LINK_PASSWORD_FILE"] = "/run/secrets/short_link"
        mariadb.write_secret("short_link", FIRST)
        mariadb.create()
        mariadb.wait_healthy()
        yield mariadb
    finally:
        mariadb.remove()


def test_its_account_owns_it_and_nothing_else(upgraded: MariaDB) -> None:
    statement = f"USE {NAME}; CREATE TABLE IF NOT EXISTS t (a INT); SELECT CURRENT_USER()"
    assert upgraded.sql_from_network(statement, NAME, FIRST) == f"{NAME}@%"
    upgraded.sql("CREATE DATABASE IF NOT EXISTS shortxlink")
    for other in ("luffy", "mysql", "shortxlink"):
        assert "denied" in upgraded.sql_from_network(f"USE {other}", NAME, FIRST)
    assert "denied" in upgraded.sql_from_network(f"USE {NAME}", "luffy", PASSWORD)


def test_its_password_is_changed_while_it_runs_and_by_its_file(upgraded: MariaDB) -> None:
    def let_in(password: str) -> bool:
        return upgraded.sql_from_network("SELECT 7", NAME, password) == "7"

    command = ("exec", "--interactive", upgraded.name, "mariadb-accept", NAME)
    docker(*command, text=f"{FIRST}\n{SECOND}\n")
    assert let_in(FIRST)
    assert let_in(SECOND)
    docker(*command, text=f"{SECOND}\n")
    assert not let_in(FIRST)
    upgraded.write_secret("short_link", FIRST)
    docker("restart", "--time", "20", upgraded.name)
    upgraded.wait_healthy()
    assert let_in(FIRST)
    assert not let_in(SECOND)
    assert FIRST not in upgraded.log()


@pytest.mark.parametrize(
    ("names", "found"),
    [
        *(("luffy", "names that are not taken"), ("backup", "names that are not taken")),
        *(("a-b", "names of a-z, 0-9 and _"), ("A", "names of a-z, 0-9 and _")),
        ("other", "MARIADB_OTHER_PASSWORD_FILE: expected the path of a file with a password"),
    ],
)
def test_a_bad_name_is_refused(prepared: MariaDB, names: str, found: str) -> None:
    prepared.environment["MARIADB_MORE_DATABASES"] = names
    prepared.create()
    assert prepared.wait_exit() == 78
    assert found in prepared.log()
    assert "first start" not in prepared.log()
