"""The results explain settings of the bundle, and a setting that is gone is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.concurrency.catalogue import NAMES, load
from lab.concurrency.command import DOCS
from lab.concurrency.experiment import Setting
from lab.concurrency.links import explained, line_of, renewed
from lab.errors import LabError

SETTINGS = [(name, setting) for name in NAMES for setting in load(name).settings]
WHY = Setting("Because ({line}).", "a.conf", "threads = 4")


@pytest.mark.parametrize("name", NAMES)
def test_each_experiment_explains_a_setting_that_stands_in_the_bundle(name: str) -> None:
    settings = load(name).settings
    assert settings
    for setting in settings:
        assert setting.why.count("{line}") == 1
        assert line_of(setting) > 0


def test_the_page_leads_to_the_lines_where_they_stand_now() -> None:
    page = (DOCS / "concurrency.md").read_text()
    behind = [
        f"{name}: {setting.file}"
        for name, setting in SETTINGS
        if explained(setting, DOCS) not in page
    ]
    assert behind == [], "do: scripts/lab concurrency --links"


@pytest.mark.parametrize(
    ("text", "found"), [("threads = 2\n", "found none"), ("threads = 4\n" * 2, "found lines 1, 2")]
)
def test_a_setting_that_is_gone_or_stands_twice_is_refused(
    tmp_path: Path, text: str, found: str
) -> None:
    (tmp_path / "a.conf").write_text(text)
    with pytest.raises(LabError, match=found):
        line_of(WHY, tmp_path)


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="expected one line with threads = 4; found none"):
        line_of(WHY, tmp_path)


def test_a_link_is_renewed_and_nothing_else() -> None:
    (setting, *_) = load("waiting").settings
    now = f"- {explained(setting, DOCS)}\n- Another [a.py:3](../a.py#L3).\n"
    number = line_of(setting)
    before = now.replace(f":{number}]", ":1]").replace(f"#L{number})", "#L1)")
    assert before != now
    assert renewed(before, [setting], DOCS) == now
