"""The lock: one run at a time, never held by the dead."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InterruptedRunError, LockHeldError
from engine.layout import Layout
from engine.lock import Lock, read_holder
from engine.processes import alive, identity

HOLD = """
import os, sys, time
sys.path.insert(0, {release!r})
from pathlib import Path
from engine.lock import Lock
from engine.processes import identity
import subprocess
lock = Lock(Path({path!r}))
lock.acquire({{"run": "r1", "by": "ann", "why": "lunch", "since": "noon", "pid": os.getpid(),
              "process": identity(os.getpid())}}, 0, print)
{then}
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "root" / "lock"


def me(run: str = "r2") -> dict[str, Any]:
    return {"run": run, "by": "bob", "pid": os.getpid(), "process": identity(os.getpid())}


def holding(path: Path, then: str = "") -> subprocess.Popen[str]:
    """Another process that has the lock."""
    release = str(Path(__file__).resolve().parent.parent)
    script = HOLD.format(release=release, path=str(path), then=then)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    while process.stdout.readline().strip() != "held":
        assert process.poll() is None, "the holder died"
    return process


def test_it_can_be_taken_given_back_and_taken_again(path: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        lock = Lock(path)
        lock.acquire(me(), 0, said.append)
        assert read_holder(path)["run"] == "r2"
        lock.release()
    assert read_holder(path) == {}
    assert said == []


def test_a_second_run_is_refused_and_told_who_holds_it_since_when_and_why(path: Path) -> None:
    holder = holding(path)
    try:
        with pytest.raises(LockHeldError) as refusal:
            Lock(path).acquire(me(), 0, lambda text: None)
    finally:
        holder.kill()
        holder.wait()
    for word in ("r1", "ann", "noon", "lunch", f"pid {holder.pid}", "--wait 30m"):
        assert word in str(refusal.value)
    assert refusal.value.exit_code == 75


def test_a_second_run_waits_as_long_as_it_is_told_to(path: Path) -> None:
    holder = holding(path)
    said: list[str] = []
    started = time.monotonic()
    with pytest.raises(LockHeldError):
        Lock(path).acquire(me(), 1.0, said.append)
    holder.kill()
    holder.wait()
    assert 1.0 <= time.monotonic() - started < 3
    assert "waiting up to 1 s for run r1 of ann" in said[0]


def test_one_wait_is_for_another_run_as_for_a_persons_lock(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "root")
    layout.release("0a1b").mkdir(parents=True)
    layout.current.symlink_to(layout.release("0a1b"))
    (layout.current / "compose.yaml").touch()
    holder = holding(layout.lock)
    start = "import sys; from engine.cli import main; sys.exit(main())"
    second = subprocess.Popen(
        [sys.executable, "-c", start, "prune", "--root", str(layout.root), "--wait", "10m"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert second.stdout
    said = [second.stdout.readline(), second.stdout.readline()]
    holder.kill()
    holder.wait()
    said.append(second.communicate(timeout=60)[0])
    subprocess.run(["chattr", "-f", "-a", str(layout.audit)], check=False)
    assert "waiting up to 600 s for run r1 of ann" in said[1], said
    assert second.returncode == 0, said


def test_the_lock_of_a_killed_run_is_taken_over_and_said_so(path: Path) -> None:
    holder = holding(path)
    holder.kill()
    holder.wait()
    said: list[str] = []
    lock = Lock(path)
    lock.acquire(me(), 0, said.append)
    assert "took over the lock of run r1 of ann" in said[0]
    assert read_holder(path)["run"] == "r2"
    lock.release()


def test_what_a_killed_run_left_at_work_is_ended_first(path: Path) -> None:
    then = """
child = subprocess.Popen(["sleep", "60"], start_new_session=True, pass_fds=(lock.descriptor,))
lock.note_child(identity(child.pid))
"""
    holder = holding(path, then)
    child = read_holder(path)["child"]
    assert alive(child)
    holder.kill()
    holder.wait()
    said: list[str] = []
    lock = Lock(path)
    lock.acquire(me(), 0, said.append)
    assert not alive(child)
    assert "ended the compose command" in said[0]
    lock.release()


def test_a_damaged_lock_file_does_not_keep_anybody_out(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"run": "half')
    lock = Lock(path)
    lock.acquire(me(), 0, lambda text: None)
    assert read_holder(path)["run"] == "r2"
    lock.release()


def test_waiting_ends_with_an_interrupt(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"run": "r1"}\n')
    lock = Lock(path)
    with path.open("r+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        def stop() -> None:
            raise InterruptedRunError("interrupted by SIGTERM")

        with pytest.raises(InterruptedRunError):
            lock.acquire(me(), 60, lambda text: None, stop)
        # As the run does at its end: the name that stands there is the other one's.
        lock.release()
        assert read_holder(path)["run"] == "r1"


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    mine = identity(os.getpid())
    assert alive(mine)
    boot, pid, _ = mine.split("/")
    assert not alive(f"{boot}/{pid}/1")
    assert not alive(f"another-boot/{pid}/1")
    for nonsense in ("", "x", "a/b/c"):
        assert not alive(nonsense)
