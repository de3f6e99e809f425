"""Requests a second of one API process, by the pool's size.

Fills a table for each size, starts `proxypool server` for each on the settings of the environment,
and asks one after the other for `/get/` and `/count/` over connections that stay open, in rounds of
three seconds: what else a shared machine does comes and goes in seconds, and so falls on all sizes.
Prints the medians as one JSON array.

    api.py REDIS_URL [--sizes 100,1000,10000,100000] [--connections 32] [--seconds S] [--rounds N]
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from typing import cast

import uvloop
from proxypool.settings import load
from redis.asyncio import Redis
from store import fill, open_store, proxies

_WARM_UP_S = 0.1


class Client(asyncio.Protocol):
    """Asks one thing over and over; counts answers, and those that are no 200."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answers = self.failures = 0
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        """Ask again after each whole answer."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or self._transport is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self.answers += 1
        self.failures += not head.startswith(b"HTTP/1.1 200 ")
        self._transport.write(self.request)

    def close(self) -> None:
        """Stop asking."""
        if self._transport is not None:
            self._transport.abort()


async def rate(host: str, port: int, path: str, connections: int, seconds: float) -> float:
    """Answers a second. Raises RuntimeError where one was not a 200."""
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    clients = [Client(request) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, host, port)
    await asyncio.sleep(_WARM_UP_S)
    before, started = sum(client.answers for client in clients), time.monotonic()
    await asyncio.sleep(seconds)
    after, took_s = sum(client.answers for client in clients), time.monotonic() - started
    for client in clients:
        client.close()
    if failures := sum(client.failures for client in clients):
        raise RuntimeError(f"{failures} answers to {path} were no 200")
    return (after - before) / took_s


async def up(host: str, port: int) -> None:
    """Wait until the server listens, at most half a minute."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


async def written(url: str) -> None:
    """Wait until Redis has rewritten its file: that takes a core."""
    redis = Redis.from_url(url)
    async with asyncio.timeout(120):
        while (await redis.info("persistence"))["aof_rewrite_in_progress"]:
            await asyncio.sleep(0.2)
    await redis.aclose()


async def measure(
    url: str, sizes: list[int], connections: int, seconds: float, rounds: int
) -> list[dict[str, float]]:
    """Each size in turn, `rounds` times."""
    for size in sizes:
        store = open_store(url, size)
        await fill(store, proxies(size))
        await store.close()
    await written(url)
    ports = {size: load("server").port + number for number, size in enumerate(sizes)}
    servers = [
        subprocess.Popen(
            [sys.executable, "-m", "proxypool", "server"],
            env={**os.environ, "TABLE_NAME": f"proxy_pool:bench:{size}", "PORT": str(port)},
        )
        for size, port in ports.items()
    ]
    rates: dict[tuple[int, str], list[float]] = {}
    try:
        for port in ports.values():
            await up("127.0.0.1", port)
        for _ in range(rounds):
            for size, port in ports.items():
                for path in ("/get/", "/count/"):
                    found = await rate("127.0.0.1", port, path, connections, seconds)
                    rates.setdefault((size, path), []).append(found)
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(timeout=30)
    return [
        {
            "proxies": size,
            "get": statistics.median(rates[size, "/get/"]),
            "count": statistics.median(rates[size, "/count/"]),
        }
        for size in sizes
    ]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="redis://user:password@host:port/number, which is written to")
    parser.add_argument("--sizes", default="100,1000,10000,100000")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    measuring = measure(options.url, sizes, options.connections, options.seconds, options.rounds)
    print(json.dumps(uvloop.run(measuring)))


if __name__ == "__main__":
    main()
