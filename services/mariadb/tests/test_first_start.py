"""What the first start leaves behind, and what it does when it is cut off."""

from __future__ import annotations

import time

import pytest
from conftest import PASSWORD, ROOT_PASSWORD, MariaDB, docker


def test_service_user_owns_its_database(server: MariaDB) -> None:
    statement = "CREATE TABLE t (a INT); INSERT INTO t VALUES (7); SELECT * FROM t; DROP TABLE t;"
    assert server.sql_from_network(f"USE luffy; {statement}", "luffy", PASSWORD) == "7"


def test_service_user_reaches_no_other_database(server: MariaDB) -> None:
    answer = server.sql_from_network("SELECT * FROM mysql.global_priv", "luffy", PASSWORD)
    assert "denied" in answer, answer
    server.sql("CREATE DATABASE luffyx")
    assert "denied" in server.sql_from_network("USE luffyx", "luffy", PASSWORD)


def test_root_comes_in_by_the_local_socket_with_its_password(server: MariaDB) -> None:
    assert server.sql("SELECT CURRENT_USER()") == "root@localhost"
    assert "denied" in server.sql("SELECT 1", password="wrong")
    assert "denied" in server.sql("SELECT 1", password="")


def test_root_does_not_come_in_from_the_network(server: MariaDB) -> None:
    answer = server.sql_from_network("SELECT 1", "root", ROOT_PASSWORD)
    assert "denied" in answer or "not allowed" in answer, answer


def test_health_user_may_do_nothing(server: MariaDB) -> None:
    answer = server.sql("SHOW DATABASES", user="healthcheck", password="")
    assert answer == "information_schema", answer
    assert "denied" in server.sql_from_network("SELECT 1", "healthcheck", "")


def test_no_account_without_a_password(server: MariaDB) -> None:
    accounts = server.sql("SELECT CONCAT(User, '@', Host) FROM mysql.user ORDER BY 1").split()
    assert accounts == [
        "healthcheck@localhost",
        "luffy@%",
        "mariadb.sys@localhost",
        "root@localhost",
    ]


def test_sql_files_ran_in_order(server: MariaDB) -> None:
    assert server.sql("SELECT name FROM luffy.imported").split() == ["路飞", "娜美"]
    assert "ignored /docker-entrypoint-initdb.d/README.txt" in server.log()


def test_text_is_utf8mb4_and_zones_have_names(server: MariaDB) -> None:
    assert server.sql("SELECT CONVERT_TZ('2026-01-01 00:00','UTC','Asia/Shanghai')") == (
        "2026-01-01 08:00:00"
    )
    created = server.sql("SHOW CREATE DATABASE luffy")
    assert "utf8mb4" in created, created


def test_settings_are_the_templates(server: MariaDB) -> None:
    settings = server.sql(
        "SELECT @@innodb_buffer_pool_size, @@max_connections, @@skip_name_resolve,"
        " @@performance_schema, @@innodb_flush_log_at_trx_commit, @@slow_query_log"
    )
    assert settings.split() == ["67108864", "30", "1", "0", "1", "0"]


def test_passwords_are_not_in_log_environment_or_processes(server: MariaDB) -> None:
    shown = server.log() + docker("inspect", server.name).stdout
    shown += docker("exec", server.name, "sh", "-c", "cat /proc/[0-9]*/environ").stdout
    shown += docker("exec", server.name, "sh", "-c", "cat /proc/[0-9]*/cmdline").stdout
    assert ROOT_PASSWORD not in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("delay_s", [0.2, 1.0, 2.0, 4.0])
def test_killed_first_start_is_done_again(prepared: MariaDB, delay_s: float) -> None:
    table = "CREATE TABLE once (a INT);"
    prepared.write_sql("slow.sql", f"{table} SELECT SLEEP(60);")
    prepared.create()
    time.sleep(delay_s)
    docker("kill", "--signal", "KILL", prepared.name)
    assert "first start: done" not in prepared.log()
    prepared.write_sql("slow.sql", table)
    prepared.start_again()
    assert prepared.log().count("first start: done") == 1
    assert prepared.sql("SELECT COUNT(*) FROM luffy.once") == "0"
    assert prepared.sql_from_network("SELECT 1", "luffy", PASSWORD) == "1"


def test_stopped_first_start_ends_soon_and_is_done_again(prepared: MariaDB) -> None:
    prepared.write_sql("slow.sql", "SELECT SLEEP(2);")
    prepared.create()
    wait_for_log(prepared, "running /docker-entrypoint-initdb.d/slow.sql")
    docker("stop", "--time", "30", prepared.name)
    assert prepared.wait_exit() == 143, prepared.log()
    prepared.start_again()
    assert "interrupted; starting again from nothing" in prepared.log()


def test_not_healthy_before_the_first_start_is_finished(prepared: MariaDB) -> None:
    prepared.write_sql("slow.sql", "SELECT SLEEP(2);")
    prepared.create()
    wait_for_log(prepared, "running /docker-entrypoint-initdb.d/slow.sql")
    assert not prepared.healthy()
    prepared.wait_healthy()


def test_bad_sql_file_is_named_and_keeps_nothing(prepared: MariaDB) -> None:
    prepared.write_sql("bad.sql", "CREATE TABLE kept (a INT); SELECT nonsense;")
    prepared.create()
    assert prepared.wait_exit() == 78
    assert "/docker-entrypoint-initdb.d/bad.sql: expected SQL that runs" in prepared.log()
    prepared.write_sql("bad.sql", "SELECT 1;")
    prepared.start_again()
    assert prepared.sql("SHOW TABLES IN luffy") == ""


def wait_for_log(mariadb: MariaDB, text: str, timeout_s: float = 30) -> None:
    """Wait until the container has printed that text."""
    deadline = time.monotonic() + timeout_s
    while text not in mariadb.log():
        assert time.monotonic() < deadline, mariadb.log()
        time.sleep(0.1)
