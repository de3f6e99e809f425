"""Reads the head of a request (RFC 9112) to a proxy, or to the judge through a tunnel."""

from base64 import b64decode
from binascii import Error as Base64Error
from functools import lru_cache

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


class Head:
    """The head of a request: its first line's parts, and its headers as they came."""

    __slots__ = ("_first", "headers", "method", "target", "version")

    def __init__(
        self, method: str, target: str, version: str, headers: list[tuple[str, str]]
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self._first: dict[str, str] = {}
        for name, value in headers:
            self._first.setdefault(name.lower(), value)

    def header(self, name: str) -> str:
        """The first value of the header `name` (in lower case); empty where it is not there."""
        return self._first.get(name, "")

    @property
    def keeps_alive(self) -> bool:
        """Whether its sender wants to send another one (RFC 9112, 9.3)."""
        wishes = self.header("proxy-connection") or self.header("connection")
        if self.version == "HTTP/1.0":
            return wishes.lower() == "keep-alive"
        return "close" not in wishes.lower()

    @property
    def body_bytes(self) -> int | None:
        """How many bytes of body follow; none where they come in chunks. Raises BadRequestError."""
        if self.header("transfer-encoding"):
            return None
        length = self.header("content-length") or "0"
        if not (length.isascii() and length.isdecimal() and len(length) < 12):
            raise BadRequestError(f"Content-Length {length[:40]!r}")
        return int(length)


class ProxyRequest:
    """A request to a proxy: where it goes, and its head as the destination is to read it."""

    __slots__ = ("destination", "head", "headers", "target")

    def __init__(
        self, head: Head, destination: Destination, target: str, headers: list[tuple[str, str]]
    ) -> None:
        self.head = head
        """As it came."""
        self.destination = destination
        self.target = target
        """In origin form."""
        self.headers = headers
        """Those that are passed on."""

    @property
    def is_tunnel(self) -> bool:
        """Whether the client asked for a tunnel (CONNECT)."""
        return self.head.method == "CONNECT"

    def forwarded(self, extra: list[tuple[str, str]]) -> bytes:
        """The head to pass on, in origin form, with `extra` headers at its end."""
        lines = [f"{self.head.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *extra)]
        return ("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode("latin-1")

    def shows(self, username: str, password: str) -> bool:
        """Whether it has these credentials (Basic, RFC 7617)."""
        scheme, _, encoded = self.head.header("proxy-authorization").partition(" ")
        try:
            shown = b64decode(encoded, validate=True)
        except (Base64Error, ValueError):
            return False
        return scheme.lower() == "basic" and shown == f"{username}:{password}".encode()


def parse_head(head: bytes) -> Head:
    """Read a head without its empty line. Raises BadRequestError."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not parts[0].isalpha():
        raise BadRequestError(f"expected METHOD http://host/ HTTP/1.1; found {lines[0][:80]!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequestError(f"header line {line[:80]!r}")
        headers.append((name, value.strip()))
    return Head(parts[0], parts[1], parts[2], headers)


def parse_request(text: bytes) -> ProxyRequest:
    """Read the head of a request to a proxy, without its empty line. Raises BadRequestError."""
    head = parse_head(text)
    if head.method == "CONNECT":
        return ProxyRequest(head, _destination(head.target, 0), head.target, [])
    scheme, mark, rest = head.target.partition("://")
    if scheme.lower() != "http" or not mark:
        raise BadRequestError(f"expected http://host/…; found {head.target[:80]!r}")
    rest = rest.partition("#")[0]
    end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority, path = rest[:end], rest[end:]
    # The target's host wins over the header's (RFC 9112, 3.2.2).
    headers = [("Host", authority)]
    for pair in head.headers:
        name = pair[0].lower()
        if name != "host" and name not in _HOP_BY_HOP:
            headers.append(pair)
    target = path if path.startswith("/") else f"/{path}"
    return ProxyRequest(head, _destination(authority, 80), target, headers)


@lru_cache(maxsize=1024)
def _destination(authority: str, default_port: int) -> Destination:
    name, colon, digits = authority.rpartition(":")
    text = authority if colon or not default_port else f"{authority}:{default_port}"
    try:
        if name.startswith("[") and name.endswith("]") and digits:
            return Destination(name[1:-1].lower(), parse_destination(f"v6:{digits}").port)
        return parse_destination(text)
    except ValueError as error:
        raise BadRequestError(f"expected host:port; found {authority[:80]!r}") from error
