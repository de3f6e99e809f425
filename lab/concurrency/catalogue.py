"""The experiments, in the order in which they are told."""

from __future__ import annotations

import importlib
from typing import cast

from lab.concurrency.experiment import Experiment
from lab.errors import LabError

NAMES = (
    "waiting",
    "computing",
    "gil",
    "free_threaded",
    "startup",
    "memory",
    "ten_thousand",
    "lost_update",
    "deadlock",
    "reentrant",
    "talk",
    "talk_redis",
    "blocked_loop",
    "servers",
)
EXPERIMENTS = "lab.concurrency.experiments"


def chosen(names: list[str]) -> list[str]:
    """The experiments named, or all. Raises LabError at a name that is none."""
    if unknown := [name for name in names if name not in NAMES]:
        raise LabError(
            "concurrency",
            expected=f"some of {', '.join(NAMES)}",
            found=", ".join(unknown),
            do="see lab concurrency --list",
        )
    return [name for name in NAMES if name in names or not names]


def load(name: str, package: str = EXPERIMENTS) -> Experiment:
    """The experiment of that name."""
    return cast("Experiment", importlib.import_module(f"{package}.{name}").EXPERIMENT)


def about(name: str, package: str = EXPERIMENTS) -> str:
    """What its file says of it."""
    return (importlib.import_module(f"{package}.{name}").__doc__ or "").strip()
