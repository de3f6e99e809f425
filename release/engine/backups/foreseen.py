"""Looks at backups without a run: what a verb would do, and what there is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.interrupts import Interrupts
from engine.journal import Journal
from engine.layout import Layout
from engine.lock import Lock
from engine.tools import Task, Tools, Work


@contextmanager
def looking(layout: Layout, verb: str) -> Iterator[Tools]:
    """Tools for a look: nobody is kept from working meanwhile, and nothing is written down."""
    with tempfile.TemporaryDirectory(prefix="release-engine-") as folder:
        lock = Lock(Path(folder) / "lock")
        lock.acquire({"run": verb}, 0, lambda text: None)
        journal = Journal(Path(folder) / "journal.jsonl", verb)
        try:
            yield Tools(Task(verb, ""), layout, journal, Interrupts(), lock)
        finally:
            journal.close()
            lock.release()


def would(work: Work, verb: str, layout: Layout) -> dict[str, Any]:
    """What a work would change and why; a check that refuses is a reason, too."""
    with looking(layout, verb) as tools:
        try:
            reasons = work.plan(tools)
        except EngineError as error:
            return {"changed": False, "reasons": [str(error)]}
    return {"changed": bool(reasons), "reasons": reasons or [work.unchanged]}
