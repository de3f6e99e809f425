"""Backups: whether there is one, whether it could be restored, and what is not in it yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from engine.backups import records
from engine.doctor.finding import ATTENTION, OK, Finding
from engine.doctor.look import Look
from engine.record import read_history

HOUR_S, DAY_S = 3600, 86400
BACKUP_OLD_S, DRILL_OLD_S, LOGS_OLD_S = 26 * HOUR_S, 8 * DAY_S, HOUR_S


def backup_age(look: Look) -> Iterator[Finding]:
    """The last backup, the last drill, and the copies of logs."""
    if look.incoming.backup is None:
        yield Finding("backup", OK, "this release says nothing of backups")
        return
    age_s = _age_s(records.noted(look.layout, records.BACKUP), look.now_s)
    if age_s is None:
        if _deployed_s(look) > DAY_S:
            yield Finding("backup", ATTENTION, "there never was a backup", "fab backup")
        else:
            yield Finding("backup", OK, "no backup yet, on a deployment of less than a day")
        return
    says = f"the last backup is {_hours(age_s)} old"
    old = age_s > BACKUP_OLD_S
    yield Finding("backup", ATTENTION if old else OK, says, "fab backup" if old else "")
    yield from _drilled(look)
    yield from _logs(look)


def _drilled(look: Look) -> Iterator[Finding]:
    drill = records.last_drill(look.layout)
    age_s = _age_s(drill, look.now_s)
    if age_s is None:
        if _deployed_s(look) > DRILL_OLD_S:
            yield Finding("drill", ATTENTION, "no backup was ever restored to try it", "fab drill")
    elif not drill.get("passed"):
        says = f"the last drill failed: {drill.get('message', '')}"
        yield Finding("drill", ATTENTION, says, "fab backup, then fab drill")
    elif age_s > DRILL_OLD_S:
        yield Finding("drill", ATTENTION, f"the last drill is {_hours(age_s)} ago", "fab drill")
    else:
        yield Finding("drill", OK, f"backup {drill.get('backup')} was restored to try it")


def _logs(look: Look) -> Iterator[Finding]:
    logs = look.incoming.backup.logs if look.incoming.backup else None
    if logs is None:
        return
    copying = [each for each in look.containers if each.service == logs.service]
    if not any(each.well for each in copying):
        says = f"{logs.service} does not copy {logs.part}'s logs, or is behind"
        yield Finding("logs", ATTENTION, says, f"see: fab logs {logs.service}")
    age_s = _age_s(records.noted(look.layout, records.LOGS), look.now_s)
    if age_s is None or age_s > LOGS_OLD_S:
        says = f"{logs.part}'s logs were last kept {_hours(age_s)} ago" if age_s else "never kept"
        do = "see its timer: systemctl list-timers 'luffy-bundle*'; fab backup --binlogs-only"
        yield Finding("logs", ATTENTION, says, do)


def _deployed_s(look: Look) -> float:
    """For how long there has been a deployment, in seconds."""
    history = read_history(look.layout)
    return (_age_s(history[0], look.now_s) or 0.0) if history else 0.0


def _age_s(entry: dict[str, Any], now_s: float) -> float | None:
    text = entry.get("time")
    if not isinstance(text, str):
        return None
    return now_s - datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _hours(age_s: float) -> str:
    hours = age_s / HOUR_S
    return f"{hours:.1f} h" if hours < 2 * DAY_S / HOUR_S else f"{age_s / DAY_S:.1f} days"
