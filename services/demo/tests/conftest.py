import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from demo.settings import Settings, load

from tests.merchant import Merchant, environment

MakeSettings = Callable[..., Settings]
PORT = 8009
FIRST = 20000
WIDE_PORT = 30000
ANNOUNCED_PORT, PLAIN_PORT = 18101, 18102


class Destination:
    """What farm proxies go to: keeps what it was sent, and answers with it."""

    def __init__(self) -> None:
        self.port = 0
        self.received: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b""
        if self.takes_header:
            head += await reader.readuntil(b"\r\n")
        head += await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        head += await reader.readexactly(length)
        self.received.append(head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(head) + head)
        await writer.drain()
        writer.close()

    takes_header = False


@asynccontextmanager
async def destination(port: int, *, takes_header: bool) -> AsyncIterator[Destination]:
    there = Destination()
    there.takes_header = takes_header
    server = await asyncio.start_server(there.serve, "127.0.0.1", port)
    there.port = port
    try:
        yield there
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


@pytest.fixture
async def announced() -> AsyncIterator[Destination]:
    """Where what is asked of check.test:8001 is sent, with a PROXY protocol header."""
    async with destination(ANNOUNCED_PORT, takes_header=True) as there:
        yield there


@pytest.fixture
async def plain() -> AsyncIterator[Destination]:
    """A destination without such a header."""
    async with destination(PLAIN_PORT, takes_header=False) as there:
        yield there


@pytest.fixture
def make_settings() -> MakeSettings:
    def make(**changes: str) -> Settings:
        return load({"HOST": "127.0.0.1", **changes})

    return make


@contextmanager
def running(**environment: str) -> Iterator[int]:
    """The demo world as a process of its own; its process id."""
    with subprocess.Popen(
        [sys.executable, "-m", "demo", "serve"], env={**os.environ, **environment}
    ) as process:
        try:
            for _ in range(400):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                        break
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()
            assert process.wait(10) == 0


def pages() -> httpx.AsyncClient:
    """A client of the pages of the one that runs."""
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=30)


@pytest.fixture(scope="module")
def world_process() -> Iterator[None]:
    """The farm at ports. It carries to the destinations above, by name and by address."""
    to = f"127.0.0.1:{ANNOUNCED_PORT}"
    with running(
        FARM_ANNOUNCE=f"check.test:8001={to},localhost:8001={to}",
        FARM_ALLOWED_DESTINATIONS=f"127.0.0.1:{PLAIN_PORT},127.0.0.1:1",
    ):
        yield


@pytest.fixture
async def world(
    world_process: None, announced: Destination, plain: Destination
) -> AsyncIterator[httpx.AsyncClient]:
    async with pages() as client:
        yield client


@pytest.fixture(scope="module")
def judging_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The farm as its own judge, at localhost:8001 and with TLS at 8444, also at loopback
    addresses; the file of its authority."""
    ca = tmp_path_factory.mktemp("judge") / "ca.pem"
    with running(
        FARM_ANSWERS_ITSELF="yes",
        FARM_ANNOUNCE="localhost:8001=localhost:1,localhost:8444=localhost:1",
        FARM_CA_FILE=str(ca),
        FARM_WIDE_PORT=str(WIDE_PORT),
        FARM_WIDE_COUNT="128",
        FARM_FLAP_PERIOD="1",
        FARM_DIES_AFTER="3",
    ):
        yield ca


@pytest.fixture
def ca(judging_process: Path) -> Path:
    return judging_process


@pytest.fixture
async def judging(judging_process: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with pages() as client:
        yield client


@pytest.fixture(scope="module")
def gateway_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The payment gateway, which knows the tests' merchant."""
    with running(**environment(tmp_path_factory.mktemp("payment"))):
        yield


@pytest.fixture
async def browser(gateway_process: None) -> AsyncIterator[httpx.AsyncClient]:
    """A person's browser. No fault stays armed."""
    async with pages() as client:
        yield client
        for fault in ("notify-late", "answer-hangs"):
            await client.post("/alipay/faults/", data={"fault": fault, "count": "0"})


@pytest.fixture
async def merchant(browser: httpx.AsyncClient) -> AsyncIterator[Merchant]:
    """The merchant, who listens to notifications."""
    pem = (await browser.get("/alipay/key.pem")).text
    async with Merchant(pem).listening() as there:
        yield there
