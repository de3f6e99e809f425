"""What the gateway costs: latency, requests a second, and speed of one long download.

Measures four ways to one site, all on loopback: directly, by an upstream alone, by the gateway over
that upstream, and by proxy.py as a plain proxy. The gateway's way has a hop more than all others:
its own cost is the difference to the upstream's. Prints one JSON array, a row for each way.

    gateway.py [--seconds 5] [--connections 32] [--megabytes 1000] [--proxy-py DIRECTORY]

Runs `proxypool gateway` on the settings of the environment (DB_CONN: an empty Redis). proxy.py is
measured where DIRECTORY holds it: `pip install --target DIRECTORY --require-hashes
-r gateway-requirements.lock`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol
from proxypool.settings import load
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

HOST = "127.0.0.1"
SITE, UPSTREAM, GATEWAY, HEALTH, PROXY_PY = 18080, 18081, 18082, 18083, 18084
ACCOUNT, SECRET = "bench", "for-this-run-alone"
LOGIN = "Proxy-Authorization: Basic YmVuY2g6Zm9yLXRoaXMtcnVuLWFsb25l\r\n"
SMALL = b"HTTP/1.1 200 OK\r\nContent-Length: 128\r\n\r\n" + b"x" * 128
BLOCK = b"y" * 262_144
_SIZE = re.compile(rb"GET (?:http://[^/]+)?/bytes/(\d+) ")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Way:
    """How the site is reached."""

    name: str
    port: int
    is_proxy: bool = True
    login: str = ""

    def request(self, path: str) -> bytes:
        """A GET request, as one says it this way."""
        target = f"http://{HOST}:{SITE}{path}" if self.is_proxy else path
        return f"GET {target} HTTP/1.1\r\nHost: {HOST}:{SITE}\r\n{self.login}\r\n".encode()


# The site and the upstream, each a process of its own.


class _Site(asyncio.Protocol):
    """Answers 128 bytes, or as many as `/bytes/N` asks for, as fast as the client takes them."""

    def __init__(self) -> None:
        self._buffer = b""
        self._left = 0
        self._paused = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            size = _SIZE.match(head)
            if size is None:
                self._transport.write(SMALL)
            else:
                self._left = int(size[1])
                self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n" % size[1])
                self._pour()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._pour()

    def _pour(self) -> None:
        while self._left and not self._paused:
            piece = BLOCK[: self._left]
            self._left -= len(piece)
            self._transport.write(piece)


class _Far(asyncio.Protocol):
    """The upstream's connection to the site."""

    def __init__(self, near: "_Upstream") -> None:
        self._near = near

    def connection_made(self, transport: Any) -> None:
        self._near.far = transport

    def data_received(self, data: bytes) -> None:
        self._near.transport.write(data)

    def pause_writing(self) -> None:
        self._near.transport.pause_reading()

    def resume_writing(self) -> None:
        self._near.transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        self._near.transport.close()


class _Upstream(asyncio.Protocol):
    """The least that a proxy can be: reads one head, connects, and copies."""

    def __init__(self) -> None:
        self._head = b""
        self.far: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.far is not None:
            self.far.write(data)
            return
        self._head += data
        if b"\r\n\r\n" in self._head:
            self.transport.pause_reading()
            self._task = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: _Far(self), HOST, SITE)
        if self._head.startswith(b"CONNECT "):
            self.transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
            self._head = self._head.partition(b"\r\n\r\n")[2]
        if self._head:
            self.far.write(self._head)
        self.transport.resume_reading()

    def pause_writing(self) -> None:
        if self.far is not None:
            self.far.pause_reading()

    def resume_writing(self) -> None:
        if self.far is not None:
            self.far.resume_reading()

    def eof_received(self) -> bool:
        if self.far is not None:
            self.far.close()
        return False


async def _serve(make: Callable[[], asyncio.Protocol], port: int) -> None:
    server = await asyncio.get_running_loop().create_server(make, HOST, port, backlog=1024)
    await server.serve_forever()


# The client.


