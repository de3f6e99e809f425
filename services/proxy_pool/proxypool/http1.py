"""Reads HTTP/1.1 answers for checks, everything bounded, and names what can go wrong with them.

It exists for its cost: a check with it takes about a tenth of the CPU of one with a general client.
Only what a check needs is understood (RFC 9112): Content-Length, chunked and close-delimited
bodies, and interim 1xx answers.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024
_MAX_INTERIM_ANSWERS = 4
_PLAIN_HEAD = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)(?: [^\r\n]*)?(?:\r\n[!-9;-~]+:[^\r\n]*)*")
_FRAMING = re.compile(
    rb"\r\n(?:(transfer-encoding)|content-length):[ \t]*([^\r\n]*)", re.IGNORECASE
)


class ExchangeError(Exception):
    """The exchange did not come to an answer; `reason` is one word for the statistics."""

    reason = "failed"


class ConnectTimeoutError(ExchangeError):
    """No TCP connection within the connect timeout."""

    reason = "connect_timeout"


class ConnectRefusedError(ExchangeError):
    """The peer refused the connection."""

    reason = "connect_refused"


class UnreachableError(ExchangeError):
    """No way to the peer."""

    reason = "unreachable"


class NameUnknownError(ExchangeError):
    """The host name does not resolve."""

    reason = "name_unknown"


class OwnLimitError(ExchangeError):
    """This host has no more sockets, ports or memory: it says nothing about the peer."""

    reason = "own_limit"


class AddressNotAllowedError(ExchangeError):
    """The address connected to is not one that may be connected to."""

    reason = "address_not_allowed"


class AnswerTimeoutError(ExchangeError):
    """Connected, but no whole answer within the total timeout."""

    reason = "timeout"


class ClosedError(ExchangeError):
    """The peer closed before the answer was whole."""

    reason = "closed"


class BadAnswerError(ExchangeError):
    """What came is not HTTP."""

    reason = "bad_answer"


class TlsUnverifiedError(ExchangeError):
    """The certificate is not the destination's: someone stands in between."""

    reason = "tls_broken"


class TlsFailedError(ExchangeError):
    """What came through the tunnel is not TLS."""

    reason = "tls_failed"


class TooLargeError(ExchangeError):
    """The head or the body is beyond its limit."""

    reason = "too_large"


CONNECT_ERRORS = (
    ConnectTimeoutError,
    ConnectRefusedError,
    UnreachableError,
    NameUnknownError,
    AddressNotAllowedError,
)
"""Those that happen before anything was sent."""


class Answer(NamedTuple):
    """A whole answer. Times are seconds."""

    status: int
    body: bytes
    connect_s: float
    total_s: float


