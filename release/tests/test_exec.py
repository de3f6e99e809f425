"""`exec`: a command in a container that runs, with pipes or a terminal; and who ran it."""

import json
import os
import pty
import signal
import subprocess
import time
from typing import Any

import pytest
from bundle import Bundle, sh

from engine.docker_api import Container
from engine.errors import NoInputError
from engine.running import chosen


def audited(bundle: Bundle) -> "list[dict[str, Any]]":
    """What the audit log says of `exec`, oldest first."""
    told = json.loads(bundle.engine("audit", "--tail", "0", "--json").out)
    return [entry for entry in told["entries"] if entry["verb"] == "exec"]


def with_input(
    bundle: Bundle, text: bytes, *arguments: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        bundle.command("exec", *arguments), input=text, capture_output=True, check=False, timeout=60
    )


def test_its_output_is_shown_and_its_exit_code_is_the_commands(running: Bundle) -> None:
    done = running.engine("exec", "app", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")


def test_options_of_the_command_stay_its_own(running: Bundle) -> None:
    done = running.engine("exec", "--by", "ana", "app", "printf", "%s\n", "--by", "--json", "-h")
    assert (done.code, done.out) == (0, "--by\n--json\n-h\n")


def test_what_is_piped_in_passes_byte_for_byte(running: Bundle) -> None:
    content = bytes(range(256)) * 1000
    done = with_input(running, content, "app", "cat")
    assert (done.returncode, done.stdout) == (0, content), done.stderr


def test_a_terminal_is_one_inside_too(running: Bundle) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        running.command("exec", "app", "sh", "-c", "tty; test -t 0 && test -t 1"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert b"/dev/pts/" in os.read(ours, 4096)
    for end in (ours, theirs):
        os.close(end)
    piped = running.engine("exec", "app", "tty")
    assert "not a tty" in piped.out


def test_who_ran_what_is_written_before_and_after_without_the_input(running: Bundle) -> None:
    done = with_input(running, b"hunter2", "--by", "ana", "--why", "a look", "app", "grep", "x y")
    assert done.returncode == 1
    begun, ended = audited(running)[-2:]
    name = f"{running.name}-app-1"
    asked = {"service": "app", "container": name, "command": ["grep", "x y"]}
    for entry in (begun, ended):
        assert (entry["by"], entry["why"], entry["arguments"]) == ("ana", "a look", asked)
    assert begun["outcome"] == "begun"
    assert (ended["outcome"], ended["exit_code"]) == ("failed", 1)
    assert "hunter2" not in (running.root / "audit.jsonl").read_text()


def test_the_end_is_written_even_if_the_caller_is_cut_off(running: Bundle) -> None:
    process = subprocess.Popen(
        running.command("exec", "--by", "ana", "app", "sh", "-c", "echo at work; sleep 15"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"at work\n"
    started = time.monotonic()
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=12) != 0
    assert time.monotonic() - started < 12
    assert audited(running)[-1]["outcome"] == "failed"


def test_a_plan_says_where_and_runs_nothing(running: Bundle) -> None:
    before = len(audited(running))
    done = running.engine("exec", "--check", "app", "touch", "/a mark")
    assert json.loads(done.out) == {
        "changed": True,
        "reasons": [f"touch '/a mark' would run in {running.name}-app-1"],
    }
    assert "a mark" not in running.in_container("app", "ls", "/")
    assert len(audited(running)) == before


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("elsewhere", "true"), 66, "expected one of app, edge, store; found elsewhere"),
        (("migrate", "true"), 66, "expected one of app, edge, store"),
        (("app",), 64, "expected a service and a command; found app"),
        ((), 64, "expected a service and a command; found nothing"),
        (("--container", "nobody", "app", "true"), 66, "none of app by that name that runs"),
        (("--console", "db"), 66, "none: this release has no console"),
    ],
)
def test_what_cannot_be_run_is_refused_and_what_could_is_named(
    running: Bundle, arguments: "tuple[str, ...]", code: int, word: str
) -> None:
    done = running.engine("exec", *arguments)
    assert done.code == code, done
    assert word in done.err, done


