"""Each experiment, in its quick form, comes out in the direction that was predicted."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from lab.concurrency.catalogue import NAMES, load
from lab.concurrency.command import told
from lab.concurrency.experiment import Run
from lab.concurrency.experiments.free_threaded import BUILDS
from lab.concurrency.experiments.lost_update import Counter, bytecode
from lab.concurrency.run import run_one

FREE_THREADED_HERE = any(shutil.which(name) for name in BUILDS)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name != "free_threaded" or FREE_THREADED_HERE]
)
def test_it_comes_out_as_predicted(name: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("redis_url") if load(name).needs_redis else ""
    outcome = run_one(name, Run(quick=True, redis_url=url))
    assert not outcome.problem, outcome.problem
    # Where a busy neighbour can turn a verdict around, the run tells it and no test insists on it.
    firm = [verdict for verdict in outcome.verdicts if not verdict.needs_idle_cores]
    assert firm
    assert [verdict for verdict in firm if not verdict.as_predicted] == [], told(outcome)


def test_what_is_lost_is_explained_by_the_bytecode() -> None:
    assert "CALL" not in bytecode(Counter.plain)
    assert "JUMP" not in bytecode(Counter.plain)
    assert "CALL" in bytecode(Counter.with_a_call)


def test_without_a_free_threaded_build_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    outcome = run_one("free_threaded", Run(quick=True))
    assert "expected python3.14t or python3.13t on the PATH; found neither" in outcome.not_here
    assert not outcome.problem
    assert not outcome.verdicts


def test_a_build_that_has_a_gil_is_not_taken_for_free_threaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python3.14t").symlink_to(Path(sys.executable).resolve())
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    outcome = run_one("free_threaded", Run(quick=True))
    assert "expected a Python without a GIL; found one whose GIL is on" in outcome.problem
    assert not outcome.verdicts
