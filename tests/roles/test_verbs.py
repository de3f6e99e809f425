"""The operator's verbs over SSH: two deployments on one host, whose engines are real but for what
they would ask Docker."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from invoke import Context
from invoke.exceptions import Exit

import operations.hosts
from operations import engines
from operations.engines import who
from operations.verbs import guarding, verbs
from tests.hosts.debian import debian_host
from tests.hosts.host import Host
from tests.hosts.network import HostNetwork
from tests.playbook import REPOSITORY

FAB = str(Path(sys.executable).with_name("fab"))
NAMES = ("www1", "www2")
SERVICE = {
    "service": "edge", "container": "one-edge-1", "condition": "running (healthy)",
    "state": "running", "health": "healthy", "image": "luffy-bundle/edge:0a1b", "restarts": 0,
    "uptime": 3725.2, "memory": 12582912,
}  # fmt: skip
STATUS = {
    "release": "0a1b2c3d4e5f", "project": "one", "deployed": "2026-05-01T00:00:00Z", "by": "ana",
    "healthy": True, "problems": [], "running_deploy": None, "hold": None, "maintenance": None,
    "services": [SERVICE],
}  # fmt: skip
BACKUPS = {
    "backups": [{"name": "20260501T021500Z", "time": "2026-05-01T02:15:00Z", "host": "www1"}],
    "losses": ["if this host's disk is lost: the last 7 min of the database"],
}
SECRETS = [
    {"secret": "mariadb_password", "age_days": 400, "rotate": True, "do": "fab secrets rotate …"},
    {"secret": "backup_passphrase", "age_days": 400, "rotate": False, "do": "keep it"},
]
# What needs Docker is answered as the engine does; all the rest is the engine's own.
STUB = """
import json, os, sys, time
verb, root = sys.argv[1], sys.argv[3]
if verb == "status":
    found = json.loads({status!r})
    if root == "/opt/www2":
        found.update(healthy=False, problems=["edge: exited"])
        found["maintenance"] = {{"since": "2026-05-01T00:00:00Z", "by": "ana", "why": "moving"}}
        found["services"][0].update(condition="exited (1)", state="exited")
    print(json.dumps(found))
    sys.exit(0 if found["healthy"] else 3)
if verb == "doctor":
    level = "broken" if root == "/opt/www2" else "attention"
    finding = {{"check": "disk", "level": level, "says": "it is " + level, "do": "look"}}
    ahead_s = 90 if root == "/opt/www2" else 0
    print(json.dumps({{"level": level, "time_s": time.time() + ahead_s, "findings": [finding]}}))
    sys.exit(1 if level == "broken" else 3)
if verb == "secrets":
    print(json.dumps({secrets!r}))
    sys.exit(0)
if verb in ("maintenance", "rotate"):
    print(" ".join([verb, *sys.argv[4:]]))
    sys.exit(0)
if verb == "exec":
    asked = sys.argv[4:]
    if "--check" in asked:
        print(json.dumps({{"changed": True, "reasons": [" ".join(asked)]}}))
        sys.exit(0)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    given = "" if terminal else sys.stdin.read()
    print(json.dumps({{"asked": asked, "input": given, "terminal": terminal}}))
    sys.exit(7)
if verb == "logs" and any(word.startswith("--request=") for word in sys.argv):
    if "--request=bad" in sys.argv:
        sys.exit(64)
    if "--request=two-hosts" not in sys.argv:
        sys.exit(3)
    for time in ("01", "03") if root == "/opt/www1" else ("02",):
        print(json.dumps({{"container": "edge-1", "time": time, "line": "of " + time}}))
    sys.exit(0)
if verb == "backups":
    print({backups!r})
    sys.exit(0)
if verb == "logs":
    print(json.dumps({{"container": "edge-1", "time": "t", "line": " ".join(sys.argv[4:])}})
          if "--json" in sys.argv else "edge-1 | " + " ".join(sys.argv[4:]))
    sys.exit(0)
