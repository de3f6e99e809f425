"""`logs`: all that belongs to one request is found, in the order of its times."""

import json
import subprocess
import time
from typing import Any

import pytest
from bundle import Bundle

REQUEST = "a-request-of-tests"


def write(bundle: Bundle, service: str, line: "str | dict[str, Any]") -> None:
    """Have a service say something on its standard output."""
    text = line if isinstance(line, str) else json.dumps(line)
    # That of the container's first process is what Docker keeps.
    bundle.in_container(service, "bash", "-c", 'echo "$0" > /proc/1/fd/1', text)


def test_the_lines_of_a_request_are_found_among_all(refusing: Bundle) -> None:
    write(refusing, "store", {"message": "second to none", "request_id": "another-request"})
    write(refusing, "edge", {"message": "first", "request_id": REQUEST})
    write(refusing, "app", {"message": "second", "request_id": REQUEST})
    # Neither a text that only looks like it, nor one in another field, nor what is no object.
    write(refusing, "app", f"request_id {REQUEST}")
    write(refusing, "app", {"message": REQUEST, "request_id": f"{REQUEST}-longer"})
    write(refusing, "app", f'["{REQUEST}"]')
    write(refusing, "edge", {"message": "third", "request_id": REQUEST})
    done = refusing.engine("logs", "--request", REQUEST, "--json")
    assert done.code == 0, done
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [json.loads(each["line"])["message"] for each in found] == ["first", "second", "third"]
    assert [each["container"] for each in found] == ["edge-1", "app-1", "edge-1"]
    assert sorted(each["time"] for each in found) == [each["time"] for each in found]
    shown = refusing.engine("logs", "--request", REQUEST, "app")
    assert shown.code == 0
    assert [line.split("|")[0].strip() for line in shown.out.splitlines()] == ["app-1"]


def test_what_is_older_is_left_out(refusing: Bundle) -> None:
    write(refusing, "app", {"message": "old", "request_id": "an-old-request"})
    time.sleep(2)
    found = refusing.engine("logs", "--request", "an-old-request", "--since", "1s")
    assert found.code == 3
    assert refusing.engine("logs", "--request", "an-old-request", "--since", "10m").code == 0


def test_that_there_is_none_is_said(refusing: Bundle) -> None:
    done = refusing.engine("logs", "--request", "nobody-asked-this")
    assert (done.code, done.out) == (3, "")
    assert "no line of request nobody-asked-this" in done.err


@pytest.mark.parametrize("bad", ["", "short", "with space", "a" * 129, "semi;colon", "new\nline1"])
def test_what_is_no_request_id_is_refused(refusing: Bundle, bad: str) -> None:
    done = refusing.engine("logs", f"--request={bad}")
    assert done.code == 64, done
    assert "expected 8 to 128 letters, digits" in done.err
    assert "X-Request-ID" in done.err


def test_a_request_is_not_followed(refusing: Bundle) -> None:
    done = refusing.engine("logs", "--request", REQUEST, "--follow")
    assert (done.code, "leave one out" in done.err) == (64, True), done


def test_a_bad_time_fails_with_its_reason(refusing: Bundle) -> None:
    done = refusing.engine("logs", "--since", "yesterday")
    assert done.code == 1
    assert "docker compose logs: expected exit code 0" in done.err


def test_who_follows_and_leaves_leaves_nothing_behind(refusing: Bundle) -> None:
    command = refusing.command("logs", "--follow", "app")
    follower = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert follower.stdout
    assert follower.stderr
    assert follower.stdout.readline()
    follower.stdout.close()
    write(refusing, "app", "one more line")
    assert follower.wait(timeout=20) == 0, follower.stderr.read()
    assert b"Traceback" not in follower.stderr.read()
    listed = subprocess.run(
        ["pgrep", "-f", f"{refusing.name} .*logs"], capture_output=True, check=False
    )
    assert listed.stdout == b""
