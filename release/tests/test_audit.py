"""The audit log: what was asked for is there, and a line that was touched shows."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle import Bundle, sh

from engine import audit
from engine.cli import main
from engine.layout import Layout

RELEASE = Path(__file__).resolve().parent.parent


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    yield Layout(tmp_path)
    sh("chattr", "-f", "-a", str(tmp_path / "audit.jsonl"), check=False)


def fill(layout: Layout, number: int = 3) -> None:
    for each in range(number):
        audit.append(layout, {"verb": "deploy", "by": "ana", "why": f"reason {each}"})


def rewrite(layout: Layout, change: "dict[int, str | None]") -> None:
    """Change lines (by number) or take them out, as somebody with an editor would."""
    sh("chattr", "-f", "-a", str(layout.audit), check=False)
    lines = layout.audit.read_text().splitlines()
    kept = [change.get(number, line) for number, line in enumerate(lines, 1)]
    layout.audit.write_text("".join(f"{line}\n" for line in kept if line is not None))


def test_lines_are_numbered_chained_and_for_root_alone(layout: Layout) -> None:
    before = os.umask(0)
    try:
        fill(layout)
    finally:
        os.umask(before)
    entries, doubtful = audit.read(layout)
    assert doubtful is None
    assert [(each["n"], each["why"]) for each in entries] == [
        (1, "reason 0"), (2, "reason 1"), (3, "reason 2"),
    ]  # fmt: skip
    assert entries[0]["previous"] == ""
    assert len({each["previous"] for each in entries}) == 3
    assert layout.audit.stat().st_mode & 0o777 == 0o600


def test_where_the_file_system_can_it_takes_no_other_change(layout: Layout) -> None:
    fill(layout, 1)
    if "a" not in sh("lsattr", str(layout.audit)).split()[0]:
        pytest.skip("this file system has no flag for it, or we have no right to it")
    for forbidden in (layout.audit.unlink, lambda: layout.audit.write_text("")):
        with pytest.raises(PermissionError):
            forbidden()
    fill(layout, 1)
    assert audit.read(layout)[1] is None


@pytest.mark.parametrize(
    ("change", "doubtful"),
    [
        ({2: '{"n": 2, "verb": "status"}'}, 2),
        ({2: None}, 2),
        ({1: None}, 1),
        ({4: None}, 4),
        ({4: '{"n": 4}'}, 4),
        ({4: "not JSON"}, 4),
        ({1: None, 2: None, 3: None, 4: None}, 1),
    ],
)
def test_a_line_that_was_changed_or_taken_out_shows_for_ever(
    layout: Layout, change: "dict[int, str | None]", doubtful: int
) -> None:
    fill(layout, 4)
    rewrite(layout, change)
    assert audit.read(layout)[1] == doubtful
    fill(layout, 2)
    found = audit.read(layout)[1]
    assert found is not None
    # What the new lines follow from is not what is there.
    assert found <= 5


def test_an_edited_word_shows_at_the_line_after_it(layout: Layout) -> None:
    fill(layout, 4)
    second = layout.audit.read_text().splitlines()[1]
    rewrite(layout, {2: second.replace("ana", "bob")})
    assert audit.read(layout)[1] == 3


def test_a_line_that_a_crash_cut_stays_and_is_no_lie(layout: Layout) -> None:
    fill(layout, 2)
    with layout.audit.open("a") as file:
        file.write('{"n": 3, "verb": "dep')
    assert audit.read(layout)[1] is None
    fill(layout, 2)
    entries, doubtful = audit.read(layout)
    assert doubtful is None
    assert [each["n"] for each in entries] == [1, 2, 4, 5]


def test_a_crash_before_the_head_was_written_is_no_lie(layout: Layout) -> None:
    fill(layout, 2)
    before = layout.audit_head.read_bytes()
    fill(layout, 1)
    layout.audit_head.write_bytes(before)
    assert audit.read(layout)[1] is None
    fill(layout, 1)
    assert audit.read(layout)[1] is None


def test_many_at_once_get_a_line_each(layout: Layout) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(RELEASE)!r})\n"
        "from pathlib import Path; from engine import audit; from engine.layout import Layout\n"
        f"for n in range(20): audit.append(Layout(Path({str(layout.root)!r})), {{'verb': 'x'}})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    entries, doubtful = audit.read(layout)
    assert (len(entries), doubtful) == (80, None)


def test_the_verb_shows_the_lines_and_ends_with_3_when_one_was_touched(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--root", str(layout.root)]) == 0
    audit.append(
        layout,
        {"verb": "deploy", "outcome": "begun", "by": "ana", "from": "203.0.113.5", "why": "fix"},
    )
    fill(layout, 2)
    assert main(["audit", "--root", str(layout.root), "--tail", "3"]) == 0
    assert "deploy begun" in capsys.readouterr().out
    rewrite(layout, {2: None})
    assert main(["audit", "--root", str(layout.root)]) == 3
    shown = capsys.readouterr()
    assert "ana from 203.0.113.5 (fix)" in shown.out
    assert "line 2 does not follow" in shown.err
    assert main(["audit", "--root", str(layout.root), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["doubtful_line"] == 2


def test_a_run_leaves_its_begin_and_its_end_and_a_refused_one_too(running: Bundle) -> None:
    def last_two() -> "list[tuple[str, str, int | None]]":
        entries = json.loads(running.engine("audit", "--json").out)["entries"][-2:]
        assert entries[0]["run"] == entries[1]["run"]
        assert {entry["by"] for entry in entries} == {"tester"}
        return [(each["verb"], each["outcome"], each.get("exit_code")) for each in entries]

    assert running.deploy("--why", "first").code == 0
    assert last_two() == [("deploy", "begun", None), ("deploy", "ok", 0)]
    assert running.deploy("--min-free-mib", "999999999").code == 0  # nothing to do needs no room
    running.use("v2")
    assert running.deploy("--min-free-mib", "999999999").code == 1
    assert last_two() == [("deploy", "begun", None), ("deploy", "failed", 1)]
    running.kill_at("preflight")
    entries = json.loads(running.engine("audit", "--json").out)["entries"]
    assert entries[-1]["outcome"] == "begun"


def test_nothing_is_done_of_which_no_line_can_be_written(refusing: Bundle) -> None:
    before = (refusing.root / "history.jsonl").read_text()
    path = refusing.root / "audit.jsonl"
    sh("chattr", "-f", "-a", str(path), check=False)
    kept = path.read_bytes()
    path.unlink()
    path.mkdir()
    try:
        refusing.release["environment"]["GREETING"] = "unseen"
        refusing.ship()
        done = refusing.deploy()
    finally:
        path.rmdir()
        path.write_bytes(kept)
    assert done.code == 1, done
    assert done.result["failed_step"] == "audit"
    assert "nothing was changed" in done.result["message"]
    assert "Is a directory" in done.result["message"]
    assert before in (refusing.root / "history.jsonl").read_text()
