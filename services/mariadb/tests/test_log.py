"""Its log is JSON, from the first start to the last word."""

from __future__ import annotations

import json
from typing import Any

from conftest import MariaDB, docker


def lines_of(mariadb: MariaDB) -> list[dict[str, Any]]:
    """The objects of its log, every line of which has to be one."""
    lines = [json.loads(line) for line in mariadb.log().splitlines()]
    assert all({"time", "level", "message"} == set(line) for line in lines)
    assert {line["level"] for line in lines} <= {"info", "warning", "error"}
    return lines


def test_every_line_is_json_from_the_first_start_to_the_end(prepared: MariaDB) -> None:
    prepared.create()
    prepared.wait_healthy()
    docker("stop", "--time", "30", prepared.name)
    assert prepared.wait_exit() == 0
    said = [(line["level"], line["message"]) for line in lines_of(prepared)]
    assert ("info", "mariadb: first start: making the data directory") in said
    assert any(text.startswith("InnoDB: ") for _, text in said)
    # The last word of a server that ends is not lost.
    assert said[-1] == ("info", "mariadbd: Shutdown complete"), said[-1]


def test_a_warning_is_one(server: MariaDB) -> None:
    server.sql_from_network("SELECT 1", "nobody", "wrong")
    warnings = [line["message"] for line in lines_of(server) if line["level"] == "warning"]
    assert any("Access denied for user 'nobody'@" in text for text in warnings), warnings


def test_a_start_that_is_refused_is_an_error_with_its_exit_code(prepared: MariaDB) -> None:
    prepared.write_secret("mariadb_password", "")
    prepared.create()
    assert prepared.wait_exit() == 78
    last = lines_of(prepared)[-1]
    assert last["level"] == "error"
    assert "mariadb: not started: MARIADB_PASSWORD_FILE=" in last["message"]


def test_a_server_that_cannot_start_says_why_at_last(prepared: MariaDB) -> None:
    prepared.create()
    prepared.wait_healthy()
    docker("stop", "--time", "30", prepared.name)
    before = len(lines_of(prepared))
    docker(
        *("run", "--rm", "--user", "10003:10003", "--network", "none", "--entrypoint", "bash"),
        *("--volume", f"{prepared.volume}:/var/lib/mysql", image_of(prepared), "-c"),
        "echo damaged > /var/lib/mysql/ibdata1",
    )
    docker("start", prepared.name)
    assert prepared.wait_exit() == 1
    said = lines_of(prepared)[before:]
    assert said[-1]["message"] == "Aborting"
    assert "error" in {line["level"] for line in said}


def image_of(mariadb: MariaDB) -> str:
    return docker("inspect", "--format", "{{.Config.Image}}", mariadb.name).stdout.strip()
