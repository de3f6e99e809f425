"""How many wait at once is what those who wait say, and not how many were asked to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest

from lab.concurrency.experiments.ten_thousand import (
    Waiting,
    coroutines,
    processes,
    threads,
)
from lab.concurrency.rounds import in_a_fork


@pytest.mark.parametrize("way", [coroutines, threads, processes])
def test_those_that_wait_together_are_counted(way: Callable[[int], int]) -> None:
    assert in_a_fork(lambda: way(20)) == 20


def test_those_that_are_let_go_before_they_come_never_wait_together() -> None:
    assert coroutines(20, within_s=0) == 1


def test_the_most_is_told_and_not_all_that_ever_waited() -> None:
    waiting = Waiting([0, 0], nullcontext())
    for _ in range(3):
        waiting.begin()
        waiting.begin()
        waiting.end()
        waiting.end()
    assert (waiting.most, waiting.now) == (2, 0)
