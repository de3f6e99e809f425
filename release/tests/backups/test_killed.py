"""A restore that is killed leaves the old data serving, and the next run clears up."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest
from backups.owners import Owners
from bundle import sh


@pytest.fixture(scope="module")
def changed(standing_owners: Owners) -> tuple[Owners, str]:
    """A deployment whose data is no more what its backup holds."""
    standing_owners.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)")
    name = standing_owners.backed_up()
    standing_owners.sql("INSERT INTO t VALUES (4)")
    return standing_owners, name


def kill_restore(owners: Owners, name: str, step: str) -> None:
    """Restore, and kill the engine as soon as a step has begun."""
    before = set(owners.journals())
    process = subprocess.Popen(
        owners.command("restore", name, "--by", "tester"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    owners.wait_for_step(step, before, process, timeout_s=240)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def test_killed_while_new_volumes_are_filled(changed: tuple[Owners, str]) -> None:
    owners, name = changed
    before = owners.ids()
    kill_restore(owners, name, "fill")
    assert owners.ids() == before
    assert owners.sql("SELECT COUNT(*) FROM t") == ["4"]


def test_killed_while_the_release_changes_over(changed: tuple[Owners, str]) -> None:
    owners, name = changed
    secrets = {path.name: path.read_bytes() for path in owners.secrets.iterdir()}
    owners.end_commands()
    kill_restore(owners, name, "start")
    owners.end_commands()
    # The one service may have the new data already, and the other the old.
    refused = owners.run("backup")
    assert refused.code == 1, refused
    assert "a restore that was cut off while it changed over" in refused.result["message"]
    done = owners.deploy("--lock-timeout", "60")
    assert done.code == 0, done
    assert owners.sql("SELECT COUNT(*) FROM t") == ["4"]
    assert {path.name: path.read_bytes() for path in owners.secrets.iterdir()} == secrets


def test_the_next_restore_succeeds_and_leaves_only_the_old_volumes(
    changed: tuple[Owners, str],
) -> None:
    owners, name = changed
    done = owners.run("restore", name, "--lock-timeout", "60")
    assert done.code == 0, done
    assert owners.sql("SELECT COUNT(*) FROM t") == ["3"]
    listed = sh("docker", "volume", "ls", "-q", "--filter", f"name={owners.name}").split()
    found = sorted(name.removeprefix(owners.name) for name in listed)
    stems = ["_luffy_media", "_mariadb_data", "_redis_data"]
    numbers = {name.rpartition("_")[2] for name in found if name.rpartition("_")[2].isdigit()}
    assert len(numbers) == 1, found
    (number,) = numbers
    expected = ["_backup_binlogs", *stems, *(f"{stem}_{number}" for stem in stems)]
    assert found == sorted(expected)
    assert not (owners.root / "state/restoring").exists()

    foreseen = owners.engine("restore", "--forget-old", "--check")
    assert f"{owners.name}_mariadb_data holds data from before a restore" in foreseen.out
    assert owners.run("restore", "--forget-old").code == 0
    listed = sh("docker", "volume", "ls", "-q", "--filter", f"name={owners.name}").split()
    assert len(listed) == 4
    assert owners.run("restore", "--forget-old").result["outcome"] == "unchanged"
    assert owners.sql("SELECT COUNT(*) FROM t") == ["3"]
