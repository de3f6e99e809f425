"""The field `backup` of release.json: what is wrong in it is named, all at once."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from test_reader import good, read, with_files

from engine.errors import BadReleaseError

BACKUP: "dict[str, Any]" = {
    "repository": "backup_repository",
    "passphrase": "password",
    "folder": {"path": "/var/backups/bundle", "uid": 10009},
    "parts": [
        {
            "name": "database",
            "service": "mariadb",
            "hand_over": ["hand-over"],
            "take_back": ["take-back", "--quiet"],
            "when": "running",
        },
        {"name": "files", "service": "api", "hand_over": ["tar"], "take_back": ["untar"]},
    ],
    "logs": {
        "part": "database",
        "service": "backup",
        "flush": ["flush"],
        "folder": "/logs",
        "replay": ["replay"],
    },
    "keep": {"daily": 3, "weekly": 0},
}


def read_backup(folder: Path, backup: Any) -> Any:
    return read(folder, {**good(), "backup": backup}).backup


def test_a_good_one_is_read(tmp_path: Path) -> None:
    found = read_backup(with_files(tmp_path), BACKUP)
    assert [(part.name, part.when) for part in found.parts] == [
        ("database", "running"),
        ("files", "alone"),
    ]
    assert found.part("database").take_back == ("take-back", "--quiet")
    assert (found.keep.daily, found.keep.weekly, found.keep.monthly) == (3, 0, 12)
    assert found.folder.uid == 10009
    assert found.logs.folder == "/logs"


def test_a_release_may_have_none(tmp_path: Path) -> None:
    assert read(with_files(tmp_path), good()).backup is None


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("repository", 7, "backup.repository: expected the name of a service"),
        ("passphrase", "nowhere", "backup.passphrase: expected the name of a secret"),
        ("parts", [], "backup.parts: expected at least one part"),
        ("parts.0", "mariadb", "backup.parts[0]: expected an object"),
        ("parts.0.name", "manifest", "none of manifest, secrets, logs"),
        ("parts.0.name", "files", "backup.parts: expected each name once"),
        ("parts.0.hand_over", "tar", "backup.parts[0].hand_over: expected a list of words"),
        ("parts.0.take_back", [""], "backup.parts[0].take_back: expected a list of words"),
        ("parts.0.when", "later", "backup.parts[0].when: expected alone, empty or running"),
        ("parts.0.user", "root", "backup.parts[0].user: expected one of"),
        ("logs.part", "nothing", "backup.logs.part: expected one of"),
        ("logs.folder", "logs", "backup.logs.folder: expected an absolute path"),
        ("logs", [], "backup.logs: expected an object"),
        ("folder.path", "/var/../etc", "backup.folder.path: expected an absolute path"),
        ("folder.uid", "root", "backup.folder.uid: expected a numeric uid"),
        ("keep.daily", -1, "backup.keep.daily: expected a whole number"),
        ("keep.yearly", 1, "backup.keep.yearly: expected one of"),
        ("keep", {"daily": 0, "weekly": 0, "monthly": 0}, "expected at least one backup to keep"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, path: str, value: Any, said: str) -> None:
    backup = copy.deepcopy(BACKUP)
    *above, last = path.split(".")
    place: Any = backup
    for word in above:
        place = place[int(word) if word.isdigit() else word]
    place[int(last) if last.isdigit() else last] = value
    with pytest.raises(BadReleaseError, match=re.escape(said)):
        read_backup(with_files(tmp_path), backup)
