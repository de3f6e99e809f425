"""Maintenance: the course site is closed to all but some, until a person opens it again.

The edge's configuration is shipped with two files that are empty but for a remark; while the state
says that the site is closed, they are installed filled. So it outlives restarts, reboots and
deploys.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from engine.layout import Layout, read_json

CLOSED_FILE, LET_FILE = "maintenance.map", "maintenance.let"
DEFAULT_RETRY_AFTER_S = 300
"""What callers are told if nobody says how long it takes."""


def state(layout: Layout) -> dict[str, Any] | None:
    """Who closed the site: by, why, since, until, let, retry_after_s. None while it is open."""
    found = read_json(layout.maintenance)
    return found if isinstance(found.get("since"), str) else None


def filled(tree: Mapping[str, bytes], now: Mapping[str, Any] | None) -> dict[str, bytes]:
    """The edge's files as they have to lie on the host in that state."""
    wanted = dict(tree)
    if now is None or not can_close(tree):
        return wanted
    retry_after_s = now.get("retry_after_s", DEFAULT_RETRY_AFTER_S)
    lines = [f"closed yes\nretry_after {int(retry_after_s)}\n"]
    wanted[CLOSED_FILE] = tree[CLOSED_FILE] + "".join(lines).encode()
    wanted[LET_FILE] = tree[LET_FILE] + "".join(f"{each}\n" for each in now["let"]).encode()
    return wanted


def can_close(tree: Mapping[str, bytes]) -> bool:
    """Whether that edge's configuration has the files for it."""
    return CLOSED_FILE in tree and LET_FILE in tree


def describe(now: Mapping[str, Any]) -> str:
    """The state in one line."""
    why = f" ({now['why']})" if now.get("why") else ""
    until = f", expected until {now['until']}" if now.get("until") else ""
    let = f", open to {', '.join(now['let'])}" if now.get("let") else ""
    return f"on since {now['since']} by {now['by']}{why}{until}{let}"


def addresses(text: str) -> list[str]:
    """The addresses and networks of a list with commas, each once, as the edge reads them.

    Raises ValueError, naming the first that is none.
    """
    found = [each.strip() for each in text.split(",") if each.strip()]
    networks = [str(ipaddress.ip_network(each, strict=False)) for each in found]
    return list(dict.fromkeys(networks))
