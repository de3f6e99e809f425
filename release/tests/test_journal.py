"""The journal: complete lines, on the disk, without secrets; and following it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bundle import fill

from engine.errors import NoInputError, RunLostError
from engine.follow import StillRunningError, exit_code, find_run, follow
from engine.journal import Journal, new_run_id, read_events
from engine.layout import Layout
from engine.processes import identity


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal" / "run.jsonl", "run")


def test_every_event_is_one_json_line_with_time_and_run(journal: Journal) -> None:
    journal.write("step_started", step="préflight")
    journal.note("two\nlines")
    lines = journal.path.read_text(encoding="utf-8").splitlines()
    first, second = map(json.loads, lines)
    assert (first["run"], first["event"], first["step"]) == ("run", "step_started", "préflight")
    assert first["time"].endswith("Z")
    assert second["text"] == "two\nlines"


def test_secrets_never_reach_it(journal: Journal) -> None:
    journal.hide([b"correct-horse-battery\n", b"short"])
    written = journal.write(
        "output", line="pw=correct-horse-battery", log=["a correct-horse-battery b"]
    )
    assert "correct-horse-battery" not in journal.path.read_text()
    assert written["line"] == "pw=***"
    assert written["log"] == ["a *** b"]


def test_a_line_that_is_being_written_is_left_for_later(journal: Journal) -> None:
    journal.note("whole")
    with journal.path.open("a") as file:
        file.write('{"event": "half')
    events = list(read_events(journal.path))
    assert [event["text"] for _, event in events] == ["whole"]
    with journal.path.open("a") as file:
        file.write('"}\n')
    assert [event["event"] for _, event in read_events(journal.path, events[-1][0])] == ["half"]


def test_the_end_of_a_run_is_told_on_a_full_disk(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)], check=True)
    try:
        journal = Journal(mount / "journal" / "run.jsonl", "run")
        fill(mount)
        for number in range(20):
            journal.write("note", text=f"{number}" * 300)
        journal.write("run_ended", outcome="failed", exit_code=1)
        assert [event for _, event in read_events(journal.path)][-1]["outcome"] == "failed"
        journal.close()
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_run_ids_sort_by_time() -> None:
    ids = [new_run_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [run[:18] for run in ids] == sorted(run[:18] for run in ids)


def test_following_hands_on_every_event_and_ends_with_the_run(journal: Journal) -> None:
    journal.write("run_started", process=identity(os.getpid()), by="me")
    journal.note("one")
    journal.write("run_ended", outcome="deployed", exit_code=0)
    told: list[str] = []
    ended = follow(journal.path, 5, lambda event: told.append(event["event"]))
    assert told == ["run_started", "note", "run_ended"]
    assert exit_code(ended) == 0


def test_a_run_that_died_is_noticed_and_the_way_out_is_said(journal: Journal) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    journal.write("run_started", process=identity(dead.pid), by="me")
    dead.kill()
    dead.wait()
    with pytest.raises(RunLostError, match="run deploy again") as lost:
        follow(journal.path, 30, lambda event: None)
    assert lost.value.exit_code == 75


def test_following_ends_when_its_time_is_over(journal: Journal) -> None:
    journal.write("run_started", process=identity(os.getpid()), by="me")
    with pytest.raises(StillRunningError, match="still at work"):
        follow(journal.path, 0.3, lambda event: None)


def test_an_unknown_run_is_refused_with_the_known_ones(journal: Journal, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert find_run(layout, None) == journal.path
    for wrong in ("nope", "../../etc/passwd"):
        with pytest.raises(NoInputError, match="the last ones: run"):
            find_run(layout, wrong)
