"""Data outlives stops, kills and changed settings."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest
from conftest import PASSWORD, ROOT_PASSWORD, MariaDB, docker, prepare


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A MariaDB for the tests of this file, which stop and start it."""
    mariadb = prepare(tmp_path_factory.mktemp("data"))
    try:
        mariadb.create()
        yield mariadb
    finally:
        mariadb.remove()


@pytest.fixture
def running(shared: MariaDB) -> Iterator[MariaDB]:
    """The same, running and healthy, with its first settings and an empty table."""
    docker("start", shared.name)
    shared.wait_healthy()
    shared.sql("CREATE OR REPLACE TABLE luffy.kept (n INT PRIMARY KEY AUTO_INCREMENT, a INT)")
    yield shared
    shared.write_configuration()
    shared.write_secret("mariadb_root_password", ROOT_PASSWORD)
    shared.write_secret("mariadb_password", PASSWORD)


def test_stop_is_clean_and_restart_keeps_everything(running: MariaDB) -> None:
    running.sql("INSERT INTO luffy.kept (a) VALUES (1)")
    docker("stop", "--time", "30", running.name)
    assert running.wait_exit() == 0
    assert "Shutdown complete" in running.log()
    running.start_again()
    assert running.sql("SELECT a FROM luffy.kept") == "1"
    assert running.log().count("first start: making") == 1


def test_kill_keeps_every_committed_row(running: MariaDB) -> None:
    writer = subprocess.Popen(
        [
            *("docker", "exec", "--interactive", "--env", f"MYSQL_PWD={ROOT_PASSWORD}"),
            *(running.name, "mariadb", "--user=root", "--batch", "--skip-column-names"),
            *("--unbuffered", "luffy"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write(
        "DELIMITER //\n" + "INSERT INTO kept (a) VALUES (1) RETURNING n//\n" * 20_000
    )
    writer.stdin.flush()
    time.sleep(1.5)
    docker("kill", "--signal", "KILL", running.name)
    committed = [int(line) for line in writer.stdout.read().split()]
    writer.wait(timeout=20)
    assert len(committed) > 20
    running.start_again()
    kept = running.sql("SELECT COUNT(*), MAX(n) FROM luffy.kept").split()
    assert int(kept[0]) >= len(committed), running.log()
    assert int(kept[1]) >= committed[-1]


def test_changed_password_files_reset_nothing(running: MariaDB) -> None:
    docker("stop", "--time", "30", running.name)
    running.write_secret("mariadb_root_password", "another")
    running.write_secret("mariadb_password", "another")
    running.start_again()
    assert running.sql("SELECT 1") == "1"
    assert running.sql_from_network("SELECT 1", "luffy", PASSWORD) == "1"
    assert "denied" in running.sql_from_network("SELECT 1", "luffy", "another")


def test_missing_secret_refuses_a_later_start_and_touches_nothing(running: MariaDB) -> None:
    running.sql("INSERT INTO luffy.kept (a) VALUES (5)")
    docker("stop", "--time", "30", running.name)
    (running.folder / "secrets" / "mariadb_password").unlink()
    docker("start", running.name)
    assert running.wait_exit() == 78
    running.write_secret("mariadb_password", PASSWORD)
    running.start_again()
    assert running.sql("SELECT a FROM luffy.kept") == "5"


def test_slow_statements_are_logged_where_asked(running: MariaDB) -> None:
    docker("stop", "--time", "30", running.name)
    running.write_configuration(mariadb_slow_query_seconds=0.1)
    running.start_again()
    running.sql("SELECT SLEEP(0.3) AS nap")
    assert "SELECT SLEEP(0.3) AS nap" in running.log()


def test_health_check_notices_a_hung_server(running: MariaDB) -> None:
    assert running.healthy()
    signal_server(running, "STOP")
    try:
        result = docker(
            *("exec", running.name, "timeout", "5", "healthcheck.sh", "--connect"), check=False
        )
        assert result.returncode != 0
    finally:
        signal_server(running, "CONT")
    running.wait_healthy()


def signal_server(mariadb: MariaDB, name: str) -> None:
    """Send the server's process, whose id is in its pid file, a signal."""
    docker("exec", mariadb.name, "sh", "-c", f"kill -{name} $(cat /run/mysqld/mysqld.pid)")
