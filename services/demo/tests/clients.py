"""Clients of proxies, by hand: what a library would hide is what these tests are about."""

import asyncio
import json
import ssl
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote

Truth = dict[str, Any]
TIMEOUT_S = 15


class RefusedError(Exception):
    """The proxy said no; `args[0]` is its answer."""


@dataclass
class Line:
    """A connection to a proxy, or through it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, request: bytes) -> bytes:
        """Send, and take everything up to the end."""
        self.writer.write(request)
        try:
            return await asyncio.wait_for(self.reader.read(), TIMEOUT_S)
        finally:
            self.writer.close()

    async def exactly(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), TIMEOUT_S)

    async def secure(self, name: str, context: ssl.SSLContext) -> None:
        await asyncio.wait_for(self.writer.start_tls(context, server_hostname=name), TIMEOUT_S)


def place_of(entry: Truth) -> tuple[str, int]:
    host, _, port = entry["proxy"].rpartition("@")[2].rpartition(":")
    return host, int(port)


async def connect(entry: Truth) -> Line:
    return Line(*await asyncio.open_connection(*place_of(entry)))


def credentials_of(entry: Truth) -> tuple[str, str] | None:
    credentials, at, _ = entry["proxy"].rpartition("@")
    if not at:
        return None
    username, _, password = credentials.partition(":")
    return unquote(username), unquote(password)


def authorization(credentials: tuple[str, str] | None) -> bytes:
    if credentials is None:
        return b""
    return b"Proxy-Authorization: Basic %b\r\n" % b64encode(":".join(credentials).encode())


def get(target: str, host: str, extra: bytes = b"") -> bytes:
    return (
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nX-Marker: {MARKER}\r\n".encode()
        + extra
        + b"Connection: close\r\n\r\n"
    )


MARKER = "0123456789abcdef" * 2


async def tunnel(
    entry: Truth,
    protocol: str,
    host: str,
    port: int,
    credentials: tuple[str, str] | None = None,
) -> Line:
    """A tunnel through a proxy. Raises RefusedError where the proxy says no."""
    line = await connect(entry)
    steps = {"connect": _connect, "socks4": _socks4, "socks4a": _socks4a, "socks5": _socks5}
    try:
        await steps[protocol](line, host, port, credentials)
    except BaseException:
        line.writer.close()
        raise
    return line


async def _connect(line: Line, host: str, port: int, credentials: tuple[str, str] | None) -> None:
    asked = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n".encode()
    line.writer.write(asked + authorization(credentials) + b"\r\n")
    answer = await asyncio.wait_for(line.reader.readuntil(b"\r\n\r\n"), TIMEOUT_S)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RefusedError(answer)


async def _socks4(line: Line, host: str, port: int, credentials: tuple[str, str] | None) -> None:
    user = credentials[0].encode() if credentials else b"me"
    line.writer.write(
        b"\x04\x01" + port.to_bytes(2, "big") + ip_address(host).packed + user + b"\x00"
    )
    if (answer := await line.exactly(8))[:2] != b"\x00\x5a":
        raise RefusedError(answer)


async def _socks4a(line: Line, host: str, port: int, credentials: tuple[str, str] | None) -> None:
    user = credentials[0].encode() if credentials else b""
    head = b"\x04\x01" + port.to_bytes(2, "big") + b"\x00\x00\x00\x01"
    line.writer.write(head + user + b"\x00" + host.encode() + b"\x00")
    if (answer := await line.exactly(8))[:2] != b"\x00\x5a":
        raise RefusedError(answer)


async def _socks5(line: Line, host: str, port: int, credentials: tuple[str, str] | None) -> None:
    line.writer.write(b"\x05\x01\x00" if credentials is None else b"\x05\x02\x00\x02")
    answer = await line.exactly(2)
    if answer == b"\x05\x02" and credentials is not None:
        name, word = (text.encode() for text in credentials)
        line.writer.write(bytes((1, len(name))) + name + bytes((len(word),)) + word)
        if (answer := await line.exactly(2)) != b"\x01\x00":
            raise RefusedError(answer)
    elif answer != b"\x05\x00":
        raise RefusedError(answer)
    try:
        ip = ip_address(host)
        address = bytes((1 if ip.version == 4 else 4,)) + ip.packed
    except ValueError:
        address = bytes((3, len(host))) + host.encode()
    line.writer.write(b"\x05\x01\x00" + address + port.to_bytes(2, "big"))
    if (answer := await line.exactly(10))[:2] != b"\x05\x00":
        raise RefusedError(answer)


def host_for(protocol: str) -> str:
    """What a client of `protocol` names localhost by."""
    return "127.0.0.1" if protocol == "socks4" else "localhost"


async def ask_judge(entry: Truth, protocol: str) -> bytes:
    """The judge's answer, asked through a proxy in clear."""
    credentials, path = credentials_of(entry), "/check/?format=json"
    if protocol == "http":
        line = await connect(entry)
        target = f"http://localhost:8001{path}"
        return await line.ask(get(target, "localhost:8001", authorization(credentials)))
    line = await tunnel(entry, protocol, host_for(protocol), 8001, credentials)
    return await line.ask(get(path, "localhost:8001"))


async def ask_judge_securely(entry: Truth, protocol: str, context: ssl.SSLContext) -> bytes:
    """The same through TLS."""
    line = await tunnel(entry, protocol, host_for(protocol), 8444, credentials_of(entry))
    try:
        await line.secure("localhost", context)
    except BaseException:
        line.writer.close()
        raise
    return await line.ask(get("/check/?format=json", "localhost:8444"))


def seen(answer: bytes) -> dict[str, Any]:
    """What the judge saw. Raises ValueError where the answer is not its own, whole one."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ValueError(head)
    told: dict[str, Any] = json.loads(body)
    return told


def headers_of(told: dict[str, Any]) -> dict[str, str]:
    return dict(told["headers"])


def trusting(ca: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca))
