"""Upstream proxies on loopback that speak everything, and may be made to fail in every way.

Host names are looked up in `names` alone, as by a resolver far away.
"""

import asyncio
import base64
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from tests.ports import free_port

Place = tuple[str, int]
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter


class HangUp(Exception):  # noqa: N818  not an error: the proxy's way
    """The connection ends here."""


@dataclass
class Upstream:
    """One proxy. `fault` may be changed while it runs."""

    names: dict[str, int]
    """Host names, and the port on loopback where each is."""
    login: tuple[str, str] | None = None
    fault: str = ""
    port: int = 0
    connections: int = 0
    destinations: list[tuple[str, str]] = field(default_factory=list)
    """What it was asked for: how, and `host:port`."""
    heads: list[bytes] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _writers: set[Writer] = field(default_factory=set)

    async def start(self) -> "Upstream":
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.abort_connections()
            await self._server.wait_closed()
            self._server = None

    def abort_connections(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    @property
    def name(self) -> str:
        credentials = f"{self.login[0]}:{self.login[1]}@" if self.login else ""
        return f"{credentials}127.0.0.1:{self.port}"

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if self.fault == "hangs":
                await reader.read()
                raise HangUp
            first = await reader.readexactly(1)
            if self.fault == "closes":
                raise HangUp
            if self.fault == "garbage":
                writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
                await writer.drain()
                raise HangUp
            if first == b"\x05":
                await self._socks5(reader, writer)
            elif first == b"\x04":
                await self._socks4(reader, writer)
            else:
                await self._http(first, reader, writer)
            await writer.drain()
        except (OSError, EOFError, HangUp):
            pass  # clients of these tests leave on purpose
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _reach(self, how: str, host: str, port: int) -> tuple[Reader, Writer] | None:
        self.destinations.append((how, f"{host}:{port}"))
        if self.fault == "unreachable":
            return None
        if host.startswith("203.0.113."):
            host = "literal.test"
        try:
            return await asyncio.open_connection("127.0.0.1", self.names[host])
        except (OSError, KeyError):
            return None

    # HTTP

    async def _http(self, first: bytes, reader: Reader, writer: Writer) -> None:
        head = first + await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.fault.startswith("status "):
            code = self.fault.split()[1].encode()
            writer.write(b"HTTP/1.1 %b No\r\nContent-Length: 5\r\n\r\nproxy" % code)
            return
        if self.fault == "endless head":
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
                await writer.drain()
        if self.login:
            token = base64.b64encode(":".join(self.login).encode())
            if b"Proxy-Authorization: Basic " + token not in head:
                writer.write(b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n")
                return
        method, target, _ = head.split(b" ", 2)
        # Reads one head, and copies from then on: so the simplest of real ones do.
        if method == b"CONNECT":
            host, _, port = target.decode().rpartition(":")
            far = await self._reach("connect", host.strip("[]"), int(port))
            if far is None:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            authority, slash, path = target.decode().removeprefix("http://").partition("/")
            host, _, port = authority.partition(":")
            far = await self._reach("http", host, int(port or 80))
            if far is None:
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad")
                return
            rest = head.split(b"\r\n", 1)[1]
            far[1].write(method + b" " + (slash + path).encode() + b" HTTP/1.1\r\n" + rest)
        await self._carry(reader, writer, *far)

    # SOCKS

    async def _socks5(self, reader: Reader, writer: Writer) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        if self.login:
            if 2 not in methods:
                writer.write(b"\x05\xff")
                return
            writer.write(b"\x05\x02")
            await reader.readexactly(1)
            user = await reader.readexactly((await reader.readexactly(1))[0])
            secret = await reader.readexactly((await reader.readexactly(1))[0])
            right = (user.decode(), secret.decode()) == self.login
            writer.write(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return
        else:
            writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 1:
            host = str(IPv4Address(await reader.readexactly(4)))
        elif kind == 4:
            host = str(IPv6Address(await reader.readexactly(16)))
        else:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        far = await self._reach("socks5", host, port)
        if far is None:
            writer.write(b"\x05\x04\x00\x01" + bytes(6))
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._carry(reader, writer, *far)

    async def _socks4(self, reader: Reader, writer: Writer) -> None:
        _, port = struct.unpack("!BH", await reader.readexactly(3))
        address = await reader.readexactly(4)
        await reader.readuntil(b"\0")
        host, how = str(IPv4Address(address)), "socks4"
        if address[:3] == bytes(3) and address[3]:
            host, how = (await reader.readuntil(b"\0"))[:-1].decode(), "socks4a"
        far = await self._reach(how, host, port)
        if far is None:
            writer.write(b"\x00\x5b" + bytes(6))
            return
        writer.write(b"\x00\x5a" + bytes(6))
        await self._carry(reader, writer, *far)

    async def _carry(
        self, reader: Reader, writer: Writer, far_reader: Reader, far_writer: Writer
    ) -> None:
        if self.fault == "closes tunnels":
            await reader.read(1)
            far_writer.close()
            raise HangUp
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        except ConnectionResetError:
            reset(writer)
            raise
        finally:
            far_writer.close()


def reset(writer: Writer) -> None:
    """Close with a reset, as a process does that dies with unread bytes."""
    sock = writer.get_extra_info("socket")
    if sock is not None:  # else it is closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _copy(reader: Reader, writer: Writer) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


Make = Callable[..., Awaitable[Upstream]]
