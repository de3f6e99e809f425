"""What goes wrong on the way back is told, and the run ends as a failed one."""

import json
import time
from pathlib import Path

import pytest

from engine.detach import detach
from engine.errors import EngineError, StepFailedError
from engine.layout import Layout
from engine.run import execute
from engine.tools import Task, Tools, Work


class Faulty(Work):
    """Fails, and has faults of its own on the way back."""

    def plan(self, tools: Tools) -> list[str]:
        return ["it was asked for"]

    def run(self, tools: Tools) -> str:
        raise StepFailedError("start", "a container", "none")

    def evidence(self, tools: Tools) -> "list[dict[str, object]]":
        raise ValueError("not JSON")

    def undo(self, tools: Tools, error: EngineError) -> str:
        raise KeyError("networks")


def test_a_fault_on_the_way_back_is_told(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert execute(Faulty(), Task("deploy", "tester"), layout) == 1
    [journal] = layout.journals.glob("*.jsonl")
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    [failure] = [event for event in events if event["event"] == "failure"]
    assert "could not be put back: 'networks'" in failure["after"]
    assert "in undo" in failure["after"]
    assert events[-1]["event"] == "run_ended"
    assert json.loads(layout.audit.read_text().splitlines()[-1])["outcome"] == "failed"


def test_what_ends_a_detached_run_is_written_down(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    errors = tmp_path / "run.err"

    def work() -> int:
        raise MemoryError("all of it")

    with capfd.disabled():
        detach(work, errors)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if errors.is_file() and "MemoryError: all of it" in errors.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(errors.read_text() if errors.is_file() else "nothing was written")
