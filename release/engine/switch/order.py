"""In which order services are switched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def in_order(services: Mapping[str, Mapping[str, Any]], edge: str | None) -> list[str]:
    """What others depend on before them, by `depends_on`, else by name; the edge last.

    A circle, which compose refuses, would end here as well: each service comes once.
    """
    ordered: list[str] = []
    visited: set[str] = set()

    def visit(name: str) -> None:
        if name in visited or name not in services:
            return
        visited.add(name)
        for need in sorted(services[name].get("depends_on") or {}):
            visit(need)
        ordered.append(name)

    for name in sorted(services):
        visit(name)
    last = [name for name in ordered if name == edge]
    return [name for name in ordered if name != edge] + last