class _Asker(asyncio.Protocol):
    """Sends a request again as soon as its answer is whole; notes how long each took."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = bytearray()
        self._sent_at = 0.0
        self.took_s: list[float] = []
        self.failures = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, max(end, 0))
        if end < 0 or length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        self.took_s.append(time.perf_counter() - self._sent_at)
        self.failures += not self._buffer.startswith(b"HTTP/1.1 200 ")
        self._buffer.clear()
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)

    def close(self) -> None:
        """Ask no more."""
        self._transport.abort()


async def ask(way: Way, connections: int, seconds: float) -> tuple[list[float], float]:
    """How long each answer took (s), and answers a second. RuntimeError where one is no 200."""
    loop = asyncio.get_running_loop()
    askers = [_Asker(way.request("/")) for _ in range(connections)]
    for asker in askers:
        await loop.create_connection(lambda asker=asker: asker, HOST, way.port)
    await asyncio.sleep(0.5)  # the first ones find nothing warm
    for asker in askers:
        asker.took_s.clear()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    lasted_s = time.perf_counter() - started
    took_s = [one for asker in askers for one in asker.took_s]
    failures = sum(asker.failures for asker in askers)
    for asker in askers:
        asker.close()
    if failures or not took_s:
        raise RuntimeError(f"{way.name}: {failures} of {len(took_s)} answers were no 200")
    return took_s, len(took_s) / lasted_s


class _Download(asyncio.Protocol):
    """Counts bytes and throws them away."""

    def __init__(self, requests: list[bytes], size: int) -> None:
        self._requests = requests
        self._left = size
        self._head = b""
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._head = b""
        self._started = time.perf_counter()
        self._transport.write(self._requests.pop(0))

    def data_received(self, data: bytes) -> None:
        if not self._head.endswith(b"\r\n\r\n"):
            head, end, data = (self._head + data).partition(b"\r\n\r\n")
            self._head = head + end
            if not end:
                return
            if self._requests:
                self._next()
                return
        self._left -= len(data)
        if self._left <= 0 and not self.done.done():
            self.done.set_result(time.perf_counter() - self._started)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"cut off with {self._left} bytes to come"))


async def download(way: Way, megabytes: int, *, tunnel: bool) -> float | None:
    """Speed of one download in MB/s (10⁶ bytes), by CONNECT where `tunnel`.

    None where it did not end within 30 s.
    """
    size = megabytes * 1_000_000
    path = f"/bytes/{size}"
    requests = [way.request(path)]
    if tunnel:
        place = f"{HOST}:{SITE}"
        requests = [
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{way.login}\r\n".encode(),
            f"GET {path} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode(),
        ]
    client = _Download(requests, size)
    transport, _ = await asyncio.get_running_loop().create_connection(
        lambda: client, HOST, way.port
    )
    try:
        async with asyncio.timeout(30):
            return round(megabytes / await client.done, 1)
    except TimeoutError:
        return None
    finally:
        transport.abort()


async def measure(way: Way, connections: int, seconds: float, megabytes: int) -> dict[str, Any]:
    """One row."""
    took_s, _ = await ask(way, 1, seconds)
    cuts = statistics.quantiles(took_s, n=100)
    _, rate = await ask(way, connections, seconds)
    return {
        "way": way.name,
        "p50_ms": round(cuts[49] * 1000, 3),
        "p99_ms": round(cuts[98] * 1000, 3),
        "requests_per_s": round(rate, 1),
        # As nearly every download goes by now: inside a tunnel.
        "mb_per_s": await download(way, megabytes, tunnel=way.is_proxy),
        "plain_mb_per_s": await download(way, megabytes, tunnel=False),
    }


# The rest of the world.


@contextlib.contextmanager
def process(*command: str, **environment: str) -> Iterator[None]:
    """A program that runs meanwhile."""
    running = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=sys.stderr, stderr=sys.stderr
    )
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


async def listening(port: int) -> None:
    """Wait until something listens, at most half a minute."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def plant() -> None:
    """Put the upstream into the pool, as a check would."""
    store = Store(load("stats", {**os.environ, "ALLOWED_UPSTREAM_NETWORKS": "127.0.0.0/8"}))
    spoken = (Protocol.HTTP, Protocol.CONNECT)
    verdict = Verdict(
        Outcome.GOOD, protocols=spoken, tried=spoken, https=True, anonymous="elite", latency_ms=1
    )
    try:
        await store.ensure_group()
        await store.add("bench", [Candidate(Upstream(HOST, UPSTREAM))])
        await store.dispatch()
        work = await store.take("bench", 1, 5)
        settled = await store.settle([(work[0], verdict)])
        if settled["good"] != 1:
            raise RuntimeError(f"expected an empty Redis; found {settled}")
    finally:
        await store.close()


async def every_way(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All rows."""
    ways = [
        Way("direct", SITE, is_proxy=False),
        Way("upstream alone", UPSTREAM),
        Way("gateway, over that upstream", GATEWAY, login=LOGIN),
    ]
    if options.proxy_py:
        ways.append(Way("proxy.py", PROXY_PY))
    for way in ways:
        await listening(way.port)
    await plant()
    rows = []
    for way in ways:
        row = await measure(way, options.connections, options.seconds, options.megabytes)
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def main() -> int:
    """Start everything, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--proxy-py", default="", help="the directory that holds it")
    parser.add_argument("--serve", choices=("site", "upstream"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        if options.serve == "site":
            uvloop.run(_serve(_Site, SITE))
        else:
            uvloop.run(_serve(_Upstream, UPSTREAM))
        return 0
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "accounts").write_text(f"{ACCOUNT}:{SECRET}\n")
        for part in ("site", "upstream"):
            stack.enter_context(process(sys.executable, __file__, "--serve", part))
        gateway = {
            "ACCOUNTS_FILE": str(folder / "accounts"),
            "ALLOWED_UPSTREAM_NETWORKS": "127.0.0.0/8",
            "GATEWAY_ALLOWED_DESTINATIONS": "127.0.0.0/8",
            "GATEWAY_HOST": HOST,
            "GATEWAY_PORT": str(GATEWAY),
            "GATEWAY_HEALTH_PORT": str(HEALTH),
        }
        stack.enter_context(process(sys.executable, "-m", "proxypool", "gateway", **gateway))
        if options.proxy_py:
            own = ["--hostname", HOST, "--port", str(PROXY_PY), "--log-level", "ERROR"]
            own += ["--num-workers", "1", "--num-acceptors", "1"]
            path = {"PYTHONPATH": options.proxy_py, "HOME": str(folder)}
            stack.enter_context(process(sys.executable, "-m", "proxy", *own, **path))
        print(json.dumps(uvloop.run(every_way(options))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
