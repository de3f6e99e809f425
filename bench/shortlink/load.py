"""Asks for redirects over and over; prints how fast they came.

    load.py [--clients 32] [--seconds 1] [--rounds 7]

The cases are asked in turns, in several rounds, so that whatever else the machine does falls on all
of them. Connections are kept, so that what is measured is the service and not its accepting. Prints
one JSON object: for each case its redirects a second (the median of the rounds), the 50th and 99th
percentile of all durations in milliseconds, and how many answers were no 302, by status: `cut` are
those that never came whole.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

_CODES = Path("/shared/codes.json")
_HOST = "127.0.0.1"
_SERVICE, _BARE, _WITHOUT_REDIS = 8002, 8003, 8004
_HEADERS = (
    "Host: 127.0.0.1:8002\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    "X-Forwarded-For: 192.0.2.1\r\nX-Request-ID: 0123456789abcdef\r\n"
    "Referer: https://example.org/\r\n\r\n"
)


@dataclass
class Case:
    """One kind of request, and how it went."""

    port: int
    codes: Iterator[str]
    rates: list[float] = field(default_factory=list)
    durations_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)


class Client(asyncio.Protocol):
    """A connection that asks again as soon as it was answered, until the round is over."""

    def __init__(self, case: Case, end: float) -> None:
        self._case = case
        self._end = end
        self._began = 0.0
        self._read = b""
        self._waiting = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Count an answer, and ask for the next. A redirect is a head without a body."""
        self._read += data
        if not self._read.endswith(b"\r\n\r\n") and not self._is_whole():
            return
        now = time.perf_counter()
        self._case.durations_s.append(now - self._began)
        self._case.statuses[self._read[9:12].decode("latin-1")] += 1
        self._read = b""
        self._waiting = False
        if now < self._end:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """Count what was asked and not answered."""
        if self._waiting:
            self._case.statuses["cut"] += 1
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        request = f"GET /{next(self._case.codes)} HTTP/1.1\r\n{_HEADERS}".encode()
        self._began = time.perf_counter()
        self._waiting = True
        self._transport.write(request)

    def _is_whole(self) -> bool:
        head, end, body = self._read.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return bool(end) and len(body) >= int(length or 0)


async def measure(case: Case, clients: int, seconds: float) -> None:
    """One round of one case."""
    loop = asyncio.get_running_loop()
    before = len(case.durations_s)
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Client(case, began + seconds), _HOST, case.port)
        for _number in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in opened))
    case.rates.append((len(case.durations_s) - before) / (time.perf_counter() - began))


def result(case: Case) -> dict[str, Any]:
    """How a case went, in figures."""
    parts = statistics.quantiles(case.durations_s, n=100)
    return {
        "per_s": round(statistics.median(case.rates), 1),
        "p50_ms": round(parts[49] * 1000, 2),
        "p99_ms": round(parts[98] * 1000, 2),
        "answers": len(case.durations_s),
        "not_302": {status: count for status, count in case.statuses.items() if status != "302"},
    }


async def run(clients: int, seconds: float, rounds: int) -> dict[str, Case]:
    """All cases."""
    asked = json.loads(_CODES.read_text())
    cases = {
        "bare": Case(_BARE, itertools.cycle(asked["popular"])),
        "popular": Case(_SERVICE, itertools.cycle(asked["popular"])),
        "without redis": Case(_WITHOUT_REDIS, itertools.cycle(asked["popular"])),
    }
    if asked["others"]:
        cases["others"] = Case(_SERVICE, itertools.cycle(asked["others"]))
    for case in cases.values():
        # Each process has its connections, and what is popular is in Redis: that is not measured.
        await measure(case, clients, seconds)
        case.rates.clear()
        case.durations_s.clear()
        case.statuses.clear()
    for _round in range(rounds):
        for case in cases.values():
            await measure(case, clients, seconds)
    return cases


def main() -> None:
    """Measure."""
    import uvloop  # the service's image has it; who reads this file elsewhere needs it not

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    cases = uvloop.run(run(options.clients, options.seconds, options.rounds))
    print(json.dumps({name: result(case) for name, case in cases.items()}))


if __name__ == "__main__":
    main()
