"""How many containers of which service are asked for, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.errors import NoInputError, UsageError
from engine.layout import Layout
from engine.reader import read_incoming

WISH = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)=(\d{1,3})")
MOST = 16
# Of the others, one alone may run, or each has data of its own.
SCALED = ("beside", "overlap")


def read_scale(layout: Layout, release: str, wishes: Iterable[str]) -> dict[str, int]:
    """How many containers of each service, out of words such as `luffy_api=2`.

    Raises UsageError for what is no such word, NoInputError for a service that cannot be scaled.
    """
    services = read_incoming(layout.release(release) / "incoming").services
    known = sorted(name for name, spec in services.items() if spec.switch in SCALED)
    scale = {}
    for wish in wishes:
        found = WISH.fullmatch(wish)
        if not found or not 1 <= int(found[2]) <= MOST:
            raise UsageError(
                "scale", f"SERVICE=N with N from 1 to {MOST}", wish, "such as: luffy_worker=2"
            )
        if found[1] not in known:
            raise NoInputError(
                f"service {found[1]}",
                f"one that may run more than once ({', '.join(known) or 'there is none'})",
                found[1],
                "name one of them",
            )
        scale[found[1]] = int(found[2])
    return scale