os.execv(sys.executable, [sys.executable, "/opt/real.pyz", *sys.argv[1:]])
"""


@dataclass
class Operator:
    """Somebody at a keyboard, and the host that is meant."""

    host: Host
    inventory: Path

    def fab(self, verb: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FAB, verb, "-i", str(self.inventory), *arguments],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            input=text,
            check=False,
            timeout=60,
        )

    def json(self, verb: str, *arguments: str) -> list[dict[str, object]]:
        """The rows that a verb has for programs."""
        done = self.fab(verb, "--json", *arguments)
        assert done.stdout, done.stderr
        rows: list[dict[str, object]] = json.loads(done.stdout)
        return rows

    def hold(self, name: str, by: str) -> None:
        """Lock one of the hosts as somebody else."""
        engine = f"python3 /opt/{name}/engine.pyz lock --root /opt/{name} --by {by} --why moving"
        self.host.ssh(engine, sudo=True)


@pytest.fixture(scope="module")
def deployed(
    host_network: HostNetwork, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("verbs")
    build = [sys.executable, "release/build.py", "--output", str(folder / "engine.pyz")]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    with debian_host("verbs", network=host_network) as host:
        line = host.inventory_line().partition(" ")[2]
        inventory = folder / "inventory.ini"
        hosts = [f"{name} {line} bundle_name={name}" for name in NAMES]
        inventory.write_text("[bundle]\n" + "\n".join(hosts) + "\n")
        archive = folder / "engine.pyz"
        subprocess.run(["docker", "cp", archive, f"{host.container}:/opt/real.pyz"], check=True)
        for name in NAMES:
            host.ssh(f"mkdir -p /opt/{name}", sudo=True)
            stub = STUB.format(
                status=json.dumps(STATUS), backups=json.dumps(BACKUPS), secrets=SECRETS
            )
            host.write_file(f"/opt/{name}/engine.pyz", stub)
        yield Operator(host, inventory)


@pytest.fixture
def operator(deployed: Operator) -> Iterator[Operator]:
    yield deployed
    locks = " ".join(f"/opt/{name}/state/hold.json" for name in NAMES)
    deployed.host.ssh(f"rm -f {locks}", sudo=True)


def in_a_terminal(command: str) -> subprocess.CompletedProcess[str]:
    """Type a command into a terminal of 200 columns."""
    return subprocess.run(
        ["script", "-qec", f"stty cols 200; {command}", "/dev/null"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "HOME": "/root"},
        check=False,
        timeout=60,
    )


def test_every_verb_explains_itself_with_an_example() -> None:
    found = verbs()
    assert set(found.task_names) >= {
        "audit", "backup", "backups", "db", "deploy", "doctor", "drill", "exec", "lock", "logs",
        "maintenance", "prune", "ps", "redis", "releases", "restore", "rollback", "scale", "shell",
        "smoke", "status", "unlock",
    }  # fmt: skip
    changing = {
        "backup",
        "deploy",
        "drill",
        "exec",
        "lock",
        "maintenance",
        "prune",
        "restore",
        "rollback",
    }
    changing |= {"scale", "secrets", "unlock"}
    for name in found.task_names:
        options = {option for each in found[name].get_arguments() for option in each.names}
        assert f"Example: fab {name}" in found[name].__doc__
        assert {"inventory", "i", "hosts"} <= options, name
        assert "h" not in options, name
        assert ("dry-run" in options) is (name in changing), name
        assert ("wait" in options) is (name in changing - {"exec", "unlock"}), name
        consoles = {"db", "redis", "shell"}
        assert ("json" in options) is (name not in consoles), name


def test_a_deploy_stops_at_a_renamed_variable_before_anything_is_built(tmp_path: Path) -> None:
    renamed = [{"old": "slots", "new": "edge_server_slots", "do": "rename it in the inventory"}]
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(
        "[bundle]\nlocalhost ansible_connection=local\n[builder]\nlocalhost\n[all:vars]\n"
        f"ansible_python_interpreter={sys.executable}\nslots=8\n"
        f"preflight_renamed_variables={json.dumps(renamed)}\n"
    )

    def deploy(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FAB, "deploy", "-i", str(inventory), *arguments],
            cwd=REPOSITORY,
            env={**os.environ, "ANSIBLE_LOG_PATH": str(tmp_path / "log")},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    done = deploy()
    assert done.returncode == 2, done.stdout + done.stderr
    expected = "expected edge_server_slots instead of slots; found slots, which nothing reads"
    assert f"{expected}; do rename it in the inventory" in done.stdout, done.stdout
    assert "==> preflight" in done.stdout
    assert "==> images" not in done.stdout
    # For programs: one object for each host, and all the rest beside it.
    done = deploy("--json")
    assert done.returncode == 2, done.stdout + done.stderr
    assert json.loads(done.stdout) == [{"host": "localhost", "outcome": "failed"}]
    assert expected in done.stderr


def test_smoke_tests_have_a_list_for_programs(tmp_path: Path) -> None:
    """Nothing is deployed there: they cannot even begin."""
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(
        "[bundle]\nlocalhost ansible_connection=local bundle_name=nothing "
        f"ansible_python_interpreter={sys.executable}\n"
    )
    done = subprocess.run(
        [FAB, "smoke", "--json", "-i", str(inventory)],
        cwd=REPOSITORY,
        env={**os.environ, "ANSIBLE_LOG_PATH": str(tmp_path / "log")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert json.loads(done.stdout) == [{"host": "localhost", "smoke_passed": False, "smoke": None}]


def test_h_is_help_even_where_a_word_may_follow() -> None:
    done = subprocess.run(
        [FAB, "logs", "-h"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "go on as lines are written" in done.stdout


def test_an_unknown_option_is_no_service() -> None:
    done = subprocess.run(
        [FAB, "logs", "--folow"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "--folow" in done.stderr


def test_status_has_a_line_for_each_host_and_the_worst_exit_code(operator: Operator) -> None:
    done = operator.fab("status")
    assert done.returncode == 3, done.stderr
    assert "www1: release 0a1b2c3d4e5f of one, 2026-05-01T00:00:00Z by ana" in done.stdout
    edge = "edge\trunning (healthy)\tluffy-bundle/edge:0a1b\t0\t1h02m05s\t12.0 MiB"
    assert f"www1\t{edge}" in done.stdout.splitlines()
    assert "www2: problem: edge: exited" in done.stdout
    closed = "www2: maintenance is on since 2026-05-01T00:00:00Z by ana (moving)"
    assert f"{closed}; do: fab maintenance off" in done.stdout
    one = operator.fab("status", "--hosts", "www1")
    assert one.returncode == 0
    assert edge in one.stdout.splitlines()
    assert [row["host"] for row in operator.json("status")] == ["www1", "www2"]


def test_containers_are_a_table_in_a_terminal(operator: Operator) -> None:
    command = shlex.join([FAB, "ps", "-i", str(operator.inventory)])
    done = in_a_terminal(command)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert done.returncode == 0, done.stdout
    assert re.search(r"host +container +service +state", plain), plain
    assert re.search(r"www2 +one-edge-1 +edge +exited", plain), plain
    assert "\x1b[31mexited" in done.stdout
    piped = operator.fab("ps")
    assert (piped.returncode, "\x1b" in piped.stdout, "container" in piped.stdout) == (0, False, 0)
    assert operator.json("ps")[0]["uptime"] == 3725.2


def test_logs_of_all_or_one_service_pass_on_what_was_asked(operator: Operator) -> None:
    one = operator.fab("logs", "--hosts", "www1", "edge", "--since", "10m", "--tail", "5")
    assert one.stdout == "edge-1 | --tail=5 --since=10m edge\n", one.stderr
    every = operator.fab("logs", "--follow")
    assert sorted(every.stdout.splitlines()) == [
        f"{name}  edge-1 | --tail=100 --follow" for name in NAMES
    ]
    done = operator.fab("logs", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["host"] for row in rows) == list(NAMES)
    assert rows[0]["line"] == "--tail=100 --json"
    assert operator.fab("logs", "--tail", "none").returncode == 64


def test_maintenance_is_on_or_off(operator: Operator) -> None:
    told = ("on", "--let", "203.0.113.7", "--for", "30m", "--why", "moving")
    done = operator.fab("maintenance", *told)
    assert done.returncode == 0, done.stderr
    expected = f"maintenance on --by={who()} --why=moving --wait=0 --let=203.0.113.7 --for=30m"
    assert done.stdout.splitlines() == ["--- www1", expected, "--- www2", expected]
    for words in ((), ("maybe",)):
        refused = operator.fab("maintenance", *words)
        assert (refused.returncode, "expected on or off" in refused.stderr) == (64, True), words


def test_the_lines_of_a_request_are_in_order_over_all_hosts(operator: Operator) -> None:
    done = operator.fab("logs", "--request", "two-hosts", "--since", "10m")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "www1  edge-1 | 01 of 01", "www2  edge-1 | 02 of 02", "www1  edge-1 | 03 of 03"
    ]  # fmt: skip
    one = operator.fab("logs", "--json", "--request", "two-hosts", "--hosts", "www2")
    assert json.loads(one.stdout) == {
        "host": "www2", "container": "edge-1", "time": "02", "line": "of 02"
    }  # fmt: skip
    assert operator.fab("logs", "--request", "of-nobody").returncode == 3
    assert operator.fab("logs", "--request", "bad").returncode == 64


def test_an_engine_that_a_signal_ended_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    host = operations.hosts.Host("www1", "one", "local", "", None, None, None, ())
    monkeypatch.setattr(type(host), "_as_root", lambda *_: ["sh", "-c", "kill -KILL $$"])
    assert host.engine(["status"]).code == 128 + signal.SIGKILL
    with pytest.raises(Exit) as ended:
        engines.run([host], ["rollback"])
    assert ended.value.code == 128 + signal.SIGKILL


def test_who_stops_waiting_for_a_lock_leaves_no_host_locked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str]] = []

    def ask(hosts: list[SimpleNamespace], arguments: list[str]) -> tuple[dict[str, object], int]:
        asked.append((hosts[0].name, arguments[0]))
        if asked[-1] == ("www2", "lock"):
            raise KeyboardInterrupt
        return {hosts[0].name: {"new": True}}, 0

    monkeypatch.setattr(engines, "ask", ask)
    both = [SimpleNamespace(name=name) for name in NAMES]
    monkeypatch.setattr(guarding, "hosts_for", lambda *_: both)
    with pytest.raises(KeyboardInterrupt):
        guarding.lock(Context(), wait="10m")
    assert asked == [("www1", "lock"), ("www2", "lock"), ("www1", "unlock")]


def without_a_reader(*words: str) -> subprocess.CompletedProcess[str]:
    """What becomes of `fab WORDS | head`, on purpose: nobody reads from the first byte on."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [FAB, *words],
        cwd=REPOSITORY,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    os.close(writer)
    return done


