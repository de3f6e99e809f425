"""The lock that a person holds: who, since when, why, until when; and nobody else's runs begin."""

import json
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from bundle import Bundle

from engine import hold
from engine.asking import came_from
from engine.cli import main
from engine.errors import InterruptedRunError, LockHeldError
from engine.layout import Layout, write_json
from engine.lock import Lock

RELEASE = Path(__file__).resolve().parent.parent
HOUR_S = 3600


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def write(layout: Layout, **fields: object) -> None:
    now = datetime.now(timezone.utc)
    whole = {"by": "ana", "why": "moving", "since": now.isoformat()}
    write_json(layout.hold, {**whole, "until": (now + timedelta(hours=1)).isoformat(), **fields})


def test_it_says_who_why_and_until_when_to_the_next(layout: Layout) -> None:
    assert hold.take(layout, "ana@laptop", "moving the database", 2 * HOUR_S) is True
    with pytest.raises(LockHeldError) as refused:
        hold.take(layout, "bob", "", HOUR_S)
    held = hold.holder(layout)
    assert held
    assert refused.value.exit_code == 75
    for word in ("ana@laptop", "moving the database", held["since"], held["until"], "--wait 10m"):
        assert word in str(refused.value)
    since, until = (datetime.fromisoformat(held[key][:-1]) for key in ("since", "until"))
    assert until - since == timedelta(hours=2)


def test_ones_own_goes_on_and_ends_when_it_is_given_back(layout: Layout) -> None:
    hold.take(layout, "ana", "", 60)
    first = hold.holder(layout)
    assert hold.take(layout, "ana", "longer", HOUR_S) is False
    second = hold.holder(layout)
    assert first
    assert second
    assert (second["since"], second["why"]) == (first["since"], "longer")
    assert second["until"] > first["until"]
    assert hold.give_back(layout, "ana", force=False) == second
    assert hold.holder(layout) is None
    assert hold.give_back(layout, "ana", force=False) is None


def test_anothers_is_given_back_by_force_alone(layout: Layout) -> None:
    hold.take(layout, "ana", "", 60)
    with pytest.raises(LockHeldError, match="give --force"):
        hold.give_back(layout, "bob", force=False)
    assert hold.holder(layout)
    assert hold.give_back(layout, "bob", force=True)
    assert hold.holder(layout) is None


def test_an_expired_one_keeps_nobody_out(layout: Layout) -> None:
    write(layout, until="2020-01-01T00:00:00Z")
    assert hold.holder(layout) is None
    assert hold.take(layout, "bob", "", 60) is True


@pytest.mark.parametrize(
    "damage", [{"until": "soon"}, {"until": None}, {"by": 7}, {"until": "2999-01-01T00:00:00"}]
)
def test_a_damaged_one_keeps_nobody_out(layout: Layout, damage: "dict[str, object]") -> None:
    write(layout, **damage)
    assert hold.holder(layout) is None
    layout.hold.write_text('{"by": "half')
    assert hold.take(layout, "bob", "", 60) is True


def test_of_many_at_once_one_gets_it(layout: Layout) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(RELEASE)!r}); from pathlib import Path\n"
        "from engine import hold; from engine.layout import Layout\n"
        f"hold.take(Layout(Path({str(layout.root)!r})), sys.argv[1], '', 60)\n"
    )
    askers = [
        subprocess.Popen([sys.executable, "-c", script, f"p{n}"], stderr=subprocess.DEVNULL)
        for n in range(6)
    ]
    assert sorted(asker.wait() for asker in askers) == [0, 1, 1, 1, 1, 1]


