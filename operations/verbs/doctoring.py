"""The verb that looks for what is known to go wrong."""

from __future__ import annotations

import json as json_format
import time
from typing import Any

from invoke import Context

from operations import engines
from operations.hosts import Host
from operations.showing import show_rows
from operations.verb import JSON_HELP, hosts_for, verb

BROKEN, NEEDS_ATTENTION = 1, 3
COLUMNS = ["level", "check", "says", "do"]
CLOCK_ODD_S, CLOCK_WRONG_S = 5, 60
"""What SSH and two looks at a clock may take is within the first."""

Row = dict[str, Any]


@verb(help=JSON_HELP)
def doctor(
    c: Context, json: bool = False, inventory: str = "inventory.ini", hosts: str = ""
) -> None:
    """Look for what is known to go wrong, and say what to do.  Example: fab doctor

    Exits with 0 if all is well, 3 if something needs attention, 1 if something is broken.
    """
    rows = {host.name: findings(host) for host in hosts_for(c, inventory, hosts)}
    show_rows(rows, COLUMNS, json)
    levels = {row["level"] for found in rows.values() for row in found}
    if "broken" in levels:
        engines.end(BROKEN)
    engines.end(NEEDS_ATTENTION if "attention" in levels else 0)


def findings(host: Host) -> list[Row]:
    """Return what a host's engine found, and whether its clock and this machine's agree."""
    answer = host.engine(["doctor", "--json"], capture=True)
    now_s = time.time()
    try:
        told = json_format.loads(answer.out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        says = f"its engine gave no answer (exit code {answer.code})"
        return [finding("engine", "broken", says, f"fab status --hosts {host.name}")]
    return sorted([*told["findings"], clock(told["time_s"] - now_s)], key=place)


def clock(ahead_s: float) -> Row:
    """Return what it means that a host's clock is so many seconds ahead of this machine's."""
    if abs(ahead_s) < CLOCK_ODD_S:
        return finding("clocks", "ok", "the host's and this machine's agree")
    says = (
        f"the host's is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this one's"
    )
    level = "broken" if abs(ahead_s) > CLOCK_WRONG_S else "attention"
    return finding("clocks", level, says, "see on both: chronyc tracking")


def finding(check: str, level: str, says: str, do: str = "") -> Row:
    """Return a finding as the engine gives it."""
    return {"check": check, "level": level, "says": says, "do": do}


def place(row: Row) -> int:
    """Return where a finding stands: what matters most comes first."""
    return ["broken", "attention", "ok"].index(row["level"])