def test_who_reads_only_the_beginning_gets_no_traceback(operator: Operator) -> None:
    done = without_a_reader("doctor", "-i", str(operator.inventory))
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("words", [["deploy", "-h"], ["deploy", "--help"], ["-l"], ["--list"]])
def test_who_reads_only_the_beginning_of_help_is_told_nothing(words: list[str]) -> None:
    done = without_a_reader(*words)
    # Invoke would print a traceback; a program that a closed pipe ends is as the shell expects.
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


def test_a_command_is_run_where_it_was_meant(operator: Operator) -> None:
    one = operator.fab("exec", "--hosts", "www1", "edge", "sh -c 'haproxy -vv | head -1'")
    assert one.returncode == 7, one.stderr
    by = f"--by={who()}"
    assert json.loads(one.stdout)["asked"] == [
        by, "--why=", "edge", "sh", "-c", "haproxy -vv | head -1"
    ]  # fmt: skip
    every = operator.fab("exec", "--why", "a look", "--container", "one-edge-2", "edge", "date")
    assert every.returncode == 7
    lines = every.stdout.splitlines()
    assert [lines[0], lines[2]] == ["--- www1", "--- www2"]
    assert json.loads(lines[1])["asked"] == [
        by, "--why=a look", "--container=one-edge-2", "edge", "date"
    ]  # fmt: skip
    planned = operator.fab("exec", "--dry-run", "edge", "rm -r /")
    assert planned.stdout.count("--check edge rm -r /") == 2, planned.stderr
    for words in (("edge",), (), ("edge", "an 'open quote"), ("edge", ""), ("edge", "--", "date")):
        refused = operator.fab("exec", *words)
        assert (refused.returncode, "expected" in refused.stderr) == (64, True), words


