"""What a timer does every few minutes does not push out what the deploys did."""

from pathlib import Path

import pytest

from engine import journals
from engine.journal import Journal
from engine.layout import Layout


def run(layout: Layout, name: str, verb: str, **arguments: object) -> None:
    journal = Journal(layout.journal(name), name)
    journal.write("run_queued", by="tester")
    journal.write("run_started", verb=verb, arguments=arguments)
    journal.close()
    layout.journal(name).with_suffix(".err").touch()


def kept(layout: Layout, suffix: str) -> list[str]:
    return sorted(path.stem for path in layout.journals.glob(f"*{suffix}"))


def test_of_each_kind_the_last_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "KEPT", 2)
    layout = Layout(tmp_path)
    run(layout, "1", "deploy")
    run(layout, "2", "backup", binlogs_only=False)
    for name in ("3", "4", "5"):
        run(layout, name, "backup", binlogs_only=True)
    journals.drop_old(layout)
    assert kept(layout, ".jsonl") == kept(layout, ".err") == ["1", "2", "4", "5"]
    for name in ("6", "7"):
        run(layout, name, "deploy")
    journals.drop_old(layout)
    assert kept(layout, ".jsonl") == kept(layout, ".err") == ["2", "4", "5", "6", "7"]
