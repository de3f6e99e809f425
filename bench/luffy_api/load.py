"""Asks the service over and over; prints how fast it answered.

    load.py CASES [--clients 8] [--seconds 1] [--rounds 7]

CASES are names of /shared/requests.json, parted by semicolons. They are asked in turns, in several
rounds, so that whatever else the machine does falls on all of them. Each request has a connection
of its own, as the edge makes them. Prints one JSON object: for each case its answers a second (the
median of the rounds), the 50th and 99th percentile of all durations in milliseconds, and how many
answers were not 200, by status.
"""

import argparse
import http.client
import itertools
import json
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ADDRESS = ("127.0.0.1", 8000)
_REQUESTS = Path("/shared/requests.json")


@dataclass
class Case:
    """One kind of request, and how it went."""

    requests: Iterator[bytes]
    rates: list[float] = field(default_factory=list)
    durations_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)


def raw(request: dict[str, Any]) -> bytes:
    """A request as it goes over the wire."""
    body = request.get("body", "").encode()
    lines = [
        f"{request['method']} {request['path']} HTTP/1.1",
        "Host: 127.0.0.1",
        "X-Forwarded-For: 192.0.2.1",
        "Accept-Language: en",
        "Connection: close",
    ]
    if "token" in request:
        lines.append(f"Authorization: Bearer {request['token']}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join((*lines, "", "")).encode() + body


def ask(request: bytes) -> str:
    """Send a request and read its answer to the end; its status."""
    with socket.create_connection(ADDRESS, timeout=30) as connection:
        connection.sendall(request)
        answer = connection.recv(65536)
        head = answer[:12].decode("latin-1")
        while answer:
            answer = connection.recv(65536)
    return head.removeprefix("HTTP/1.1 ")


def measure(case: Case, clients: int, seconds: float) -> None:
    """One round of one case."""
    end = time.monotonic() + seconds
    lock = threading.Lock()
    answered = 0

    def client() -> None:
        nonlocal answered
        mine: list[float] = []
        statuses: Counter[str] = Counter()
        while (began := time.monotonic()) < end:
            with lock:
                request = next(case.requests, None)
            if request is None:
                break
            try:
                statuses[ask(request)] += 1
            except (OSError, http.client.HTTPException) as error:
                statuses[type(error).__name__] += 1
            mine.append(time.monotonic() - began)
        with lock:
            answered += len(mine)
            case.durations_s += mine
            case.statuses += statuses

    began = time.monotonic()
    threads = [threading.Thread(target=client) for _number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case.rates.append(answered / (time.monotonic() - began))


def result(case: Case) -> dict[str, Any]:
    """How a case went, in figures."""
    parts = statistics.quantiles(case.durations_s, n=100)
    return {
        "per_s": round(statistics.median(case.rates), 1),
        "p50_ms": round(parts[49] * 1000, 2),
        "p99_ms": round(parts[98] * 1000, 2),
        "answers": len(case.durations_s),
        "not_200": {status: count for status, count in case.statuses.items() if status != "200"},
    }


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", help="names, parted by semicolons")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    asked = json.loads(_REQUESTS.read_text())
    cases = {}
    for name in options.cases.split(";"):
        requests = [raw(request) for request in asked[name]]
        # An order is placed once: placing the same again hands back the one that is there.
        once = any("token" in request for request in asked[name])
        cases[name] = Case(iter(requests) if once else itertools.cycle(requests))
    for case in cases.values():
        # Each process has its connections and its cache, and none of that is measured.
        measure(case, options.clients, min(options.seconds, 0.5))
        case.rates.clear()
        case.durations_s.clear()
        case.statuses.clear()
    for _round in range(options.rounds):
        for case in cases.values():
            measure(case, options.clients, options.seconds)
    print(json.dumps({name: result(case) for name, case in cases.items()}))


if __name__ == "__main__":
    main()
