"""`mariadb-accept`: which passwords let an account in, while the server runs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from conftest import PASSWORD, ROOT_PASSWORD, MariaDB, docker

NEW = """n'e"w\\ $(id) 新"""


def accept(server: MariaDB, user: str, *passwords: str, check: bool = True) -> str:
    text = "".join(f"{password}\n" for password in passwords)
    command = ("exec", "--interactive", server.name, "mariadb-accept", user)
    done = docker(*command, text=text, check=check)
    return done.stdout + done.stderr if check else f"{done.returncode}: {done.stderr}"


def who(server: MariaDB, password: str) -> str:
    return server.sql_from_network("SELECT CURRENT_USER()", "luffy", password)


@pytest.fixture
def open_server(server: MariaDB) -> Iterator[MariaDB]:
    """The standing server; its own password lets in afterwards, as before."""
    yield server
    accept(server, "luffy", PASSWORD)


def test_both_let_in_then_the_new_one_alone(open_server: MariaDB) -> None:
    assert "Access denied" in who(open_server, NEW)
    assert accept(open_server, "luffy", PASSWORD, NEW) == ""
    assert (who(open_server, PASSWORD), who(open_server, NEW)) == ("luffy@%", "luffy@%")
    assert "Access denied" in who(open_server, "neither")
    accept(open_server, "luffy", PASSWORD, NEW)
    accept(open_server, "luffy", NEW)
    assert "Access denied" in who(open_server, PASSWORD)
    assert who(open_server, NEW) == "luffy@%"


def test_rights_stay_and_a_connection_that_stands_goes_on(open_server: MariaDB) -> None:
    rights = open_server.sql("SHOW GRANTS FOR luffy@'%'").splitlines()[1:]
    name = open_server.name
    standing = "(echo 'SELECT 1;'; sleep 4; echo 'SELECT 2;') | mariadb-console >/tmp/standing 2>&1"
    docker("exec", "--detach", name, "sh", "-c", standing)
    time.sleep(1.5)
    accept(open_server, "luffy", NEW)
    assert open_server.sql("SHOW GRANTS FOR luffy@'%'").splitlines()[1:] == rights
    time.sleep(4)
    assert docker("exec", name, "cat", "/tmp/standing").stdout.split() == ["1", "1", "2", "2"]  # noqa: S108 (the container's own)


def test_root_changes_its_own(server: MariaDB) -> None:
    accept(server, "root", ROOT_PASSWORD, NEW)
    assert server.sql("SELECT 1", password=NEW) == "1"
    assert server.sql("SELECT 1") == "1"
    accept(server, "root", ROOT_PASSWORD)
    assert "Access denied" in server.sql("SELECT 1", password=NEW)


def test_the_binary_log_tells_nothing_of_it(open_server: MariaDB) -> None:
    before = open_server.sql("SHOW MASTER STATUS").split()[:2]
    accept(open_server, "luffy", PASSWORD, NEW)
    assert open_server.sql("SHOW MASTER STATUS").split()[:2] == before


@pytest.mark.parametrize(
    ("user", "passwords", "found"),
    [
        ("healthcheck", ("a",), "expected root, backup or luffy; found healthcheck"),
        ("", ("a",), "expected root, backup or luffy; found nothing"),
        ("luffy", (), "expected one or two lines with a password each; found 0 lines"),
        ("luffy", ("a", "b", "c"), "found 3 lines"),
        ("luffy", ("a", ""), "expected a password in each line; found an empty line"),
    ],
)
def test_what_is_unclear_is_refused_and_changes_nothing(
    server: MariaDB, user: str, passwords: tuple[str, ...], found: str
) -> None:
    refused = accept(server, user, *passwords, check=False)
    assert refused.startswith("64: mariadb-accept: ")
    assert found in refused
    assert who(server, PASSWORD) == "luffy@%"


def test_an_account_that_is_not_there_is_an_error(server: MariaDB) -> None:
    refused = accept(server, "backup", NEW, check=False)
    assert refused.startswith("1: ")
    assert "ALTER USER failed" in refused
