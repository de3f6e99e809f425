"""A second host: what it drops of its own repository, and how it restores what another kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from backups.elsewhere import give
from backups.owners import HOST, UID, Owners, new_owners
from bundle import sh

OTHER_HOST = "another-host"
MANIFEST, PART, LOGS = "manifest", "mariadb", "logs"
# Each moment of a backup, and whether it stays by the last 3 days, weeks and months that have one.
# The backup of today is the first of each; the 20th of March 2020 was a Friday.
BACKUPS = {
    "2020-02-27 12:00:00": False,
    "2020-02-28 12:00:00": True,  # the third month
    "2020-03-12 12:00:00": False,
    "2020-03-13 12:00:00": True,  # the third week
    "2020-03-18 12:00:00": False,
    "2020-03-19 12:00:00": True,  # the third day
    "2020-03-20 10:00:00": False,  # not the last of its day
    "2020-03-20 12:00:00": True,  # the second of each
}
# Each moment of copies of logs and whose they are, and whether they stay.
COPIES = {
    ("2020-02-28 11:00:00", "1"): False,  # no backup stays that they lead on from
    ("2020-02-28 13:00:00", "1"): False,
    ("2020-02-28 13:30:00", "2"): True,  # the last of another server
    ("2020-02-28 14:00:00", "1"): True,  # the last of the day
    ("2020-03-18 17:00:00", "1"): False,
    ("2020-03-18 18:00:00", "1"): True,
    ("2020-03-19 01:00:00", "1"): True,  # less than two days older than the last
    ("2020-03-19 02:00:00", "1"): True,
    ("2020-03-20 20:00:00", "1"): True,
}


@pytest.fixture(scope="module")
def kept(standing_owners: Owners) -> str:
    """The first host's backup."""
    standing_owners.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)")
    standing_owners.redis("SET", "cart", "full")
    standing_owners.upload("pictures/one.txt", "a picture")
    return standing_owners.backed_up()


@pytest.fixture(scope="module")
def second(
    tmp_path_factory: pytest.TempPathFactory, fast_pyz: Path, python: str
) -> Iterator[Owners]:
    """Another host, with a passphrase and a repository of its own so far."""
    owners = new_owners(tmp_path_factory.mktemp("second"), python, fast_pyz)
    owners.environment = {"BACKUP_HOST": OTHER_HOST}
    owners.keep = {"daily": 3, "weekly": 3, "monthly": 3}
    owners.ship()
    try:
        owners.deployed()
        yield owners
    finally:
        owners.remove()


def name_of(moment: str) -> str:
    """The name of a backup of that moment."""
    return moment.replace("-", "").replace(":", "").replace(" ", "T") + "Z"


def logs_of(moment: str, server: str) -> str:
    """The tags of copies of a server's logs until that moment."""
    return f"logs,until={moment.replace(' ', 'T')}Z,server={server}"


def planted(moment: str, host: str, tags: str) -> str:
    """The command that keeps a byte as of a moment."""
    what = "backup --quiet --stdin --stdin-filename /x"
    return f"printf x | repository {what} --time '{moment}' --host {host} --tag {tags}"


def snapshots(owners: Owners) -> set[tuple[str, str, str]]:
    """The moment, the host and the kind of each snapshot of 2020."""
    found: list[dict[str, Any]] = json.loads(owners.repository_program("snapshots", "--json"))
    return {
        (each["time"][:19].replace("T", " "), each["hostname"], kind)
        for each in found
        for kind in (MANIFEST, PART, LOGS)
        if each["time"].startswith("2020") and {kind, f"part={kind}"} & set(each["tags"])
    }


def test_what_is_too_old_is_dropped_and_nothing_else(second: Owners) -> None:
    second.repository.mkdir(mode=0o700)
    os.chown(second.repository, UID, UID)
    all_of_them, staying = set(), set()
    script = ["set -e", "repository init --quiet"]
    for moment, stays in BACKUPS.items():
        for kind in (PART, MANIFEST):
            tags = f"backup={name_of(moment)},part={kind}"
            script.append(planted(moment, OTHER_HOST, tags))
            all_of_them.add((moment, OTHER_HOST, kind))
            staying |= {(moment, OTHER_HOST, kind)} if stays else set()
    for (moment, server), stays in COPIES.items():
        script.append(planted(moment, OTHER_HOST, logs_of(moment, server)))
        all_of_them.add((moment, OTHER_HOST, LOGS))
        staying |= {(moment, OTHER_HOST, LOGS)} if stays else set()
    # Those of a host that shares the repository are its own business.
    old = "2020-01-01 12:00:00"
    theirs = {MANIFEST: f"backup={name_of(old)},part=manifest", LOGS: logs_of(old, "3")}
    for kind, tags in theirs.items():
        script.append(planted(old, HOST, tags))
        all_of_them.add((old, HOST, kind))
        staying.add((old, HOST, kind))
    second.beside_repository("sh", "-c", "\n".join(script))
    assert snapshots(second) == all_of_them

    name = second.backed_up()
    assert snapshots(second) == staying
    gone = sorted(name_of(moment) for moment, stays in BACKUPS.items() if not stays)
    assert second.events("step_ended")[-1]["remark"] == f"dropped {', '.join(gone)}"
    listed = [each["name"] for each in second.backups()]
    there = [name_of(moment) for moment, stays in BACKUPS.items() if stays]
    assert listed == [name, *reversed([name_of(old), *there])]


def test_the_backup_of_the_first_host_is_restored_on_the_second(
    standing_owners: Owners, kept: str, second: Owners
) -> None:
    # As docs/backup.md says: it is deployed; then the passphrase, the repository, and a deploy.
    passphrase = (standing_owners.secrets / "backup_passphrase").read_text()
    give(second, "backup_passphrase", passphrase)
    second.repository = standing_owners.repository
    second.ship()
    second.deployed()
    assert [(each["name"], each["host"]) for each in second.backups()] == [(kept, HOST)]
    done = second.run("restore", kept)
    assert done.code == 0, done
    assert second.sql("SELECT id FROM t ORDER BY id") == ["1", "2", "3"]
    assert second.redis("GET", "cart") == "full"
    assert second.uploads() == "a picture"
    for path in standing_owners.secrets.iterdir():
        if path.is_file():
            assert (second.secrets / path.name).read_bytes() == path.read_bytes(), path.name
    assert second.engine("status").code == 0
    # The first goes on with what is its own.
    standing_owners.sql("INSERT INTO t VALUES (4)")
    assert second.sql("SELECT COUNT(*) FROM t") == ["3"]
    owned = sh("docker", "volume", "ls", "-q", "--filter", f"name={second.name}_mariadb_data")
    assert len(owned.split()) == 2
