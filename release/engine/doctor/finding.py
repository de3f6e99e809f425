"""What a check found: how bad it is, in words, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import EXIT_FAILED, EXIT_OK, EXIT_UNHEALTHY

OK, ATTENTION, BROKEN = "ok", "attention", "broken"
EXIT_CODES = {OK: EXIT_OK, ATTENTION: EXIT_UNHEALTHY, BROKEN: EXIT_FAILED}
"""From good to bad, with the exit code of a `doctor` whose worst finding it is."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    check: str
    level: str
    says: str
    do: str = ""
    """What to do about it; empty where all is well."""

    def as_json(self) -> dict[str, Any]:
        """As `doctor --json` lists it."""
        return asdict(self)


def worst(findings: Iterable[Finding]) -> str:
    """The worst level among them; that nothing was looked at needs attention, too."""
    levels = list(EXIT_CODES)
    found = [levels.index(each.level) for each in findings]
    return levels[max(found)] if found else ATTENTION
