"""What a service's containers are, seen from the release that is to run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.docker_api import Container
from engine.incoming import ServiceSpec
from engine.resolve import replicas

ANNOUNCED = "announced"


@dataclass(frozen=True)
class Situation:
    """One service: the containers of the release's own definition, and all others of it."""

    service: str
    spec: ServiceSpec
    wanted: int
    """How many containers there are to be."""
    ours: tuple[Container, ...]
    """Those that can serve: they are well, on standby, or were made and not started yet."""
    others: tuple[Container, ...]
    """Of another definition, more than are wanted, or not well."""
    standby: frozenset[str]
    """The IDs of those that have given way already."""

    @property
    def giving_way(self) -> list[Container]:
        """Those that are still to give way."""
        return [each for each in self.others if each.id not in self.standby]

    @property
    def back(self) -> list[Container]:
        """Those of the release that had given way, and are to serve again."""
        return [each for each in self.ours if each.id in self.standby]

    @property
    def unstarted(self) -> list[Container]:
        """Those that were made by this run, or by one that was cut off, and not started yet."""
        return [each for each in self.ours if each.unstarted]

    @property
    def missing(self) -> int:
        """How many containers are to be made."""
        return self.wanted - len(self.ours)

    @property
    def is_reached(self) -> bool:
        """Whether the release's containers serve, and nothing else does."""
        return not (self.missing or self.giving_way or self.back or self.unstarted)

    @property
    def is_switched(self) -> bool:
        """Whether there is something to lose: containers that serve, and may not just be replaced.

        A service of which nothing is well, and which has nothing on standby, is simply started.
        """
        if self.spec.switch == ANNOUNCED or self.is_reached:
            return False
        served = len(self.ours) > len(self.unstarted)
        return served or any(each.well for each in self.others)


def situation(
    service: str,
    spec: ServiceSpec,
    definition: Mapping[str, Any],
    config_hash: str,
    image_id: str | None,
    containers: Iterable[Container],
    standby: Iterable[str],
    going: Iterable[str] = (),
) -> Situation:
    """Sort a service's containers; `image_id` is None where the image is not compared.

    Those that are `going`, of the ones on standby, are being removed: they serve nobody again.
    """
    aside, lost = frozenset(standby), frozenset(going)
    wanted = replicas(definition)
    mine: list[Container] = []
    others: list[Container] = []
    for each in containers:
        if each.service != service or each.one_off:
            continue
        same = each.config_hash == config_hash and image_id in (None, each.image_id)
        usable = each.well or each.id in aside or each.unstarted
        (mine if same and usable and each.id not in lost else others).append(each)
    # Those that serve before those that have given way, the older before the newer.
    mine.sort(key=lambda each: (each.unstarted, each.id in aside, each.started_at))
    return Situation(service, spec, wanted, tuple(mine[:wanted]), (*others, *mine[wanted:]), aside)
