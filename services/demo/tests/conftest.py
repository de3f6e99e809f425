import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from demo.settings import Settings, load

MakeSettings = Callable[..., Settings]
PORT = 8009
FIRST = 20000


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
async def destination(*, takes_header: bool) -> AsyncIterator[Destination]:
    there = Destination()
    there.takes_header = takes_header
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    there.port = server.sockets[0].getsockname()[1]
    try:
        yield there
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


@pytest.fixture
async def announced() -> AsyncIterator[Destination]:
    """Where what is asked of check.test:8001 is sent, with a PROXY protocol header."""
    async with destination(takes_header=True) as there:
        yield there


@pytest.fixture
async def plain() -> AsyncIterator[Destination]:
    """A destination without such a header."""
    async with destination(takes_header=False) as there:
        yield there


@pytest.fixture
def make_settings() -> MakeSettings:
    def make(**changes: str) -> Settings:
        return load({"HOST": "127.0.0.1", **changes})

    return make


@pytest.fixture
async def world(announced: Destination, plain: Destination) -> AsyncIterator[httpx.AsyncClient]:
    """The demo world as a process of its own, and a client of its pages."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "demo",
        "serve",
        env={
            **os.environ,
            "FARM_ANNOUNCE": f"check.test:8001=127.0.0.1:{announced.port}",
            "FARM_ALLOWED_DESTINATIONS": f"127.0.0.1:{plain.port},127.0.0.1:1",
        },
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=15) as client:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                        break
                await asyncio.sleep(0.05)
            yield client
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
