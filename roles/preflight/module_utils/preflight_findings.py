"""What a check says: the shape that all of preflight's checks share."""

from __future__ import annotations

from typing import Any

Finding = dict[str, Any]


def finding(
    check: str, ok: bool, expected: str, found: str, advice: str, note: str = ""
) -> Finding:
    """Say what one check expected and found, and what to do where it failed.

    `note` is the reason why a check passed that could not see what it looks for.
    """
    return {
        "check": check,
        "ok": ok,
        "expected": expected,
        "found": found,
        "advice": advice,
        "note": note,
    }
