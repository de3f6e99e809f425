"""Baseline B, the ceiling: a bare asyncio + uvloop loop that connects, sends and reads; no more.

What comes back is not looked at, beyond whether anything came. Reads proxies from standard input,
one a line; prints one JSON object. With several processes each takes its share of proxies and of
the connections in flight.

    loop.py --url URL --timeout SECONDS --in-flight N [--processes N]
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from typing import cast
from urllib.parse import urlsplit

import uvloop


class Connection(asyncio.Protocol):
    """Sends one request and waits for the end of what comes."""

    def __init__(self, request: bytes, ended: "asyncio.Future[bool]") -> None:
        self.request = request
        self.ended = ended
        self.received = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Read."""
        self.received += len(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer closed, or we did after the timeout."""
        if not self.ended.done():
            self.ended.set_result(self.received > 0)


async def connect(host: str, port: int, request: bytes, timeout_s: float) -> bool:
    """One connection; whether anything came back in time."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[bool] = loop.create_future()
    connection = Connection(request, ended)
    timer = loop.call_later(timeout_s, lambda: ended.done() or ended.set_result(False))
    try:
        await loop.create_connection(lambda: connection, host, port)
        return await ended
    except OSError:
        return False
    finally:
        timer.cancel()
        if connection.transport is not None:
            connection.transport.abort()


async def all_of(proxies: list[str], url: str, timeout_s: float, in_flight: int) -> int:
    """Connect to each proxy once; how many answered."""
    host = urlsplit(url).netloc
    request = f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    left = iter(proxies)
    answered = 0

    async def work() -> None:
        nonlocal answered
        for proxy in left:
            address, _, port = proxy.rpartition(":")
            # Not `answered += await …`: that reads the sum before the wait.
            came = await connect(address, int(port), request, timeout_s)
            answered += came

    await asyncio.gather(*(work() for _ in range(in_flight)))
    return answered


def share(proxies: list[str], url: str, timeout_s: float, in_flight: int) -> int:
    """One process's part."""
    return uvloop.run(all_of(proxies, url, timeout_s, in_flight))


def main() -> None:
    """Connect to every proxy of standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    proxies = sys.stdin.read().split()
    count = options.processes
    parts = [
        (proxies[index::count], options.url, options.timeout, options.in_flight // count)
        for index in range(count)
    ]
    with multiprocessing.get_context("forkserver").Pool(count) as pool:
        pool.map(abs, range(count))  # the processes are up before the clock starts
        started = time.monotonic()
        answered = sum(pool.starmap(share, parts, chunksize=1))
        took_s = time.monotonic() - started
    print(
        json.dumps(
            {
                "connections": len(proxies),
                "seconds": round(took_s, 2),
                "connections_per_s": round(len(proxies) / took_s, 1),
                "answered": answered,
            }
        )
    )


if __name__ == "__main__":
    main()
