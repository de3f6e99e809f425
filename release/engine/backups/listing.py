"""What is in the repository, and what the loss of a volume or of the host would cost."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from engine.backups import records
from engine.backups.deployed import deployed
from engine.backups.foreseen import looking
from engine.backups.manifest import MOMENT, time_of
from engine.backups.repository import backups_of
from engine.layout import Layout


def listing(layout: Layout) -> dict[str, Any]:
    """The backups, the latest first, with the worst loss."""
    with looking(layout, "backups") as tools:
        found = deployed(tools)
        whole = backups_of(found.repository.kept())
        stream = None
        if found.spec.logs is not None:
            copying = found.spec.logs.service
            containers = found.project.containers()
            stream = any(each.well for each in containers if each.service == copying)
    return {
        "repository": found.repository.address,
        "host": found.repository.host,
        "backups": [
            {"name": name, "time": time_of(name).strftime(MOMENT), "host": kept.host}
            for name, kept in reversed(list(whole.items()))
        ],
        "logs_kept": records.noted(layout, records.LOGS).get("time"),
        "last_drill": records.last_drill(layout) or None,
        "stream_well": stream,
        "losses": losses(layout, stream),
    }


def table(found: dict[str, Any]) -> list[str]:
    """The listing as lines for a terminal."""
    lines = [f"{each['name']}  {each['time']}  {each['host']}" for each in found["backups"]]
    lines = lines or ["no backup yet: fab backup"]
    return [*lines, "", f"repository: {found['repository']}", *found["losses"]]


def losses(layout: Layout, stream_well: bool | None) -> list[str]:
    """What would be lost, a line each: with the database's volume, and with this host's disk."""
    lines = []
    backup, logs = records.noted(layout, records.BACKUP), records.noted(layout, records.LOGS)
    kept = max((each["time"] for each in (backup, logs) if each), default=None)
    age = _age(kept)
    if stream_well is not None:
        copied = "less than a second of the database: every change is copied as it is written"
        lines.append(
            f"if the database's volume is lost: {copied if stream_well else age + ' of it'}"
        )
    lines.append(f"if this host's disk is lost: {age} of the database")
    lines.append(f"in both cases: {_age(backup.get('time'))} of Redis and of uploads")
    drill = records.last_drill(layout)
    if drill:
        outcome = "passed" if drill.get("passed") else "FAILED"
        lines.append(f"last drill: {drill.get('time')}, backup {drill.get('backup')}: {outcome}")
    return lines


def _age(moment: str | None) -> str:
    if moment is None:
        return "all"
    made = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    minutes = int((datetime.now(timezone.utc) - made).total_seconds() / 60)
    return f"the last {minutes} min" if minutes else "the last minute"
