"""A bad configuration or ACL file keeps Redis from starting, with a text that says what to do."""

from __future__ import annotations

import os

import pytest
from conftest import ACL, DEFAULT_USER, Redis, docker


def refusal(redis: Redis) -> str:
    """Start, and return the log of a start that was refused as a configuration error."""
    redis.create()
    code, log = redis.wait_exit(), redis.log()
    assert code == 78, log
    return log


def test_missing_acl_file(prepared: Redis) -> None:
    (prepared.folder / "secrets" / "redis_acl").unlink()
    log = refusal(prepared)
    assert "/run/secrets/redis_acl: expected an ACL file that uid 10002 can read" in log
    assert "found nothing there" in log


def test_acl_file_of_another_owner(prepared: Redis) -> None:
    prepared.write_acl(ACL, uid=0)
    assert "found regular file of uid 0, mode 400" in refusal(prepared)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ACL.replace(f"{DEFAULT_USER}\n", ""), "found no line for the default user"),
        (ACL.replace("default off", "default on"), "found a default user that is on"),
        (ACL.replace("~* &* +@all", ""), "found a default user without rights"),
        (ACL + "luffy on nopass\n", "found no rule in line 5"),
        ("", "found no line for the default user"),
    ],
)
def test_acl_that_leaves_redis_open_or_makes_no_sense(
    prepared: Redis, text: str, found: str
) -> None:
    prepared.write_acl(text)
    assert found in refusal(prepared)


def test_acl_rule_that_redis_does_not_know(prepared: Redis) -> None:
    prepared.write_acl(ACL + "user extra on +no_such_command\n")
    prepared.create()
    assert prepared.wait_exit() != 0
    log = prepared.log()
    assert "/run/secrets/redis_acl:5" in log, log
    assert "no_such_command" in log or "Unknown command" in log, log


def test_passwords_never_reach_the_log(prepared: Redis) -> None:
    prepared.write_acl(ACL + "user extra on >spoken-secret ~* nonsense\n")
    prepared.create()
    prepared.wait_exit()
    assert "spoken-secret" not in prepared.log()


def test_missing_configuration(prepared: Redis) -> None:
    (prepared.folder / "bundle" / "redis.conf").unlink()
    assert "/etc/redis/bundle/redis.conf: expected a configuration file" in refusal(prepared)


def test_unknown_memory_policy_is_refused(prepared: Redis) -> None:
    prepared.write_configuration(redis_maxmemory_policy="keep-everything")
    prepared.create()
    assert prepared.wait_exit() != 0
    assert "keep-everything" in prepared.log()


def test_data_of_another_owner(prepared: Redis) -> None:
    # A file inside keeps Docker from giving the empty volume the image's owner again.
    docker(
        *("run", "--rm", "--user", "0", "--volume", f"{prepared.volume}:/data"),
        *("--entrypoint", "sh", redis_image(), "-c", "touch /data/old && chown 0:0 /data"),
    )
    assert "expected a directory that uid 10002 can write" in refusal(prepared)


def test_options_alone_start_redis(prepared: Redis) -> None:
    result = docker("run", "--rm", redis_image(), "--version")
    assert "v=8." in result.stdout, result.stdout


def test_other_commands_run_as_they_are() -> None:
    assert docker("run", "--rm", redis_image(), "id", "-u").stdout.strip() == "10002"


def redis_image() -> str:
    """The image under test."""
    return os.environ["REDIS_IMAGE"]