@dataclass(slots=True)
class AnswerReader:
    """Reads one answer piece by piece, never holding more than the limits."""

    max_head_bytes: int = MAX_HEAD_BYTES
    max_body_bytes: int = MAX_BODY_BYTES
    cuts_off: bool = False
    """Where the body is beyond its limit: whether it is left at that, instead of refused."""
    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    _buffer: bytearray = field(default_factory=bytearray)
    _step: Callable[["AnswerReader"], bool] | None = None  # not bound: that would be a cycle
    _left: int = 0
    _head_bytes: int = 0
    _interim: int = 0
    _done: bool = False

    def feed(self, data: bytes) -> bool:
        """Take a piece; whether the answer is whole. Raises BadAnswerError, TooLargeError."""
        if self._step is None and not self._buffer and self._take_whole(data):
            return True
        self._buffer += data
        step = self._step or AnswerReader._read_head
        while not self._done and step(self):
            step = self._step or AnswerReader._read_head
        return self._done

    def _take_whole(self, data: bytes) -> bool:
        """Take an answer that comes in one piece and says its length, as nearly all do.

        It costs half of what the general way does. Whatever is odd about it is left to that.
        """
        end = data.find(b"\r\n\r\n")
        if (
            not 0 <= end < self.max_head_bytes - self._head_bytes - 4
            or len(data) > self.max_body_bytes
        ):
            return False
        match = _PLAIN_HEAD.fullmatch(data, 0, end)
        length = b"%d" % (len(data) - end - 4)
        if match is None or _FRAMING.findall(data, 0, end) != [(b"", length)]:
            return False
        self.status = int(match[1])
        self.body += data[end + 4 :]
        self._head_bytes += end + 4
        self._done = True
        return True

    @property
    def has_head(self) -> bool:
        """Whether status and headers are known."""
        return self._step is not None or self._done

    def end(self) -> None:
        """The peer closed. Raises ClosedError where the answer is not whole."""
        if not self._done and self._step != AnswerReader._read_until_close:
            raise ClosedError(f"closed after {self._head_bytes + len(self.body)} bytes")
        self._done = True

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > self.max_head_bytes:
                raise TooLargeError(f"more than {self.max_head_bytes} bytes of headers")
            self._check_start()
            return False
        self._head_bytes += end + 4
        if self._head_bytes > self.max_head_bytes:
            raise TooLargeError(f"more than {self.max_head_bytes} bytes of headers")
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        self.status = status_of(lines[0])
        headers = [_header(line) for line in lines[1:]]
        if 100 <= self.status < 200:
            self._interim += 1
            if self.status == 101 or self._interim > _MAX_INTERIM_ANSWERS:
                raise BadAnswerError(f"status {self.status} was not asked for")
            return True
        self._choose_body(headers)
        return True

    def _check_start(self) -> None:
        # An SSH banner or the like is no reason to wait for the end of a head.
        start = bytes(self._buffer[:5])
        if not b"HTTP/".startswith(start) and start != b"HTTP/":
            raise BadAnswerError(f"starts with {start!r}")

    def _choose_body(self, headers: list[tuple[str, str]]) -> None:
        encodings = [value for name, value in headers if name == "transfer-encoding"]
        lengths = {value for name, value in headers if name == "content-length"}
        if encodings:
            if [encoding.lower() for encoding in encodings] != ["chunked"]:
                raise BadAnswerError(f"transfer-encoding {encodings!r}")
            self._step = AnswerReader._read_chunk_size
        elif lengths:
            self._left = _content_length(lengths)
            if self._left > self.max_body_bytes and not self.cuts_off:
                raise TooLargeError(f"announces {self._left} bytes")
            self._step = AnswerReader._read_length
        elif self.status in (204, 304):
            self._done = True
        else:
            self._step = AnswerReader._read_until_close

    def _read_length(self) -> bool:
        self._take(self._left)
        self._done = self._done or self._left == 0
        return False

    def _read_until_close(self) -> bool:
        self._take(len(self._buffer), counts=False)
        return False

    def _read_chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = line.split(b";", 1)[0].strip()
        if not 1 <= len(size) <= 8 or any(digit not in b"0123456789abcdefABCDEF" for digit in size):
            raise BadAnswerError(f"chunk size {size[:20]!r}")
        self._left = int(size, 16)
        if len(self.body) + self._left > self.max_body_bytes and not self.cuts_off:
            raise TooLargeError(f"more than {self.max_body_bytes} bytes of body")
        self._step = AnswerReader._read_chunk if self._left else AnswerReader._read_trailer
        return True

    def _read_chunk(self) -> bool:
        self._take(self._left)
        if self._left or len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise BadAnswerError("a chunk is longer than it says")
        del self._buffer[:2]
        self._step = AnswerReader._read_chunk_size
        return True

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        self._done = not line
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        # Chunk sizes and trailers count as head: else a peer could send them without end.
        if self._head_bytes + (end if end >= 0 else len(self._buffer)) > self.max_head_bytes:
            raise TooLargeError(f"more than {self.max_head_bytes} bytes of headers")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self._head_bytes += end + 2
        return line

    def _take(self, count: int, *, counts: bool = True) -> None:
        piece = self._buffer[:count]
        if len(self.body) + len(piece) > self.max_body_bytes:
            if not self.cuts_off:
                raise TooLargeError(f"more than {self.max_body_bytes} bytes of body")
            self.body += piece[: self.max_body_bytes - len(self.body)]
            self._done = True
            return
        self.body += piece
        del self._buffer[:count]
        if counts:
            self._left -= len(piece)


def status_of(line: str) -> int:
    """The status in an answer's first line. Raises BadAnswerError for what is not HTTP/1."""
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (code.isascii() and code.isdecimal()):
        raise BadAnswerError(f"status line {line[:80]!r}")
    if len(code) != 3 or rest[3:4] not in ("", " ") or not 100 <= int(code) <= 599:
        raise BadAnswerError(f"status line {line[:80]!r}")
    return int(code)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise BadAnswerError(f"header line {line[:80]!r}")
    return name.lower(), value.strip()


def _content_length(values: set[str]) -> int:
    text = values.pop()
    if values or not (text.isascii() and text.isdecimal()) or len(text) > 15:
        raise BadAnswerError(f"content-length {text[:20]!r}")
    return int(text)