@pytest.mark.parametrize(
    ("words", "console"),
    [(("shell",), "shell"), (("db",), "db"), (("db", "--root"), "db_root"), (("redis",), "redis")],
)
def test_a_console_is_opened_on_one_host_with_what_is_piped_in(
    operator: Operator, words: tuple[str, ...], console: str
) -> None:
    one = operator.fab(*words, "--hosts", "www1", text="SELECT 1;")
    assert one.returncode == 7, one.stderr
    told = json.loads(one.stdout)
    assert told["asked"] == [f"--by={who()}", "--why=", f"--console={console}"]
    assert (told["input"], told["terminal"]) == ("SELECT 1;", False)
    both = operator.fab(*words)
    assert both.returncode == 64
    assert "expected exactly one of www1, www2; found 2" in both.stderr


def test_a_console_has_the_terminal_of_who_opened_it(operator: Operator) -> None:
    command = shlex.join([FAB, "db", "-i", str(operator.inventory), "--hosts", "www1"])
    done = in_a_terminal(command)
    told = json.loads(done.stdout[done.stdout.index("{") : done.stdout.index("}") + 1])
    assert (done.returncode, told["terminal"]) == (7, True), done.stdout


def test_doctor_ends_with_the_worst_and_compares_the_clocks(operator: Operator) -> None:
    done = operator.fab("doctor")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert "www1\tattention\tdisk\tit is attention\tlook" in lines
    assert "www1\tok\tclocks\tthe host's and this machine's agree\t-" in lines
    assert any(line.startswith("www2\tbroken\tclocks\tthe host's is ") for line in lines), lines
    assert operator.fab("doctor", "--hosts", "www1").returncode == 3
    rows = operator.json("doctor")
    assert {row["host"] for row in rows} == set(NAMES)
    assert [row["level"] for row in rows if row["host"] == "www2"] == ["broken", "broken"]


