"""Which release a rollback goes back to."""

from __future__ import annotations

from engine.errors import NoInputError, RefusedError
from engine.layout import Layout
from engine.record import deployed_ids
from engine.resolve import is_intact
from engine.status import require_current


def earlier(layout: Layout, asked: str | None) -> str:
    """The release that was asked for, or the last that was current before this one.

    Raises NoInputError if there is no such release, RefusedError if its files were changed.
    """
    current = require_current(layout)
    known = [each for each in deployed_ids(layout) if layout.release(each).is_dir()]
    before = [each for each in known if each != current]
    release = asked or (before[0] if before else None)
    if release is None:
        raise NoInputError(
            "rollback", "a release that was current before", "none", "deploy what you want to run"
        )
    if release not in known:
        raise NoInputError(
            f"release {release}",
            f"one that was current on this host ({', '.join(known)})",
            "none of them",
            "see: fab releases",
        )
    folder = layout.release(release)
    if not is_intact(folder):
        raise RefusedError(
            f"release {release}",
            f"its files in {folder} as they were written",
            "changed or missing ones",
            "deploy what you want to run",
        )
    return release
