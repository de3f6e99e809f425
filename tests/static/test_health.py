"""A health check that lasts ends when the answer changes, and says what the last look said."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LASTING = Path(__file__).parents[2] / "roles/stack/templates/health/lasting"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def door(tmp_path: Path) -> Path:
    """What the check looks at: it is well while this is there."""
    return tmp_path / "door"


@pytest.fixture
def start(state: Path, door: Path) -> Start:
    """Starts a check of `door`, or another command, with this many seconds to become well."""

    def start(seconds: object = 30, *command: str, **more: str) -> subprocess.Popen[str]:
        look = command or (
            "bash",
            "-c",
            f"[[ -e {door} ]] && echo open || {{ echo shut; exit 1; }}",
        )
        return subprocess.Popen(
            [str(LASTING), str(seconds), *look],
            env={"PATH": os.environ["PATH"], "HEALTH_STATE": str(state), **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


def ended(check: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and its words; fails if it is not over within 20 s."""
    said, _ = check.communicate(timeout=20)
    return check.returncode, said.strip()


def test_the_first_good_look_ends_it(start: Start, state: Path, door: Path) -> None:
    door.touch()
    assert ended(start()) == (0, "open")
    assert state.read_text() == "well"


def test_it_waits_for_the_first_good_look(start: Start, door: Path) -> None:
    check = start()
    time.sleep(1.2)
    assert check.poll() is None
    door.touch()
    assert ended(check) == (0, "open")


def test_it_gives_up_after_its_time_and_has_little_from_then_on(start: Start, state: Path) -> None:
    assert ended(start(1)) == (1, "shut")
    assert state.read_text() == "ill"
    began = time.monotonic()
    assert ended(start(60)) == (1, "shut")
    assert time.monotonic() - began < 15


def test_it_stays_while_all_is_well_and_ends_when_it_is_not(
    start: Start, state: Path, door: Path
) -> None:
    state.write_text("well")
    door.touch()
    check = start()
    time.sleep(6)  # a look later
    assert check.poll() is None
    door.unlink()
    assert ended(check) == (1, "shut")
    assert state.read_text() == "ill"


def test_it_says_that_all_is_well_once_a_minute(start: Start, state: Path, door: Path) -> None:
    state.write_text("well")
    door.touch()
    # bash counts on from there.
    assert ended(start(SECONDS="57")) == (0, "open")
    assert state.read_text() == "well"


def test_what_is_ill_has_little_time_and_is_well_as_soon_as_it_is(
    start: Start, state: Path, door: Path
) -> None:
    state.write_text("ill")
    assert ended(start()) == (1, "shut")
    assert state.read_text() == "ill"
    door.touch()
    assert ended(start()) == (0, "open")
    assert state.read_text() == "well"


def test_a_look_without_an_answer_is_a_bad_one(start: Start, state: Path) -> None:
    state.write_text("well")
    assert ended(start(30, "bash", "-c", "echo dialling; sleep 60")) == (
        1,
        "dialling; no answer within 5 s",
    )
    assert state.read_text() == "ill"


@pytest.mark.parametrize(("is_open", "expected"), [(True, (0, "open")), (False, (1, "shut"))])
def test_one_who_asks_by_hand_gets_one_look(
    start: Start, state: Path, door: Path, is_open: bool, expected: tuple[int, str]
) -> None:
    state.write_text("well")
    if is_open:
        door.touch()
    assert ended(start(HEALTH_LOOK="once")) == expected
    assert state.read_text() == "well"


@pytest.mark.parametrize("seconds", ["", "soon", "-1", "1.5"])
def test_it_wants_a_time(start: Start, state: Path, seconds: str) -> None:
    code, said = ended(start(seconds))
    assert code == 64
    assert said.startswith("lasting: expected SECONDS and a command; found ")
    assert not state.exists()


def test_it_wants_a_command(state: Path) -> None:
    done = subprocess.run([str(LASTING), "30"], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert 'found "30"' in done.stderr