def test_a_host_whose_engine_says_nothing_is_broken(operator: Operator, tmp_path: Path) -> None:
    inventory = operator.host.write_inventory(tmp_path / "inventory.ini", bundle_name="nothing")
    done = Operator(operator.host, inventory).fab("doctor")
    assert done.returncode == 1
    assert "its engine gave no answer (exit code 66)" in done.stdout


def test_releases_and_prune_say_that_there_is_none_yet(operator: Operator) -> None:
    assert operator.json("releases") == []
    pruned = operator.fab("prune", "--hosts", "www1")
    assert pruned.returncode == 66
    assert "a release that is current" in pruned.stderr
    assert "expected a deployment" not in pruned.stderr


def test_backups_are_listed_with_what_could_be_lost(operator: Operator) -> None:
    done = operator.fab("backups", "--hosts", "www1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "20260501T021500Z\t2026-05-01T02:15:00Z\twww1\n"
    assert "www1: if this host's disk is lost: the last 7 min of the database" in done.stderr
    assert operator.json("backups", "--hosts", "www1")[0]["backups"] == BACKUPS["backups"]


@pytest.mark.parametrize("verb", ["backup", "drill"])
def test_without_a_release_nothing_is_backed_up(operator: Operator, verb: str) -> None:
    done = operator.fab(verb, "--hosts", "www1")
    assert done.returncode == 66
    assert "a release that is current" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["backup"],
        ["drill"],
        ["prune"],
        ["restore", "20260131T021500Z"],
        ["rollback"],
        ["scale", "luffy_api=2"],
    ],
)
def test_how_long_to_wait_reaches_every_engine(operator: Operator, words: list[str]) -> None:
    done = operator.fab(*words, "--wait", "soon", "--hosts", "www1")
    assert done.returncode == 64
    assert "argument --wait: expected a time such as 90s, 10m or 2h; found soon" in done.stderr


