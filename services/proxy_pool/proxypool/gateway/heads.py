"""Heads of HTTP/1.1 requests and answers (RFC 9112): read strictly, written as they came.

Whatever two readers could understand in two ways is refused: it is how requests are smuggled.
"""

import re
from dataclasses import dataclass

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([^\x00-\x20\x7f]+) HTTP/1\.([01])")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([^\x00\r\n]*?)[ \t]*")
_MAX_FIELDS = 200

# Those between two neighbours, not for the next one (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)


class BadHeadError(ValueError):
    """Not a head of HTTP/1.1, or one that is refused."""


@dataclass(frozen=True, slots=True)
class Field:
    """One header line."""

    name: bytes
    """In lower case."""
    value: bytes
    line: bytes
    """As it came."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The header lines of a head, in order."""

    lines: tuple[Field, ...]

    def values(self, name: bytes) -> list[bytes]:
        """The values of all lines of that name."""
        return [field.value for field in self.lines if field.name == name]

    def words(self, name: bytes) -> set[bytes]:
        """The members of a comma list, in lower case."""
        return {
            word.strip().lower()
            for value in self.values(name)
            for word in value.split(b",")
            if word.strip()
        }

    def for_next_hop(self, dropped: frozenset[bytes]) -> list[bytes]:
        """The lines that are passed on: neither hop-by-hop, nor Proxy-*, nor `dropped`."""
        # Nobody may take the body's length away by naming it in Connection.
        named = self.words(b"connection") - {b"content-length"}
        return [
            field.line
            for field in self.lines
            if field.name not in _HOP_BY_HOP
            and field.name not in dropped
            and field.name not in named
            and not field.name.startswith(b"proxy-")
        ]


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's line and headers."""

    method: str
    target: str
    minor: int
    """Of the version: 1 for HTTP/1.1."""
    fields: Fields

    @property
    def keeps_alive(self) -> bool:
        """Whether the client takes another answer on this connection."""
        words = self.fields.words(b"connection") | self.fields.words(b"proxy-connection")
        if b"close" in words:
            return False
        return self.minor == 1 or b"keep-alive" in words


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """An answer's status and headers."""

    status: int
    reason: bytes
    minor: int
    fields: Fields


def read_request(head: bytes) -> RequestHead:
    """Read a head without the empty line that ends it. Raises BadHeadError."""
    first, *rest = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise BadHeadError(f"request line {first[:80]!r}")
    method, target, minor = match.groups()
    fields = _fields(rest)
    return RequestHead(method.decode("ascii"), target.decode("latin-1"), int(minor), fields)


def read_answer(head: bytes) -> AnswerHead:
    """Read a head without the empty line that ends it. Raises BadHeadError."""
    first, *rest = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        raise BadHeadError(f"status line {first[:80]!r}")
    minor, status, reason = match.groups()
    return AnswerHead(int(status), reason or b"", int(minor), _fields(rest))


def _fields(lines: list[bytes]) -> Fields:
    if len(lines) > _MAX_FIELDS:
        raise BadHeadError(f"{len(lines)} header lines")
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:  # folded lines too (RFC 9112, 5.2)
            raise BadHeadError(f"header line {line[:80]!r}")
        name, value = match.groups()
        fields.append(Field(name.lower(), value, line))
    return Fields(tuple(fields))
