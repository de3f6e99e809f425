"""What hosts said, for people and for programs: a table in a terminal, plain lines in a pipe, JSON.

A plain line has a row's values with a tab between them, the host first where there are several.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

Rows = Mapping[str, list[dict[str, Any]]]
MIB = 1024 * 1024


def show_rows(host_rows: Rows, columns: Sequence[str], as_json: bool) -> None:
    """Show the rows of each host; JSON has every field of a row, the others have ``columns``."""
    if as_json:
        show_json(host_rows)
        return
    shown = ["host", *columns] if len(host_rows) > 1 else list(columns)
    lines = [
        [cell(name, {"host": host, **row}.get(name)) for name in shown]
        for host, rows in host_rows.items()
        for row in rows
    ]
    if not sys.stdout.isatty():
        for line in lines:
            print("\t".join(line))
        return
    table = Table(*(name.replace("_", " ") for name in shown), box=None, header_style="bold")
    for line in lines:
        table.add_row(*(colored(text) for text in line))
    Console().print(table)


def show_json(host_rows: Rows) -> None:
    """Print one list with an object for each row, its host among its fields."""
    rows = [{"host": host, **row} for host, rows in host_rows.items() for row in rows]
    print(json.dumps(rows, ensure_ascii=False))


def cell(column: str, value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column == "memory":
        return f"{value / MIB:.1f} MiB"
    if column == "uptime":
        minutes, seconds = divmod(int(value), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}h{minutes:02}m{seconds:02}s" if hours else f"{minutes}m{seconds:02}s"
    # One row is one line, whatever somebody gave as a reason.
    return " ".join(str(value).split())


def colored(text: str) -> Any:
    """Return the text, and what is wrong in red; nothing in it is taken for markup."""
    from rich.text import Text

    bad = ("unhealthy", "missing", "exited", "failed", "refused", "interrupted", "dead")
    return Text(text, style="red" if any(text.startswith(word) for word in bad) else "")