@pytest.fixture
def another_run(operator: Operator) -> Iterator[Callable[[], None]]:
    """A run at work on www2, which has a release; what ends it."""
    release = "/opt/www2/releases/0a1b"
    operator.host.ssh(
        f"mkdir -p {release}; touch {release}/compose.yaml; ln -s {release} /opt/www2/current; "
        "nohup flock /opt/www2/lock sh -c 'echo $$ > /opt/www2/pid; exec sleep 600' "
        "> /dev/null 2>&1 & until test -s /opt/www2/pid; do sleep 0.1; done",
        sudo=True,
    )

    def end() -> None:
        operator.host.ssh("kill $(cat /opt/www2/pid)", sudo=True)

    yield end
    operator.host.ssh(
        "kill $(cat /opt/www2/pid); rm -r /opt/www2/current /opt/www2/releases /opt/www2/pid || :",
        sudo=True,
    )


def test_another_run_is_refused_or_waited_for(
    operator: Operator, another_run: Callable[[], None]
) -> None:
    refused = operator.fab("prune", "--hosts", "www2")
    assert refused.returncode == 75, refused.stdout
    assert "give it more time, such as --wait 30m" in refused.stdout
    told = ["-i", str(operator.inventory), "--hosts", "www2", "--wait", "10m"]
    waiting = subprocess.Popen(
        [FAB, "prune", *told], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert waiting.stdout
    said = [waiting.stdout.readline(), waiting.stdout.readline()]
    another_run()
    said.append(waiting.communicate(timeout=60)[0])
    assert "waiting up to 600 s for " in said[1], said
    assert (waiting.returncode, "unchanged: nothing to remove" in said[2]) == (0, True), said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected a backup's name such as 20260131T021500Z; found none"),
        (["yesterday"], "found yesterday"),
        (["20260131T021500Z", "--forget-old"], "expected --forget-old alone"),
        (["20260131T021500Z", "--to-time", "noon"], "such as 2026-01-31T23:59:59Z; found noon"),
        (["20260131T021500Z"], "expected one host; found www1, www2"),
    ],
)
def test_what_is_to_be_restored_has_to_be_clear(
    operator: Operator, arguments: list[str], said: str
) -> None:
    done = operator.fab("restore", *arguments)
    assert done.returncode == 64
    assert said in done.stderr


def test_rollback_and_scale_pass_on_what_was_asked(operator: Operator) -> None:
    for verb in (["rollback", "--without-backup"], ["scale", "luffy_api=2"]):
        done = operator.fab(*verb, "--hosts", "www1")
        assert done.returncode == 66, done.stderr
        assert "a release that is current" in done.stderr
    bare = operator.fab("scale")
    assert bare.returncode == 64
    assert "expected SERVICE=N, such as luffy_api=2; found nothing" in bare.stderr


