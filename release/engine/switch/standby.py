"""Containers that serve nothing new any more and are kept: to go back to, and until their last
connections have ended. Written down before they give way, so that whoever comes next knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from engine.docker_api import Container
from engine.layout import Layout, changing, read_json, write_json

REMOVING = 1.0
"""The deadline of what somebody is removing at this moment: long over, and nobody takes it back."""


def ids(layout: Layout) -> set[str]:
    """The IDs of the containers on standby."""
    return set(read(layout))


def read(layout: Layout) -> dict[str, float]:
    """When each of them is to be removed at the latest (Unix time), by ID; 0: not settled yet."""
    found = read_json(layout.standby).get("containers")
    return {
        str(key): float(value)
        for key, value in (found if isinstance(found, dict) else {}).items()
        if isinstance(value, (int, float))
    }


def add(layout: Layout, containers: Iterable[Container]) -> None:
    """These give way from now on."""
    with _changing(layout) as kept:
        for each in containers:
            kept.setdefault(each.id, 0.0)


def set_deadlines(layout: Layout, deadlines: dict[str, float]) -> None:
    """From now on they only wait for their connections to end, until then at most."""
    with _changing(layout) as kept:
        kept.update({key: value for key, value in deadlines.items() if key in kept})


def claim(layout: Layout, container: str) -> bool:
    """Whether a container may be removed now: it waits for its end still, and nobody took it back.

    From then on nobody can.
    """
    with _changing(layout) as kept:
        if not kept.get(container):
            return False
        kept[container] = REMOVING
    return True


def take_back(layout: Layout, containers: Iterable[Container]) -> bool:
    """Have nobody remove these any more, as they are to serve again; whether all could be had."""
    with _changing(layout) as kept:
        had = True
        for each in containers:
            if kept.get(each.id) == REMOVING:
                had = False
            elif each.id in kept:
                kept[each.id] = 0.0
    return had


def going(layout: Layout) -> set[str]:
    """The IDs of those that somebody is removing."""
    return {key for key, deadline in read(layout).items() if deadline == REMOVING}


def discard(layout: Layout, gone: Iterable[str]) -> None:
    """These are gone, or serve again."""
    with _changing(layout) as kept:
        for each in gone:
            kept.pop(each, None)


def without(containers: Iterable[Container], layout: Layout) -> list[Container]:
    """The containers that are not on standby."""
    aside = ids(layout)
    return [each for each in containers if each.id not in aside]


@contextmanager
def _changing(layout: Layout) -> Iterator[dict[str, Any]]:
    """A deploy and the run that settles the one before it may change it at the same time."""
    with changing(layout.standby):
        before = read(layout)
        kept: dict[str, Any] = dict(before)
        yield kept
        if kept != before:
            write_json(layout.standby, {"containers": kept})
