"""Findings as the lines that an operator reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class FilterModule:
    """The filters of this file, under the names that the role calls them by."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Give Ansible the filters by name."""
        return {"preflight_refusals": refusals, "preflight_notes": notes}


def refusals(findings: list[Mapping[str, Any]]) -> list[str]:
    """Give one line for each finding that failed: expected, found, what to do."""
    return [
        _one_line("expected {expected}; found {found}; do {advice}".format_map(finding))
        for finding in findings
        if not finding["ok"]
    ]


def notes(findings: list[Mapping[str, Any]]) -> list[str]:
    """Give one line for each finding that passed only because it could not be seen."""
    return [
        _one_line("{check}: {found}; {note}".format_map(finding))
        for finding in findings
        if finding["ok"] and finding.get("note")
    ]


def _one_line(text: str) -> str:
    return " ".join(text.split())
