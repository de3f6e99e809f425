"""Old journals: of each kind of run the last ones stay, however often another kind runs."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from engine.journal import read_events
from engine.layout import Layout

KEPT = 100
KINDS = (".jsonl", ".err", ".reserve")


def drop_old(layout: Layout) -> None:
    """Remove the journals that are not among the last hundred of their kind.

    A timer keeps logs every few minutes: what the deploys did would be gone within a day.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(layout.journals.glob("*.jsonl"), reverse=True):
        found[_kind(path)].append(path)
    for paths in found.values():
        for path in paths[KEPT:]:
            for suffix in KINDS:
                path.with_suffix(suffix).unlink(missing_ok=True)


def _kind(path: Path) -> str:
    try:
        for _, event in read_events(path):
            if event.get("event") == "run_started":
                logs_alone = (event.get("arguments") or {}).get("binlogs_only")
                return f"{event.get('verb')} --binlogs-only" if logs_alone else str(event["verb"])
    except FileNotFoundError:
        # Another run has removed it since it was listed.
        return ""
    return ""
