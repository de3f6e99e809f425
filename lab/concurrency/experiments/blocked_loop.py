"""A loop beats every 10 ms. Beside it, a coroutine waits for something for 0.3 seconds.

Waiting by `time.sleep` (or by `requests`, or a driver for a database that is not made for loops)
blocks everything else in the loop, and nothing says so. The longest gap between two beats shows
it, and asyncio's debug mode (`PYTHONASYNCIODEBUG=1`) logs what took longer than
`loop.slow_callback_duration`, by name. Waiting by `await`, or in a thread (`asyncio.to_thread`),
does not.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable

from lab.concurrency.experiment import Experiment, Measured, Prediction, Run, Setting

WAIT_S = 0.3
BEAT_S = 0.01


async def waits_by_accident() -> None:
    """Looks harmless."""
    time.sleep(WAIT_S)  # the very mistake


async def waits_in_a_thread() -> None:
    """The same call, where it holds up nobody."""
    await asyncio.to_thread(time.sleep, WAIT_S)


async def waits_by_await() -> None:
    """Made for loops."""
    await asyncio.sleep(WAIT_S)


class Complaints(logging.Handler):
    """What asyncio logs about a coroutine."""

    def __init__(self, about: str) -> None:
        super().__init__()
        self.about = about
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line if it is about that one."""
        if self.about in record.getMessage():
            self.lines.append(record.getMessage())


async def longest_gap_ms(beside: Callable[[], Awaitable[None]]) -> float:
    """The longest time between two beats, in milliseconds, while the coroutine runs."""
    asyncio.get_running_loop().slow_callback_duration = WAIT_S / 2
    waiting = asyncio.ensure_future(beside())
    longest, last = 0.0, time.perf_counter()
    while not waiting.done():
        await asyncio.sleep(BEAT_S)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest * 1000


def watched(beside: Callable[[], Awaitable[None]]) -> tuple[float, list[str]]:
    """The longest gap, and what asyncio's debug mode said of the coroutine."""
    complaints = Complaints(beside.__name__)
    logger = logging.getLogger("asyncio")
    logger.addHandler(complaints)
    logger.propagate = False
    try:
        return asyncio.run(longest_gap_ms(beside), debug=True), complaints.lines
    finally:
        logger.removeHandler(complaints)


def shortened(lines: list[str]) -> str:
    """The lines, with files' names in place of their paths."""
    return "\n".join(re.sub(r"/\S*/", "", line) for line in lines)


def measure(run: Run) -> Measured:
    """Gaps and complaints of each way to wait."""
    ways = {
        "time.sleep": waits_by_accident,
        "to_thread": waits_in_a_thread,
        "await": waits_by_await,
    }
    gaps: dict[str, list[float]] = {name: [] for name in ways}
    said: dict[str, list[float]] = {name: [] for name in ways}
    note = ""
    for _ in range(run.rounds):
        for name, way in ways.items():
            gap, lines = watched(way)
            gaps[name].append(gap)
            said[name].append(float(len(lines)))
            note = note or shortened(lines)
    return Measured({"ms, longest gap": gaps, "warnings of debug mode": said}, note)


EXPERIMENT = Experiment(
    title="A loop that is blocked by accident",
    predictions=(
        Prediction(
            "time.sleep holds the loop up for all of its 0.3 seconds.",
            *("ms, longest gap", "time.sleep"),
            at_least=WAIT_S * 1000,
        ),
        Prediction(
            "The gap is at least 3 times that of the same call in a thread.",
            *("ms, longest gap", "time.sleep", "to_thread"),
            at_least=3,
        ),
        Prediction(
            "And at least 3 times that of a wait by await.",
            *("ms, longest gap", "time.sleep", "await"),
            at_least=3,
        ),
        Prediction(
            "Debug mode names the coroutine each time.",
            *("warnings of debug mode", "time.sleep"),
            at_least=1,
        ),
    ),
    measure=measure,
    limit_s=60,
    settings=(
        Setting(
            "The pool's crawler reads files in a thread ({line}), beside its loop.",
            "services/proxy_pool/proxypool/crawl.py",
            "await asyncio.to_thread(_read_file, result.source)",
        ),
        Setting(
            "A checker's heartbeat is a beat of its loop: a loop that is blocked is one that the "
            "health check finds ill ({line}).",
            "compose/proxy_pool/compose.yaml",
            'lasting, "60", proxypool-health, checker]',
        ),
    ),
)
