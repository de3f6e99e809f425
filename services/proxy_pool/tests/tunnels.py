"""Proxies on loopback that speak any of the protocols at one port, with faults of their own."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from proxypool.protocol import Protocol

from tests.proxies import EXIT, OWN, Reader, Writer, respond

ALL = frozenset(Protocol)


class RefusedError(Exception):
    """What is said instead of opening a tunnel."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass
class Proxy:
    """One proxy; what it does may be changed while it runs."""

    speaks: frozenset[Protocol] = ALL
    exit_ip: str = EXIT
    username: str = ""
    password: str = ""
    silent: frozenset[Protocol] = frozenset()
    """Protocols in which it never answers; without this, it closes on those it does not speak."""
    refuses: bool = False
    """Speaks, but opens no tunnel: it reaches nothing."""
    forbidden_port: int = 0
    """Speaks, but opens no tunnel to it: it will not."""
    man_in_the_middle: ssl.SSLContext | None = None
    """Answers TLS to destinations itself."""
    page: bytes = b""
    """What is at the end of every tunnel, instead of the destination."""
    swaps: tuple[bytes, bytes] = (b"", b"")
    """Replaced in what destinations answer."""
    delay_s: float = 0.0
    port: int = 0
    seen: list[Protocol] = field(default_factory=list)
    """The protocols of its connections, as far as they were understood."""
    destinations: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{OWN}:{self.port}"

    async def serve(self, reader: Reader, writer: Writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                await self._serve(reader, writer)
            except RefusedError as refused:
                writer.write(refused.answer)
                await writer.drain()
        writer.close()

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        first = await reader.readexactly(1)
        await asyncio.sleep(self.delay_s)
        if first == b"\5":
            host, port, granted = await self._socks5(reader, writer)
        elif first == b"\4":
            host, port, granted = await self._socks4(reader)
        else:
            head = first + await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"CONNECT "):
                await self._request(head, reader, writer)
                return
            host, port, granted = await self._connect(head, reader)
        self.destinations.append(host)
        await self.tunnel(host, port, granted, reader, writer)

    async def _understands(self, protocol: Protocol, reader: Reader, refusal: bytes = b"") -> None:
        self.seen.append(protocol)
        if protocol in self.silent:
            await reader.read()
        if protocol not in self.speaks:
            raise RefusedError(refusal)

    def _check_authorization(self, head: bytes) -> None:
        wanted = b64encode(f"{self.username}:{self.password}".encode())
        if self.username and b"Proxy-Authorization: Basic " + wanted not in head:
            raise RefusedError(respond(b"", "407 Proxy Authentication Required"))

    async def _request(self, head: bytes, reader: Reader, writer: Writer) -> None:
        await self._understands(Protocol.HTTP, reader, respond(b"no", "403 Forbidden"))
        self._check_authorization(head)
        line, _, rest = head.partition(b"\r\n")
        method, url, version = line.split(b" ")
        authority, _, path = url.removeprefix(b"http://").partition(b"/")
        host, _, port = authority.decode().partition(":")
        far_reader, far_writer = await self._far(host, int(port or 80))
        kept = [one for one in rest.split(b"\r\n") if not one.startswith(b"Proxy-Auth")]
        far_writer.write(b" ".join((method, b"/" + path, version)) + b"\r\n" + b"\r\n".join(kept))
        answer = await far_reader.read()
        writer.write(answer.replace(*self.swaps) if self.swaps[0] else answer)
        await writer.drain()
        far_writer.close()

    async def _connect(self, head: bytes, reader: Reader) -> tuple[str, int, bytes]:
        await self._understands(Protocol.CONNECT, reader, respond(b"no", "405 Method Not Allowed"))
        self._check_authorization(head)
        if self.refuses:
            raise RefusedError(respond(b"no", "502 Bad Gateway"))
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        if int(port) == self.forbidden_port:
            raise RefusedError(respond(b"no", "403 Forbidden"))
        return host, int(port), b"HTTP/1.1 200 Connection established\r\n\r\n"

    async def _socks4(self, reader: Reader) -> tuple[str, int, bytes]:
        _, port, packed = await _fields(reader, 1, 2, 4)
        await reader.readuntil(b"\0")
        ip = IPv4Address(packed)
        host, protocol = str(ip), Protocol.SOCKS4
        if packed[:3] == b"\0\0\0" and packed[3]:
            protocol = Protocol.SOCKS4A
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        await self._understands(protocol, reader, b"\0\x5b" + bytes(6))
        number = int.from_bytes(port, "big")
        if self.refuses or number == self.forbidden_port:
            raise RefusedError(b"\0\x5b" + bytes(6))
        return host, number, b"\0\x5a" + bytes(6)

    async def _socks5(self, reader: Reader, writer: Writer) -> tuple[str, int, bytes]:
        await self._understands(Protocol.SOCKS5, reader)
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = 2 if self.username else 0
        if wanted not in methods:
            raise RefusedError(b"\5\xff")
        writer.write(bytes([5, wanted]))
        if wanted:
            name_length = (await reader.readexactly(2))[1]
            name, secret_length = await _fields(reader, name_length, 1)
            secret = await reader.readexactly(secret_length[0])
            right = (name.decode(), secret.decode()) == (self.username, self.password)
            if not right:
                raise RefusedError(b"\1\1")
            writer.write(b"\1\0")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(IPv4Address(await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        if self.refuses:
            raise RefusedError(b"\5\5\0\1" + bytes(6))
        if port == self.forbidden_port:
            raise RefusedError(b"\5\2\0\1" + bytes(6))
        return host, port, b"\5\0\0\1" + bytes(6)

    async def tunnel(
        self, host: str, port: int, granted: bytes, reader: Reader, writer: Writer
    ) -> None:
        if self.page:
            writer.write(granted)
            await reader.read(1)
            writer.write(self.page)
            await writer.drain()
            return
        if self.man_in_the_middle is not None:
            writer.write(granted)
            await writer.start_tls(self.man_in_the_middle)
            await reader.read(1)
            return
        far_reader, far_writer = await self._far(host, port)
        writer.write(granted)
        up = asyncio.create_task(_carry(reader, far_writer))
        try:
            await _carry(far_reader, writer, self.swaps)
        finally:
            up.cancel()
            far_writer.close()

    async def _far(self, host: str, port: int) -> tuple[Reader, Writer]:
        try:
            return await asyncio.open_connection(host, port, local_addr=(self.exit_ip, 0))
        except OSError as error:
            raise RefusedError(respond(b"no", "502 Bad Gateway")) from error


async def _fields(reader: Reader, *lengths: int) -> Iterable[bytes]:
    return [await reader.readexactly(length) for length in lengths]


async def _carry(reader: Reader, writer: Writer, swaps: tuple[bytes, bytes] = (b"", b"")) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data.replace(*swaps) if swaps[0] else data)
            await writer.drain()


@asynccontextmanager
async def running(proxy: Proxy) -> AsyncIterator[Proxy]:
    """Serves until the end of the block."""
    server = await asyncio.start_server(proxy.serve, OWN, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
