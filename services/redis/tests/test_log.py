"""Its log is JSON, a line at a time, and what makes it so is in nobody's way."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import Any

import pytest
from conftest import Redis, docker


def lines_of(text: str) -> list[dict[str, Any]]:
    """The objects of a log, every line of which has to be one."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert all({"time", "level", "message"} == set(line) for line in lines), text
    return lines


def through(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a shell's script in place of Redis, behind what makes its log JSON."""
    program = "/usr/local/lib/redis/json-lines.awk"
    return docker(
        *("run", "--rm", "--init", "--network", "none", *options, "--entrypoint", "json-log"),
        *(os.environ["REDIS_IMAGE"], program, "bash", "-c", script),
        check=False,
    )


def test_every_line_is_json_from_the_start_to_the_end(redis: Redis) -> None:
    docker("stop", "--time", "20", redis.name)
    assert redis.wait_exit() == 0
    lines = lines_of(redis.log())
    said = [(line["level"], line["message"]) for line in lines]
    assert ("info", "Ready to accept connections tcp") in said
    # The last word of a server that ends is not lost.
    assert said[-1][1].startswith("Redis is now ready to exit"), said[-1]


def test_levels_and_times_are_told(redis: Redis) -> None:
    redis.cli("luffy", "ping")
    lines = lines_of(redis.log())
    assert {line["level"] for line in lines} <= {"debug", "info", "warning", "error"}
    for line in lines:
        moment = time.mktime(time.strptime(line["time"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        assert abs(time.time() - moment) < 300, line


def test_a_refused_start_is_an_error_in_json(prepared: Redis) -> None:
    prepared.write_acl("")
    prepared.create()
    assert prepared.wait_exit() == 78
    [line] = lines_of(prepared.log())
    assert line["level"] == "error"
    assert "found no line for the default user" in line["message"]


def test_a_command_that_is_no_server_speaks_as_it_is(redis: Redis) -> None:
    done = docker("run", "--rm", "--network", "none", os.environ["REDIS_IMAGE"], "echo", "plain")
    assert done.stdout == "plain\n"


@pytest.mark.parametrize("code", [0, 1, 7, 127, 255])
def test_the_exit_code_is_the_servers_and_its_last_line_is_there(code: int) -> None:
    done = through(f"echo one; echo -n last words >&2; exit {code}")
    assert done.returncode == code
    assert [line["message"] for line in lines_of(done.stdout)] == ["one", "last words"]


def test_a_server_that_is_killed_ends_as_killed() -> None:
    assert through("kill -KILL $$").returncode == 137
    assert through("kill -SEGV $$").returncode == 139


@pytest.mark.parametrize(
    "text", ['a "quoted" word', "back\\slash", "a\ttab", "路飞 ✓", "\x1b[31mred", "& && \\&"]
)
def test_any_text_is_a_text_in_json(text: str) -> None:
    done = through('printf "%s\\n" "$TEXT"', "--env", f"TEXT={text}")
    [line] = lines_of(done.stdout)
    assert line["message"] == text.replace("\t", " ").replace("\x1b", "?")


def test_bytes_that_are_no_text_do_not_break_a_line() -> None:
    done = subprocess.run(
        [
            *("docker", "run", "--rm", "--network", "none", "--entrypoint", "json-log"),
            *(os.environ["REDIS_IMAGE"], "/usr/local/lib/redis/json-lines.awk"),
            *("bash", "-c", r"printf 'a\xff\xfe\x01b\nnext\na\x00b\nlast\n'"),
        ],
        capture_output=True,
        check=True,
        timeout=60,
    )
    lines = [json.loads(line) for line in done.stdout.decode("utf-8", "replace").splitlines()]
    assert lines[1]["message"] == "next"
    # A NUL byte may take the rest of its line with it, never the lines after that.
    assert lines[-1]["message"].endswith("last")


@pytest.mark.parametrize("signal", ["TERM", "INT", "HUP", "USR1", "USR2"])
def test_signals_reach_the_server(signal: str) -> None:
    handler = f'$|=1; $SIG{{{signal}}}=sub {{print "got {signal}\\n"; exit 5}};'
    program = handler + 'print "ready\\n"; sleep 1 while 1'
    name = f"redis-test-signal-{signal.lower()}-{os.getpid()}"
    docker(
        *("run", "--detach", "--init", "--network", "none", "--name", name),
        *("--entrypoint", "json-log", os.environ["REDIS_IMAGE"]),
        *("/usr/local/lib/redis/json-lines.awk", "perl", "-e", program),
    )
    try:
        deadline = time.monotonic() + 20
        while "ready" not in docker("logs", name).stdout and time.monotonic() < deadline:
            time.sleep(0.1)
        # It comes a line at a time, and not when a buffer is full.
        assert [line["message"] for line in lines_of(docker("logs", name).stdout)] == ["ready"]
        docker("kill", "--signal", signal, name)
        assert docker("wait", name).stdout.strip() == "5"
        lines = lines_of(docker("logs", name).stdout)
        assert [line["message"] for line in lines] == ["ready", f"got {signal}"]
    finally:
        docker("rm", "--force", name, check=False)


def test_a_signal_that_the_server_survives_does_not_end_it() -> None:
    done = through("trap 'echo reloaded' USR2; kill -USR2 $PPID; sleep 1; echo still here; exit 3")
    assert done.returncode == 3
    said = [line["message"] for line in lines_of(done.stdout)]
    assert said == ["reloaded", "still here"]


def test_a_signal_of_the_first_moment_reaches_the_server() -> None:
    server = 'trap "echo reloaded" USR2; kill -USR2 $PPID; sleep 0.05; exit 3'
    once = f"json-log /usr/local/lib/redis/json-lines.awk bash -c '{server}'"
    # One of eleven was the end of what makes the log JSON, when it listened after the start.
    script = f"for _ in {{1..60}}; do {once}; echo $?; done"
    done = docker(
        *("run", "--rm", "--network", "none", "--entrypoint", "bash"),
        *(os.environ["REDIS_IMAGE"], "-c", script),
    )
    lines = done.stdout.splitlines()
    assert lines[1::2] == ["3"] * 60, done
    assert [line["message"] for line in lines_of("\n".join(lines[::2]))] == ["reloaded"] * 60


def test_a_child_that_is_left_behind_holds_nobody_up() -> None:
    started = time.monotonic()
    done = through("sleep 60 & echo gone; exit 4")
    assert done.returncode == 4
    assert time.monotonic() - started < 20
    assert [line["message"] for line in lines_of(done.stdout)] == ["gone"]
