"""`mariadb-console`: a person's way in, with a password that nobody sees."""

from __future__ import annotations

import pytest
from conftest import PASSWORD, ROOT_PASSWORD, MariaDB, docker


def console(server: MariaDB, statement: str, *words: str) -> str:
    command = ("exec", "--interactive", server.name, "mariadb-console", *words)
    return docker(*command, text=statement).stdout


def test_it_is_the_services_user_on_its_database(server: MariaDB) -> None:
    answer = console(server, "SELECT CURRENT_USER(), DATABASE(), '路飞';")
    assert answer.splitlines()[1] == "luffy@%\tluffy\t路飞"


def test_root_reaches_everything(server: MariaDB) -> None:
    answer = console(server, "SELECT CURRENT_USER(), COUNT(*) > 0 FROM mysql.user;", "--root")
    assert answer.splitlines()[1] == "root@localhost\t1"


def test_a_statement_that_fails_ends_it_with_an_error(server: MariaDB) -> None:
    command = ("exec", "--interactive", server.name, "mariadb-console")
    done = docker(*command, text="SELECT nothing FROM nowhere;", check=False)
    assert done.returncode == 1
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("words", ["", "--root"])
def test_the_password_stands_in_no_command_line(server: MariaDB, words: str) -> None:
    shown = docker(
        *("exec", server.name, "sh", "-c"),
        f"echo 'SELECT SLEEP(1);' | mariadb-console {words} & sleep 0.5; "
        "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; wait",
    ).stdout
    assert "mariadb --user=" in shown
    for password in (PASSWORD, ROOT_PASSWORD):
        assert password not in shown
        assert password not in docker("inspect", server.name).stdout


def test_another_word_is_refused(server: MariaDB) -> None:
    done = docker("exec", server.name, "mariadb-console", "--admin", check=False)
    assert done.returncode == 64
    assert "expected nothing or --root; found --admin" in done.stderr
