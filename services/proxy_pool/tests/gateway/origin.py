"""A site on loopback that answers in every way a site may, and keeps what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.gateway.upstreams import reset

BLOCK = bytes(range(256)) * 256  # 64 kB whose pieces tell where they come from


@dataclass
class Asked:
    """One request as the site got it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Origin:
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """`/waits` answers when it is set."""
    sent: int = 0
    """Bytes of `/endless` that went out."""
    open_connections: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        self.writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # clients of these tests leave on purpose
        finally:
            self.open_connections -= 1
            self.writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        if target.startswith("http://"):  # as sites must take it too (RFC 9112, 3.2.2)
            target = "/" + target.split("/", 3)[3]
        pairs = [line.split(":", 1) for line in lines[1:]]
        asked = Asked(method, target, [(name, value.strip()) for name, value in pairs])
        self.asked.append(asked)
        path = target.partition("?")[0]
        if path == "/early":
            writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
            await writer.drain()
            return False
        if asked.header("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        asked.body = await _body(asked, reader)
        await self._answer(path, asked, writer)
        await writer.drain()
        return asked.header("connection") != ["close"]

    async def _answer(self, path: str, asked: Asked, writer: asyncio.StreamWriter) -> None:
        kind, _, argument = path.strip("/").partition("/")
        if kind == "bytes":
            size = int(argument)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            while size:
                piece = BLOCK[:size]
                writer.write(piece)
                size -= len(piece)
                await writer.drain()
        elif kind == "endless":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(BLOCK)
                await writer.drain()
                self.sent += len(BLOCK)
        elif kind == "chunked":
            writer.write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                b"5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-Sum: 11\r\n\r\n"
            )
        elif kind == "until-close":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello world")
            await writer.drain()
            writer.close()
        elif kind == "status":
            status = int(argument)
            length = b"" if status in (204, 304) else b"Content-Length: 4\r\n"
            body = b"" if status in (204, 304) else b"body"
            writer.write(b"HTTP/1.1 %d Said So\r\n%b\r\n%b" % (status, length, body))
        elif kind == "redirect":
            left = int(argument) - 1
            place = f"/redirect/{left}" if left else "/"
            head = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
            writer.write(head.encode())
        elif kind == "dies":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            await writer.drain()
            writer.close()
        elif kind == "resets":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            await writer.drain()
            await asyncio.sleep(0.05)  # the half is to arrive before the reset does
            reset(writer)
        elif kind == "early-hints":
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        elif kind == "waits":
            await self.released.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        elif kind == "hop-headers":
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: X-Private\r\nX-Private: 1\r\nKeep-Alive: 9\r\n"
                b"Proxy-Status: x\r\nX-Proxy-Upstream: forged\r\nSet-Cookie: a=1\r\n"
                b"Set-Cookie: b=2\r\nContent-Length: 0\r\n\r\n"
            )
        elif asked.method == "HEAD":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
        else:
            seen = {"method": asked.method, "target": asked.target, "headers": asked.headers}
            body = json.dumps({**seen, "body": asked.body.decode("latin-1")}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def _body(asked: Asked, reader: asyncio.StreamReader) -> bytes:
    if asked.header("transfer-encoding"):
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            body += (await reader.readexactly(size + 2))[:-2]
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass
        return body
    lengths = asked.header("content-length")
    return await reader.readexactly(int(lengths[0])) if lengths else b""


@asynccontextmanager
async def site() -> AsyncIterator[Origin]:
    origin = Origin()
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        origin.released.set()
        server.close()
        for writer in list(origin.writers):
            writer.transport.abort()
        await server.wait_closed()
