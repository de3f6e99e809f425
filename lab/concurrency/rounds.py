"""How things are measured so that they can be compared."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(rounds: int, ways: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Ask each way once a round: whatever else the machine does falls on all of them."""
    figures: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():
            figures[name].append(measure())
    return figures


def in_a_fork(measure: Callable[[], float]) -> float:
    """What ``measure`` returns in a process of its own, whose memory nobody has used before.

    Raises EOFError where it ends without an answer.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=lambda: there.send(measure()))
    child.start()
    there.close()
    try:
        return float(here.recv())
    finally:
        here.close()
        child.join()
