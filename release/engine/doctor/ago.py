"""How long ago something was, in words."""

from __future__ import annotations

UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


def ago(then_s: float, now_s: float) -> str:
    """As in "2 hours ago", by the largest unit of which there are two, or else minutes."""
    passed_s = now_s - then_s
    for unit, size_s in UNITS:
        count = int(passed_s // size_s)
        if count > 1:
            return f"{count} {unit}s ago"
    return "a minute ago" if passed_s >= UNITS[-1][1] else "less than a minute ago"
