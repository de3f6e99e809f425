"""Bad settings keep MariaDB from starting, with a text that says what to do."""

from __future__ import annotations

import os

import pytest
from conftest import ROOT_PASSWORD, MariaDB, docker


def refusal(mariadb: MariaDB) -> str:
    """Start, and return the log of a start that was refused as a configuration error."""
    mariadb.create()
    code, log = mariadb.wait_exit(), mariadb.log()
    assert code == 78, log
    assert "first start" not in log, log
    return log


@pytest.mark.parametrize("secret", ["mariadb_root_password", "mariadb_password"])
def test_missing_secret(prepared: MariaDB, secret: str) -> None:
    (prepared.folder / "secrets" / secret).unlink()
    log = refusal(prepared)
    assert f"/run/secrets/{secret}: expected a file that uid 10003 can read" in log
    assert "found nothing there" in log


def test_secret_of_another_owner(prepared: MariaDB) -> None:
    prepared.write_secret("mariadb_password", "x", uid=0)
    assert "found regular file of uid 0, mode 400" in refusal(prepared)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "found an empty file"),
        ("\n", "found an empty file"),
        ("two\nlines", "found a control character or a second line in it"),
        ("nul\0byte", "found a NUL byte in it"),
    ],
)
def test_secret_that_is_no_password(prepared: MariaDB, text: str, found: str) -> None:
    prepared.write_secret("mariadb_password", text)
    assert found in refusal(prepared)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("MARIADB_ROOT_PASSWORD_FILE", "", "found no value"),
        ("MARIADB_ROOT_PASSWORD", "open", "expected its form MARIADB_ROOT_PASSWORD_FILE"),
        ("MYSQL_PASSWORD", "open", "expected its form MYSQL_PASSWORD_FILE"),
        ("MARIADB_DATABASE", "luffy`; DROP", "expected letters, digits and underscores"),
        ("MARIADB_USER", "root", "expected another user than root"),
        ("MARIADB_USER", "", "expected the name of the user with that password"),
    ],
)
def test_bad_variable(prepared: MariaDB, name: str, value: str, found: str) -> None:
    prepared.environment[name] = value
    log = refusal(prepared)
    assert found in log
    assert f"not started: {name}" in log
    assert "open" not in log


def test_unknown_option(prepared: MariaDB) -> None:
    with (prepared.folder / "bundle" / "bundle.cnf").open("a") as configuration:
        configuration.write("\nsail_size = 3\n")
    assert "unknown variable 'sail_size=3'" in refusal(prepared)


def test_unreadable_configuration(prepared: MariaDB) -> None:
    (prepared.folder / "bundle" / "bundle.cnf").chmod(0o600)
    assert "/etc/mysql/bundle/bundle.cnf: expected a file" in refusal(prepared)


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("touch /data/photo.jpg && chown -R 10003:10003 /data", "found photo.jpg"),
        ("mkdir /data/mysql && chown 0:0 /data", "expected a directory that uid 10003 can write"),
        (
            "mkdir /data/mysql && chown 10003 /data && chown 999 /data/mysql",
            "found directory of uid 999",
        ),
    ],
)
def test_volume_that_is_not_ours_is_left_alone(prepared: MariaDB, command: str, found: str) -> None:
    mount = ("--user", "0", "--volume", f"{prepared.volume}:/data")
    image = os.environ["MARIADB_IMAGE"]
    docker("run", "--rm", *mount, image, "sh", "-c", command)
    before = docker("run", "--rm", *mount, image, "ls", "-Rn", "/data").stdout
    assert found in refusal(prepared)
    assert docker("run", "--rm", *mount, image, "ls", "-Rn", "/data").stdout == before


def test_root_password_is_never_printed(prepared: MariaDB) -> None:
    prepared.write_secret("mariadb_root_password", ROOT_PASSWORD + "\nsecond")
    assert ROOT_PASSWORD not in refusal(prepared)


def test_other_commands_run_as_they_are() -> None:
    image = os.environ["MARIADB_IMAGE"]
    assert docker("run", "--rm", image, "id", "-u").stdout.strip() == "10003"
    assert "11.8." in docker("run", "--rm", image, "--version").stdout


def test_health_check_refuses_an_unknown_option() -> None:
    result = docker(
        "run", "--rm", os.environ["MARIADB_IMAGE"], "healthcheck.sh", "--sail", check=False
    )
    assert result.returncode == 64
    assert "found --sail" in result.stderr