def test_a_command_that_is_not_there_ends_as_in_a_shell(running: Bundle) -> None:
    done = running.engine("exec", "app", "no-such-command")
    assert done.code in {126, 127}, done
    assert "no-such-command" in done.text


def test_a_service_that_does_not_run_is_refused(running: Bundle) -> None:
    sh("docker", "stop", "--time", "1", running.ids()["app"])
    done = running.engine("exec", "app", "true")
    assert done.code == 66
    assert f"{running.name}-app-1: exited" in done.err
    assert "fab logs app" in done.err


def test_the_container_that_is_named_is_taken(running: Bundle) -> None:
    mine = running.ids()["app"]
    for name in (f"{running.name}-app-1", mine[:12]):
        done = running.engine("exec", "--container", name, "app", "cat", "/etc/hostname")
        assert done.out.strip() == mine[:12], done
    # That of another service is not meant, even if it runs.
    other = running.engine("exec", "--container", f"{running.name}-store-1", "app", "true")
    assert other.code == 66


def container(name: str, health: str, state: str = "running", one_off: bool = False) -> Container:
    facts: dict[str, Any] = dict.fromkeys(Container.__dataclass_fields__, "")
    facts |= {"id": name, "name": name, "service": "app", "one_off": one_off}
    return Container(**{**facts, "state": state, "health": health})


def test_a_healthy_one_is_chosen_and_a_sick_one_only_by_name() -> None:
    sick, well = container("app-1", "unhealthy"), container("app-2", "healthy")
    assert chosen([sick, well], "app", ["app"]) is well
    assert chosen([sick, well], "app", ["app"], "app-1") is sick
    with pytest.raises(NoInputError, match=r"app-1: unhealthy.*--container app-1"):
        chosen([sick], "app", ["app"])
    with pytest.raises(NoInputError, match="found none"):
        chosen([container("app-3", "healthy", one_off=True)], "app", ["app"])


# --- consoles ------------------------------------------------------------------------------------


def with_consoles(bundle: Bundle, consoles: Any) -> None:
    bundle.release["consoles"] = consoles
    bundle.ship()


def test_a_console_is_what_the_release_says(running: Bundle) -> None:
    command = ["sh", "-c", "cat; echo from $0", "the console"]
    with_consoles(running, {"db": {"service": "store", "command": command}})
    running.deployed()
    done = with_input(running, b"typed\n", "--by", "ana", "--console", "db")
    assert (done.returncode, done.stdout) == (0, b"typed\nfrom the console\n"), done.stderr
    entry = audited(running)[-1]
    assert (entry["arguments"]["service"], entry["arguments"]["command"]) == ("store", command)
    other = running.engine("exec", "--console", "shell")
    assert (other.code, "expected one of db; found shell" in other.err) == (66, True), other
    beside = running.engine("exec", "--console", "db", "app")
    assert (beside.code, "no command beside it" in beside.err) == (64, True), beside


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ([], "consoles: expected an object: name to console"),
        ({"db": "mariadb"}, "consoles.db: expected an object"),
        ({"db": {"service": "store"}}, "consoles.db.command: expected a list of words"),
        ({"db": {"service": "store", "command": []}}, "consoles.db.command: expected a list"),
        ({"db": {"service": "store", "command": [""]}}, "consoles.db.command: expected a list"),
        ({"db": {"service": "a b", "command": ["x"]}}, "consoles.db.service: expected the name"),
        ({"db": {"service": "a", "command": ["x"], "user": "root"}}, "consoles.db.user"),
        ({"D B": {"service": "a", "command": ["x"]}}, "consoles.D B: expected a name"),
    ],
)
def test_a_malformed_console_is_refused(running: Bundle, field: Any, word: str) -> None:
    with_consoles(running, field)
    done = running.deploy()
    assert done.code == 65
    assert word in done.err
