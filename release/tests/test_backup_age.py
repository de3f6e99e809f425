"""What `doctor` says of backups, drills and copies of logs, by their age."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from engine.backups.spec import BackupSpec, LogsSpec, PartSpec
from engine.doctor.backup_age import backup_age
from engine.layout import Layout

NOW_S = 1_800_000_000.0
HOUR_S, DAY_S = 3600, 86400
LOGS = LogsSpec("database", "copier", ("flush",), "/logs", ("replay",))
SPEC = BackupSpec("repository", "key", (PartSpec("database", "db", ("a",), ("b",)),), LOGS)


class Copier:
    """A container of the service that copies the logs."""

    service = "copier"

    def __init__(self, *, well: bool) -> None:
        self.well = well


class Planted:
    """What the check is given: a host with records of such ages, in seconds."""

    def __init__(
        self, root: Path, *, deployed_s: float = 0, well: bool = True, **records: Any
    ) -> None:
        self.layout, self.now_s = Layout(root), NOW_S
        self.containers = [Copier(well=well)]
        self.incoming = type("Incoming", (), {"backup": SPEC})()
        (root / "state").mkdir()
        (root / "history.jsonl").write_text(json.dumps({"time": moment(deployed_s)}) + "\n")
        told = {name: {"time": moment(age_s)} for name, age_s in records.items() if name != "drill"}
        (root / "state/backups.json").write_text(json.dumps(told))
        if "drill" in records:
            age_s, passed = records["drill"]
            drill = {"time": moment(age_s), "passed": passed, "backup": "B", "message": "a row"}
            (root / "state/drills.json").write_text(json.dumps(drill))


def moment(age_s: float) -> str:
    return datetime.fromtimestamp(NOW_S - age_s, timezone.utc).isoformat().replace("+00:00", "Z")


def found(planted: Planted) -> "dict[str, str]":
    return {each.check: each.level for each in backup_age(planted)}  # type: ignore[arg-type]


def test_all_is_well(tmp_path: Path) -> None:
    planted = Planted(tmp_path, backup=HOUR_S, logs=60, drill=(DAY_S, True))
    assert found(planted) == {"backup": "ok", "drill": "ok"}


@pytest.mark.parametrize(("deployed_s", "level"), [(HOUR_S, "ok"), (2 * DAY_S, "attention")])
def test_no_backup_yet(tmp_path: Path, deployed_s: float, level: str) -> None:
    assert found(Planted(tmp_path, deployed_s=deployed_s)) == {"backup": level}


@pytest.mark.parametrize(
    ("records", "check"),
    [
        ({"backup": 27 * HOUR_S}, "backup"),
        ({"drill": (9 * DAY_S, True)}, "drill"),
        ({"drill": (HOUR_S, False)}, "drill"),
        ({"logs": 2 * HOUR_S}, "logs"),
        ({"well": False}, "logs"),
    ],
)
def test_what_needs_attention(tmp_path: Path, records: "dict[str, Any]", check: str) -> None:
    planted = Planted(tmp_path, **{"backup": HOUR_S, "logs": 60, "drill": (DAY_S, True), **records})
    findings = found(planted)
    assert findings.pop(check) == "attention"
    assert set(findings.values()) <= {"ok"}


def test_no_drill_ever(tmp_path: Path) -> None:
    planted = Planted(tmp_path, deployed_s=9 * DAY_S, backup=HOUR_S, logs=60)
    assert found(planted)["drill"] == "attention"