@pytest.mark.parametrize(
    "words", [["rollback"], ["scale", "luffy_api=2"], ["restore", "--forget-old"], ["unlock"]]
)
def test_the_first_host_that_fails_is_the_last_that_is_changed(
    operator: Operator, words: list[str]
) -> None:
    for name in NAMES:
        operator.hold(name, "bob")
    done = operator.fab(*words)
    assert done.returncode in (1, 66, 75), done.stderr
    assert done.stdout.startswith("--- www1\n")
    assert "--- www2" not in done.stdout
    left_out = f"www2: expected every host before to succeed; found exit code {done.returncode}"
    assert f"{left_out} of www1; nothing was done there; do: " in done.stderr
    rows = operator.json(*words)
    assert [row["host"] for row in rows] == ["www1"] or not rows


def test_a_host_without_a_backup_keeps_no_other_from_one(operator: Operator) -> None:
    done = operator.fab("backup")
    assert done.returncode == 66
    assert done.stdout.count("--- www") == 2


def test_secrets_are_listed_and_one_is_made_anew(operator: Operator) -> None:
    done = operator.fab("secrets", "--hosts", "www1")
    assert done.returncode == 0, done.stderr
    assert "mariadb_password\t400\t" in done.stdout
    assert "backup_passphrase\t400\t" in done.stdout
    asked = operator.fab(
        "secrets", "rotate", "mariadb_password", "--why", "seen", "--hosts", "www1"
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout == f"rotate mariadb_password --by={who()} --why=seen --wait=0\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [(["rotate"], "found rotate"), (["show", "redis_acl"], "found show redis_acl")],
)
def test_what_is_to_be_done_with_a_secret_has_to_be_clear(
    operator: Operator, words: list[str], found: str
) -> None:
    done = operator.fab("secrets", *words)
    assert done.returncode == 64
    assert f"expected nothing, or rotate NAME; {found}" in done.stderr


def test_a_host_without_a_deployment_is_named(operator: Operator, tmp_path: Path) -> None:
    inventory = operator.host.write_inventory(tmp_path / "inventory.ini", bundle_name="nothing")
    done = Operator(operator.host, inventory).fab("audit")
    assert done.returncode == 66
    assert "expected a deployment in /opt/nothing; found none" in done.stderr


def test_a_lock_is_taken_on_all_hosts_or_none(operator: Operator) -> None:
    planned = operator.fab("lock", "--dry-run")
    assert planned.stdout.count("would hold the lock") == 2, planned.stderr
    operator.hold("www2", "bob")
    refused = operator.fab("lock", "--why", "moving the database", "--for", "30m")
    assert refused.returncode == 75
    assert re.search(r"held by bob since \S+ \(moving\), until ", refused.stderr), refused.stderr
    assert "www1: unlocked again" in refused.stderr
    assert operator.fab("unlock").returncode == 75
    assert operator.fab("unlock", "--force").returncode == 0
    taken = operator.json("lock", "--why", "moving the database", "--for", "30m")
    assert {row["why"] for row in taken} == {"moving the database"}
    again = operator.fab("lock")
    assert again.returncode == 0, again.stderr
    assert operator.fab("unlock").stdout.count("unlocked: it was held by") == 2


def test_who_asked_is_in_the_audit_log_with_the_address(operator: Operator) -> None:
    operator.fab("lock", "--hosts", "www1", "--why", "look at me")
    last = operator.json("audit", "--hosts", "www1", "--tail", "1")[0]["entries"]
    assert isinstance(last, list)
    assert (last[0]["verb"], last[0]["why"], last[0]["outcome"]) == ("lock", "look at me", "ok")
    assert re.fullmatch(r"[0-9.]+", last[0]["from"])
    shown = operator.fab("audit", "--tail", "1", "--hosts", "www1")
    assert "lock\tok\t" in shown.stdout
    assert "every line follows" in shown.stderr
    log = "/opt/www1/audit.jsonl"
    operator.host.ssh(f"chattr -f -a {log}; sed -i 's/look at me/never mind/' {log}", sudo=True)
    assert operator.fab("audit", "--hosts", "www1").returncode == 3
