"""What cannot be restored is refused, and nothing is changed by that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from backups.owners import UID, Owners
from bundle import sh

Alter = Callable[..., str]


def test_a_look_makes_nothing(standing_owners: Owners) -> None:
    runs = standing_owners.journals()
    foreseen = json.loads(standing_owners.engine("backup", "--check").out)
    assert foreseen["changed"] is True
    said = "mariadb, redis, uploads, secrets are to be kept in /repository"
    assert foreseen["reasons"] == [said]
    logs = json.loads(standing_owners.engine("backup", "--binlogs-only", "--check").out)
    assert logs == {"changed": True, "reasons": ["logs are to be kept in /repository"]}
    listed = standing_owners.engine("backups")
    assert listed.code == 66, listed
    assert "found no repository there; fab backup makes one" in listed.err
    drill = json.loads(standing_owners.engine("drill", "--check").out)
    assert drill["changed"] is False
    assert "found no repository there; fab backup makes one" in drill["reasons"][0]
    assert not standing_owners.repository.exists()
    assert standing_owners.journals() == runs


@pytest.fixture(scope="module")
def kept(standing_owners: Owners) -> str:
    """A backup of some rows and files."""
    standing_owners.sql("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)")
    standing_owners.upload("one.txt", "a picture")
    return standing_owners.backed_up()


@pytest.fixture
def untouched(standing_owners: Owners, kept: str) -> Iterator[Owners]:
    """The deployment; whatever was tried, the same containers serve the same volumes after it."""
    before = standing_owners.ids(), standing_owners.volumes()
    yield standing_owners
    assert (standing_owners.ids(), standing_owners.volumes()) == before
    assert standing_owners.sql("SELECT COUNT(*) FROM t") == ["3"]


@pytest.fixture
def copy(untouched: Owners) -> Iterator[Path]:
    """The repository, put back afterwards."""
    saved = untouched.folder / "saved"
    shutil.copytree(untouched.repository, saved)
    yield untouched.repository
    shutil.rmtree(untouched.repository)
    saved.rename(untouched.repository)
    for path in (untouched.repository, *untouched.repository.rglob("*")):
        os.chown(path, UID, UID)


def packs(repository: Path) -> list[Path]:
    """The files that hold data, the largest first."""
    files = [path for path in (repository / "data").rglob("*") if path.is_file()]
    return sorted(files, key=lambda path: path.stat().st_size, reverse=True)


def test_a_release_from_which_an_owner_of_data_was_left_out(untouched: Owners, kept: str) -> None:
    path = untouched.root / "current/inputs.json"
    whole = path.read_text()
    path.write_text(json.dumps({**json.loads(whole), "kept": {"mariadb": "0a1b", "edge": "2c3d"}}))
    done = untouched.run("restore", kept)
    path.write_text(whole)
    assert done.code == 1, done
    assert "found one without mariadb" in done.result["message"]
    assert "fab deploy, then restore" in done.result["message"]


def test_a_truncated_repository(untouched: Owners, kept: str, copy: Path) -> None:
    for pack in packs(copy):
        os.truncate(pack, pack.stat().st_size // 2)
    done = untouched.run("restore", kept)
    assert done.code == 1, done
    assert "nothing was changed" in done.result["message"]
    assert done.result["changed"] is False


def test_a_damaged_part(untouched: Owners, kept: str, copy: Path) -> None:
    with packs(copy)[0].open("r+b") as file:
        file.seek(100)
        file.write(b"\0" * 64)
    done = untouched.run("restore", kept)
    assert done.code == 1, done
    assert "nothing was changed" in done.result["message"]
    looked = untouched.engine("restore", kept, "--check")
    assert looked.code != 0
    assert json.loads(looked.out)["changed"] is False


def test_a_wrong_passphrase(untouched: Owners, kept: str) -> None:
    path = untouched.secrets / "backup_passphrase"
    right = path.read_bytes()
    path.write_bytes(b"not the passphrase")
    try:
        done = untouched.run("restore", kept)
        listed = untouched.engine("backups")
    finally:
        path.write_bytes(right)
    assert done.code == 1, done
    assert "expected the passphrase that it was made with; found another one" in done.text
    assert "backup_passphrase" in listed.err
    assert right.decode() not in done.text


def test_a_name_that_is_not_there(untouched: Owners, kept: str) -> None:
    done = untouched.run("restore", "20010101T000000Z")
    assert done.code == 66, done
    assert kept in done.result["message"]


def test_a_time_before_the_backup(untouched: Owners, kept: str) -> None:
    done = untouched.run("restore", kept, "--to-time", "2001-01-01T00:00:00Z")
    assert done.code == 1, done
    assert "choose an earlier backup" in done.result["message"]


def test_a_time_that_no_log_reaches(untouched: Owners, kept: str) -> None:
    done = untouched.run("restore", kept, "--to-time", "2199-01-01T00:00:00Z")
    assert done.code == 1, done
    assert "choose an earlier time, or a later backup" in done.result["message"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["20260101T000000Z", "--forget-old"], ["20260101T000000Z", "--to-time", "yesterday"]],
)
def test_a_command_line_that_is_wrong(untouched: Owners, arguments: list[str]) -> None:
    assert untouched.engine("restore", *arguments).code == 64


def test_a_hand_over_that_fails_leaves_no_backup(untouched: Owners, kept: str) -> None:
    before = untouched.backups()
    # A file that nobody can read: the archive breaks off in the middle.
    untouched.upload("two.txt", "x" * 1000)
    untouched.in_container("luffy_api", "chmod", "0", "/srv/media/two.txt")
    done = untouched.run("backup")
    untouched.in_container("luffy_api", "rm", "-f", "/srv/media/two.txt")
    assert done.code == 1, done
    assert done.result["failed_step"] == "uploads"
    assert "no backup was made" in done.result["message"]
    assert "Permission denied" in done.text
    assert untouched.backups() == before


def kept_part(owners: Owners, backup: str, part: str) -> bytes:
    """A part of a backup, as it was handed over."""
    tags = ["--tag", f"backup={backup},part={part}"]
    listed = json.loads(owners.repository_program("snapshots", "--json", *tags))
    return owners.repository_program("dump", listed[0]["id"], f"/{part}")


@pytest.fixture
def altered(untouched: Owners, kept: str) -> Iterator[Alter]:
    """Makes a backup of another name with the same data, whose manifest says something else of its
    parts; one with a `content` has that instead, and the manifest agrees."""
    made = []
    another = "20991231T235959Z"

    def keep(part: str, content: bytes) -> str:
        said = untouched.repository_program(
            *("backup", "--json", "--stdin", "--stdin-filename", f"/{part}"),
            *("--tag", f"backup={another},part={part}"),
            given=content,
        )
        made.append(str(json.loads(said.splitlines()[-1])["snapshot_id"]))
        return made[-1]

    def alter(**changes: dict[str, Any]) -> str:
        manifest = json.loads(kept_part(untouched, kept, "manifest"))
        manifest["name"] = another
        for each in manifest["parts"]:
            change = dict(changes.get(each["name"], {}))
            content = change.pop("content", None)
            if content is not None:
                change["snapshot"] = keep(each["name"], content)
                change["bytes"], change["sha256"] = len(content), sha256(content).hexdigest()
            each.update(change)
        keep("manifest", json.dumps(manifest).encode())
        return another

    yield alter
    untouched.repository_program("forget", *made)


def test_a_backup_of_a_newer_server(untouched: Owners, altered: Alter) -> None:
    done = untouched.run("restore", altered(mariadb={"version": "99.1.0"}))
    assert done.code == 1, done
    assert "found 99.1.0; deploy a release with mariadb 99.1.0 or newer" in done.text


def test_a_backup_of_tables_that_the_code_does_not_know(untouched: Owners, altered: Alter) -> None:
    known = untouched.in_container("luffy_api", "backup-hand-over", "--version")
    written, _, migrations = known.partition(".")
    newer = f"{written}.{int(migrations) + 1}"
    done = untouched.run("restore", altered(uploads={"version": newer}))
    assert done.code == 1, done
    assert f"one of luffy_api {known} or older; found {newer}" in done.text
    older = altered(uploads={"version": f"{written}.1"})
    assert json.loads(untouched.engine("restore", older, "--check").out)["changed"] is True


def test_a_part_that_is_not_what_was_handed_over(untouched: Owners, altered: Alter) -> None:
    done = untouched.run("restore", altered(redis={"sha256": "0" * 64}))
    assert done.code == 1, done
    assert done.result["failed_step"] == "check"


def test_a_drill_says_what_differs(untouched: Owners, kept: str, altered: Alter) -> None:
    name = altered(mariadb={"compare": {"rows": {"luffy.t": 4}, "content": "another"}})
    done = untouched.run("drill")
    assert done.code == 1, done
    assert "mariadb: rows of luffy.t: expected 4, found 3" in done.text
    state = json.loads((untouched.root / "state/drills.json").read_text())
    assert (state["passed"], state["backup"]) == (False, name)
    left = sh("docker", "ps", "-aq", "--filter", f"name={untouched.name}-drill")
    assert not left


def test_a_drill_tells_an_altered_upload_and_what_an_old_backup_does_not_know(
    untouched: Owners, kept: str, altered: Alter
) -> None:
    archive = kept_part(untouched, kept, "uploads")
    assert archive.count(b"a picture") == 1
    altered(
        uploads={"content": archive.replace(b"a picture", b"another p")},
        mariadb={"compare": {"rows": {"luffy.t": 3}}},
    )
    done = untouched.run("drill")
    assert done.code == 1, done
    assert "uploads: sha256: expected" in done.result["message"]
    for same in ("uploads: files", "mariadb", "redis"):
        assert same not in done.result["message"]
    assert "mariadb: content cannot be compared" in done.text


def test_a_drill_of_a_good_backup_passes(untouched: Owners, kept: str) -> None:
    runs = untouched.journals()
    foreseen = json.loads(untouched.engine("drill", "--check").out)
    said = f"backup {kept} is to be restored into a project of its own"
    assert foreseen == {"changed": True, "reasons": [said]}
    assert untouched.journals() == runs
    done = untouched.run("drill")
    assert done.code == 0, done
    state = json.loads((untouched.root / "state/drills.json").read_text())
    assert (state["passed"], state["backup"]) == (True, kept)


def begun(owners: Owners, step: str, *arguments: str) -> subprocess.Popen[str]:
    """A verb in a process of its own that is at that step."""
    before = set(owners.journals())
    process = subprocess.Popen(
        owners.command(*arguments, "--by", "tester"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    owners.wait_for_step(step, before, process, timeout_s=240)
    return process


def test_a_backup_that_is_killed_is_none_and_the_next_clears_up(
    untouched: Owners, kept: str
) -> None:
    process = begun(untouched, "verify", "backup")
    process.kill()
    process.communicate(timeout=60)
    assert [each["name"] for each in untouched.backups()] == [kept]
    done = untouched.run("backup", "--lock-timeout", "60")
    assert done.code == 0, done
    assert "dropped 4 parts of interrupted ones" in done.text
    assert len(untouched.backups()) == 2


def test_a_backup_is_whole_though_a_later_step_fails(untouched: Owners, kept: str) -> None:
    copier = untouched.ids()["backup"]
    sh("docker", "stop", "--time", "1", copier)
    done = untouched.run("backup")
    sh("docker", "start", copier)
    assert done.code == 1, done
    assert done.result["failed_step"] == "logs"
    latest = untouched.backups()[0]["name"]
    assert latest != kept
    said = f"(backup {latest} is whole and stays; the step logs after it failed)"
    assert done.result["message"].endswith(said)
    looked = untouched.engine("restore", latest, "--check")
    assert json.loads(looked.out)["changed"] is True, looked


def test_a_backup_and_a_restore_keep_each_other_out(untouched: Owners, kept: str) -> None:
    restore = begun(untouched, "check", "restore", kept)
    refused = untouched.run("backup")
    restore.terminate()
    restore.communicate(timeout=60)
    assert restore.returncode == 130
    assert refused.code == 75, refused
    assert "of tester since" in refused.result["message"]
    assert "(restore, pid" in refused.result["message"]
    assert "no backup was made" in refused.result["message"]

    backup = begun(untouched, "mariadb", "backup")
    refused = untouched.run("restore", kept)
    assert refused.code == 75, refused
    assert "(backup, pid" in refused.result["message"]
    assert "nothing was changed" in refused.result["message"]
    # It waits where it is told to; and what it then looks for is not there.
    waited = untouched.run("restore", "20010101T000000Z", "--lock-timeout", "120")
    assert "waiting up to 120 s for run" in waited.err
    assert waited.code == 66, waited
    backup.communicate(timeout=60)
    assert backup.returncode == 0