def test_who_is_killed_while_taking_it_leaves_it_free(layout: Layout) -> None:
    script = (
        f"import os, sys, signal; sys.path.insert(0, {str(RELEASE)!r}); from pathlib import Path\n"
        "from engine import hold, trees; from engine.layout import Layout\n"
        # Everything is written but the last: the name that the others look at.
        "Path.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"hold.take(Layout(Path({str(layout.root)!r})), 'ana', '', 60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert hold.holder(layout) is None
    assert hold.take(layout, "bob", "", 60) is True


def test_a_run_of_anybody_else_waits_for_it_without_the_lock_of_runs(layout: Layout) -> None:
    hold.take(layout, "ana", "", 2)
    said: list[str] = []

    def look() -> None:
        # While it waits, the holder's own runs can begin.
        own = Lock(layout.lock)
        own.acquire({"run": "own", "by": "ana"}, 0, lambda text: None)
        own.release()

    started = time.monotonic()
    hold.acquire(Lock(layout.lock), {"by": "bob"}, layout, 0, 10, said.append, look)
    assert 0.5 < time.monotonic() - started < 5
    assert "waiting up to 10 s: the lock is held by ana" in said[0]


def test_waiting_ends_with_its_time_or_an_interrupt(layout: Layout) -> None:
    hold.take(layout, "ana", "", 60)
    with pytest.raises(LockHeldError, match="held by ana"):
        hold.acquire(Lock(layout.lock), {"by": "bob"}, layout, 0, 0.3, print, lambda: None)

    def stop() -> None:
        raise InterruptedRunError("interrupted by SIGTERM")

    with pytest.raises(InterruptedRunError):
        hold.acquire(Lock(layout.lock), {"by": "bob"}, layout, 0, 60, print, stop)


def test_it_is_not_taken_while_a_run_is_at_work(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = Lock(layout.lock)
    lock.acquire({"run": "r1", "by": "bob"}, 0, lambda text: None)
    assert main(["lock", "--root", str(layout.root), "--by", "ana"]) == 75
    assert "run r1 of bob" in capsys.readouterr().err
    assert hold.holder(layout) is None
    lock.release()
    assert main(["lock", "--root", str(layout.root), "--by", "ana"]) == 0


def test_the_verbs_say_what_they_did_and_leave_a_line(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    def engine(verb: str, *arguments: str) -> "tuple[int, str]":
        code = main([verb, "--root", str(layout.root), *arguments])
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    assert json.loads(engine("lock", "--by", "ana", "--check")[1])["changed"] is True
    assert hold.holder(layout) is None
    code, text = engine("lock", "--by", "ana", "--why", "lunch", "--for", "30m")
    assert (code, "held by ana" in text, "(lunch)" in text) == (0, True, True)
    code, text = engine("lock", "--by", "bob")
    assert (code, "held by ana" in text) == (75, True)
    assert json.loads(engine("lock", "--by", "bob", "--check")[1])["changed"] is False
    assert json.loads(engine("unlock", "--by", "bob", "--check")[1])["changed"] is False
    code, text = engine("unlock", "--by", "bob")
    assert (code, "give --force" in text) == (75, True)
    code, text = engine("unlock", "--by", "bob", "--force")
    assert (code, "it was held by ana" in text) == (0, True)
    assert engine("unlock", "--by", "bob") == (0, "nobody held the lock\n")
    entries = json.loads(engine("audit", "--json")[1])["entries"]
    assert [(each["verb"], each["by"], each["outcome"]) for each in entries] == [
        ("lock", "ana", "ok"),
        ("lock", "bob", "refused"),
        ("unlock", "bob", "refused"),
        ("unlock", "bob", "ok"),
        ("unlock", "bob", "ok"),
    ]
    assert entries[3]["arguments"] == {"force": True}
    assert "held by ana" in entries[3]["was"]
    subprocess.run(["chattr", "-f", "-a", str(layout.audit)], check=False)


@pytest.mark.parametrize("time", ["0", "8d", "soon", "-1", "1.5h", "2 h", ""])
def test_a_time_that_is_none_is_a_wrong_command_line(
    layout: Layout, time: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["lock", "--root", str(layout.root), f"--for={time}"])
    assert refused.value.code == 64
    assert "expected a time" in capsys.readouterr().err
    assert not layout.hold.exists()


def test_a_deploy_of_another_is_refused_and_the_holders_own_is_not(running: Bundle) -> None:
    assert running.engine("lock", "--by", "ana", "--why", "moving").code == 0
    assert "held by ana" in running.engine("status").out
    running.use("v2")
    before = running.ids()
    done = running.deploy()
    assert done.code == 75, done
    assert "held by ana" in done.result["message"]
    assert running.ids() == before
    assert running.engine("deploy", "--by", "ana", "--wait-timeout", "25").code == 0
    assert running.env("app", "VERSION") == "v2"
    assert running.engine("unlock", "--by", "ana").code == 0


def test_the_address_is_the_one_of_the_shell_above_sudo(tmp_path: Path) -> None:
    assert came_from() == ""
    script = (
        f"import sys; sys.path.insert(0, {str(RELEASE)!r})\n"
        "from engine.asking import came_from; print(came_from())"
    )
    shell = ["bash", "-c", 'env -u SSH_CONNECTION "$@"; true', "-", sys.executable, "-c", script]
    done = subprocess.run(
        shell,
        env={"PATH": "/usr/bin:/bin", "SSH_CONNECTION": "203.0.113.5 50000 192.0.2.1 22"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "203.0.113.5\n"
