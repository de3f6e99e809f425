"""What the image was given wrongly is named, with what to do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from conftest import UID, docker

IMAGE_COMMAND = ("run", "--rm", "--network", "none", "--user", f"{UID}:{UID}")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ("MARIADB_BACKUP_PASSWORD_FILE=", "a file with a password"),
        ("MARIADB_BACKUP_PASSWORD_FILE=/nowhere", "'/nowhere'"),
        ("BINLOG_KEEP_DAYS=0", "whole days from 1"),
        ("BINLOG_KEEP_MIB=much", "a whole number from 1"),
    ],
)
def test_the_stream_refuses(environment: str, said: str) -> None:
    done = docker(*IMAGE_COMMAND, "--env", environment, os.environ["BACKUP_IMAGE"], check=False)
    assert done.returncode == 78
    # Its log is JSON from the first line on.
    line = json.loads(done.stdout)
    assert line["level"] == "warning"
    assert said in line["message"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "a folder, sftp:… or s3:…"),
        ("ftp:elsewhere", "'ftp:elsewhere'"),
        ("sftp:me@there:/x", "SFTP_KEY_FILE"),
        ("s3:https://there/x", "AWS_SHARED_CREDENTIALS_FILE"),
    ],
)
def test_the_repository_refuses(tmp_path: Path, address: str, said: str) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("a passphrase")
    os.chown(secret, UID, UID)
    secret.chmod(0o400)
    tmp_path.chmod(0o755)
    done = docker(
        *(*IMAGE_COMMAND, "--env", f"RESTIC_REPOSITORY={address}"),
        *("--env", "RESTIC_PASSWORD_FILE=/s/passphrase", "--volume", f"{tmp_path}:/s:ro"),
        *(os.environ["BACKUP_IMAGE"], "repository", "snapshots"),
        check=False,
    )
    assert done.returncode == 78
    assert said in done.stderr


def test_why_ssh_did_not_reach_it_is_the_last_word(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not empty")
    os.chown(secret, UID, UID)
    secret.chmod(0o400)
    tmp_path.chmod(0o755)
    files = ("RESTIC_PASSWORD_FILE", "SFTP_KEY_FILE", "SFTP_KNOWN_HOSTS_FILE")
    done = docker(
        *(*IMAGE_COMMAND, "--env", "RESTIC_REPOSITORY=sftp:me@there:/x"),
        *(word for name in files for word in ("--env", f"{name}=/s/secret")),
        *("--volume", f"{tmp_path}:/s:ro", os.environ["BACKUP_IMAGE"], "repository", "snapshots"),
        check=False,
    )
    assert done.returncode == 1
    assert "Could not resolve hostname there" in done.stderr.splitlines()[-1], done


def test_a_repository_without_its_passphrase_is_refused() -> None:
    done = docker(
        *(*IMAGE_COMMAND, "--env", "RESTIC_REPOSITORY=/repository"),
        *(os.environ["BACKUP_IMAGE"], "repository", "snapshots"),
        check=False,
    )
    assert done.returncode == 78
    assert "RESTIC_PASSWORD_FILE" in done.stderr
