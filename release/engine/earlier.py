"""Which release a rollback goes back to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from engine.errors import NoInputError, RefusedError
from engine.layout import Layout
from engine.record import deployed_ids
from engine.resolve import as_shipped, is_intact
from engine.status import require_current


def way_back(layout: Layout, asked: str | None) -> Callable[[], str]:
    """What finds the release to go back to, now and again under the lock.

    Without a name it is the one before what is current now. Where another run has made another
    release current meanwhile, nobody can say which of the two is to be left: RefusedError.
    """
    seen = require_current(layout)

    def find() -> str:
        current = require_current(layout)
        if asked is None and current != seen:
            raise RefusedError(
                "rollback",
                f"release {seen}, which was current when it was asked for",
                f"{current}, which is current now",
                "see fab releases, then ask again",
            )
        return earlier(layout, asked)

    return find


def earlier(layout: Layout, asked: str | None) -> str:
    """The release that was asked for, or the last before this one that was shipped differently.

    Raises NoInputError if there is no such release, RefusedError if its files were changed.
    """
    current = require_current(layout)
    known = [each for each in deployed_ids(layout) if layout.release(each).is_dir()]
    release = asked or next(differently_shipped(layout, current, known), None)
    if release is None:
        raise NoInputError(
            "rollback",
            "a release that was current before",
            "none that was shipped differently",
            "deploy what you want to run",
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


def differently_shipped(layout: Layout, current: str, known: Iterable[str]) -> Iterator[str]:
    """Those of some releases that are not the current one with other settings of this host.

    Scaling and restoring make releases too; to go back to one of those would change nothing.
    """
    now = as_shipped(layout.release(current))
    return (each for each in known if as_shipped(layout.release(each)) != now)
