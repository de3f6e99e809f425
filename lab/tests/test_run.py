"""Whatever an experiment does, it ends in time, and nothing of it is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from lab.concurrency.experiment import Run, own_name
from lab.concurrency.leftovers import SHARED_MEMORY, remove_shared_memory
from lab.concurrency.run import REPOSITORY, run_one

ILL = "lab.tests.ill"


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """Every process that a test starts carries this in its environment."""
    value = f"LAB_TEST_{uuid.uuid4().hex}"
    monkeypatch.setenv(value, "1")
    return value


def alive(token: str) -> list[str]:
    """The commands of processes that carry it, but for this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if f"{token}=1".encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_one_that_hangs_is_killed_at_its_limit_with_all_its_processes(token: str) -> None:
    began = time.monotonic()
    outcome = run_one("hangs", Run(), ILL)
    assert time.monotonic() - began < 10
    assert outcome.problem == "expected an end within 1 s; found none, and killed it"
    assert alive(token) == []


def test_what_one_leaves_is_told_and_removed(token: str) -> None:
    outcome = run_one("leaves_things", Run(), ILL)
    names = json.loads(outcome.note)
    others = [SHARED_MEMORY / names["segment"], Path(names["folder"])]
    try:
        assert "expected nothing to be left; found process" in outcome.problem
        assert "(sleep 600)" in outcome.problem
        assert f"shared memory {names['own']}" in outcome.problem
        assert "file forgotten-" in outcome.problem
        assert alive(token) == []
        assert not (SHARED_MEMORY / names["own"]).exists()
        # What others made meanwhile is theirs.
        assert [path for path in others if not path.exists()] == []
        assert [path for path in others if path.name in outcome.problem] == []
    finally:
        others[0].unlink(missing_ok=True)
        others[1].rmdir()


def test_a_name_of_the_run_that_is_no_segment_is_told() -> None:
    token = uuid.uuid4().hex
    folder = SHARED_MEMORY / own_name(token, "folder")
    folder.mkdir()
    try:
        assert remove_shared_memory(token) == ([], [f"shared memory {folder.name}: Is a directory"])
    finally:
        folder.rmdir()
    assert remove_shared_memory(token) == ([], [])


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    """A Redis that holds something of its owner's."""
    with redis.Redis.from_url(redis_url) as client:
        client.set("lab-of-others", "theirs")
        yield client
        client.delete("lab-of-others")


def test_keys_that_one_leaves_are_told_and_removed(redis_url: str, server: redis.Redis) -> None:
    outcome = run_one("leaves_keys", Run(quick=True, redis_url=redis_url), ILL)
    assert re.search(r"to be left; found key lab-\w+-(there|back), key lab-", outcome.problem)
    assert server.keys() == [b"lab-of-others"]
    assert "leaves_keys" in outcome.note
    assert redis_url not in outcome.note  # arguments are for everybody to read


def test_keys_of_one_that_is_killed_are_removed(redis_url: str, server: redis.Redis) -> None:
    server.config_resetstat()
    outcome = run_one("leaves_keys", Run(redis_url=redis_url), ILL)
    assert outcome.problem == "expected an end within 4 s; found none, and killed it"
    assert server.info("commandstats")["cmdstat_rpush"]["calls"] == 2
    assert server.keys() == [b"lab-of-others"]


def test_a_redis_that_is_gone_at_the_end_is_told() -> None:
    outcome = run_one("leaves_keys", Run(redis_url="redis://:secret@127.0.0.1:1/0"), ILL)
    assert "expected figures; found exit code 1" in outcome.problem
    assert re.search(r"; and this stays: perhaps keys lab-\w+-\*: Error 111 ", outcome.problem)
    assert "secret" not in outcome.problem


def test_one_that_fails_is_told_in_its_own_words() -> None:
    outcome = run_one("crashes", Run(), ILL)
    assert "expected figures; found exit code 1" in outcome.problem
    assert "ValueError: no figures today" in outcome.problem
    assert outcome.verdicts == []


def test_one_that_cannot_be_made_here_is_no_failure() -> None:
    outcome = run_one("is_not_here", Run(), ILL)
    assert outcome.not_here == "unicorn: expected one; found none; do: look again"
    assert not outcome.problem


def test_a_run_that_is_stopped_takes_its_experiment_along(token: str) -> None:
    command = [sys.executable, "-m", "lab", "concurrency", "--quick", "servers"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as run:
        end = time.monotonic() + 20
        while not any("gunicorn" in command for command in alive(token)):
            assert time.monotonic() < end, "gunicorn was never started"
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == 128 + signal.SIGTERM
    assert alive(token) == []
