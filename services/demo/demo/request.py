"""Reads the head of a request to a proxy (RFC 9112), within bounds."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from demo.settings import Destination, parse_destination

MAX_HEAD_BYTES = 16 * 1024
# Meant for the proxy alone (RFC 9110, 7.6.1): not passed on.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    }
)


class BadRequestError(Exception):
    """What the client sent is not a request to a proxy."""


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """A request to a proxy: where it goes, and its head as the destination is to read it."""

    method: str
    destination: Destination
    target: str
    headers: list[tuple[str, str]]

    @property
    def is_tunnel(self) -> bool:
        """Whether the client asked for a tunnel (CONNECT)."""
        return self.method == "CONNECT"

    def head(self, extra: list[tuple[str, str]]) -> bytes:
        """The head to pass on, in origin form, with `extra` headers at its end."""
        kept = [pair for pair in self.headers if pair[0].lower() not in _HOP_BY_HOP]
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (*kept, *extra, ("Connection", "close"))]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def read_request(reader: asyncio.StreamReader) -> ProxyRequest:
    """Read one request's head. Raises BadRequestError, also where it is too long or cut off."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequestError(f"more than {MAX_HEAD_BYTES} bytes of headers") from error
    except asyncio.IncompleteReadError as error:
        raise BadRequestError("closed in the middle of the headers") from error
    lines = head[:-4].decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not parts[0].isalpha():
        raise BadRequestError(f"expected METHOD http://host/ HTTP/1.1; found {lines[0][:80]!r}")
    method, target = parts[0], parts[1]
    headers = [_header(line) for line in lines[1:]]
    if method == "CONNECT":
        return ProxyRequest(method, _destination(target), target, headers)
    return _absolute(method, target, headers)


def _absolute(method: str, target: str, headers: list[tuple[str, str]]) -> ProxyRequest:
    try:
        url = urlsplit(target)
        destination = _destination(f"{url.hostname or ''}:{url.port or 80}")
    except ValueError as error:
        raise BadRequestError(f"not a URL: {target[:80]!r}") from error
    if url.scheme != "http":
        raise BadRequestError(f"expected http://host/…; found {target[:80]!r}")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    # The target's host wins over the header's (RFC 9112, 3.2.2).
    kept = [("Host", url.netloc), *(pair for pair in headers if pair[0].lower() != "host")]
    return ProxyRequest(method, destination, path, kept)


def _destination(text: str) -> Destination:
    try:
        return parse_destination(text)
    except ValueError as error:
        raise BadRequestError(f"expected host:port; found {text[:80]!r}") from error


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise BadRequestError(f"header line {line[:80]!r}")
    return name, value.strip()
