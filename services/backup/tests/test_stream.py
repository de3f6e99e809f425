"""Every change is copied off the server's volume as it is written."""

from __future__ import annotations

import json
import time

from conftest import Pair, docker, wait_for


def newest(pair: Pair) -> int:
    return int(pair.sql("SHOW MASTER STATUS")[0].split("\t")[1])


def test_a_change_is_copied_within_a_second(pair: Pair) -> None:
    pair.sql("CREATE TABLE changes (id INT PRIMARY KEY AUTO_INCREMENT, at DATETIME)")
    pair.sql("INSERT INTO changes (at) VALUES (UTC_TIMESTAMP())")
    size = newest(pair)
    wait_for(lambda: max(pair.copies().values()) >= size, 1)
    assert pair.run("binlogs-health").stdout.startswith("0 bytes behind at mysql-bin.")


def test_flush_completes_what_was_written(pair: Pair) -> None:
    told = json.loads(pair.run("binlogs-flush").stdout)
    assert told["server_id"] == int(pair.sql("SELECT @@server_id")[0])
    folder, name = str(told["server_id"]), told["open"]
    assert f"{folder}/{name}" in pair.copies()
    sizes = [line.split("\t")[:2] for line in pair.sql("SHOW BINARY LOGS")]
    complete = {f"{folder}/{each}": int(size) for each, size in sizes if each != name}
    assert complete.items() <= pair.copies().items()


def test_a_moment_is_found_in_the_copies_to_the_second(pair: Pair) -> None:
    start = pair.sql("SHOW MASTER STATUS")[0].split("\t")
    pair.sql("INSERT INTO changes (id, at) VALUES (100, UTC_TIMESTAMP())")
    time.sleep(1.1)
    moment = pair.sql("SELECT UTC_TIMESTAMP()")[0]
    time.sleep(1.1)
    pair.sql("INSERT INTO changes (id, at) VALUES (200, UTC_TIMESTAMP())")
    pair.run("binlogs-flush")
    folder = f"/binlogs/{pair.sql('SELECT @@server_id')[0]}"
    replayed = pair.run("binlogs-replay", folder, start[0], start[1], moment).stdout
    pair.sql("DELETE FROM changes WHERE id >= 100")
    docker("exec", "-i", pair.server, "backup-take-back", text=replayed)
    assert pair.sql("SELECT id FROM changes WHERE id >= 100") == ["100"]


def test_a_log_that_is_missing_in_between_is_refused(pair: Pair) -> None:
    script = "mkdir /binlogs/gap; cd /binlogs/gap; touch mysql-bin.000001 mysql-bin.000003"
    pair.run("sh", "-c", script)
    done = pair.run(
        "binlogs-replay",
        "/binlogs/gap",
        "mysql-bin.000001",
        "4",
        "2030-01-01 00:00:00",
        check=False,
    )
    pair.run("rm", "-r", "/binlogs/gap")
    assert done.returncode == 66
    assert "expected log number 2" in done.stderr


def test_it_goes_on_after_the_server_was_away_and_says_so_meanwhile(pair: Pair) -> None:
    docker("stop", "--time", "30", pair.server)
    wait_for(lambda: not pair.healthy(), 15)
    docker("start", pair.server)
    wait_for(pair.healthy)
    pair.sql("INSERT INTO changes (id, at) VALUES (300, UTC_TIMESTAMP())")
    size = newest(pair)
    wait_for(lambda: size in pair.copies().values(), 5)


def test_a_new_data_directory_gets_a_folder_of_its_own(pair: Pair) -> None:
    before = pair.copies()
    docker("rm", "--force", pair.server)
    pair.start_server("other")
    wait_for(pair.healthy)
    folders = {name.partition("/")[0] for name in pair.copies()}
    assert len(folders) == 2
    assert before.items() <= pair.copies().items()


def test_the_account_may_read_and_nothing_else(pair: Pair) -> None:
    (grant,) = pair.sql("SHOW GRANTS FOR backup@'%'")
    rights = grant.removeprefix("GRANT ").partition(" ON ")[0].split(", ")
    assert set(rights) == {
        "SELECT", "RELOAD", "LOCK TABLES", "REPLICATION SLAVE", "BINLOG MONITOR", "SHOW VIEW",
        "EVENT", "TRIGGER",
    }  # fmt: skip
