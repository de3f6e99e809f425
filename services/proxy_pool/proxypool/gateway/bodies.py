"""Where a body ends (RFC 9112, 6): by a length, by its chunks, or with the connection."""

from typing import Protocol

from proxypool.gateway.heads import AnswerHead, BadHeadError, RequestHead

_MAX_CHUNK_LINE = 1024
_MAX_TRAILERS = 16 * 1024


class BadBodyError(ValueError):
    """The body is not framed as its head says."""


class Framing(Protocol):
    """Follows a body's bytes to its end."""

    done: bool

    def feed(self, data: bytes) -> int:
        """How many of these bytes belong to the body. Raises BadBodyError."""

    def ends_with_connection(self) -> bool:
        """Whether the body is whole when the connection ends now."""


class Length:
    """Exactly so many bytes; with 0, none."""

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = length == 0

    def feed(self, data: bytes) -> int:
        """How many of these bytes belong to the body."""
        used = min(self.left, len(data))
        self.left -= used
        self.done = self.left == 0
        return used

    def ends_with_connection(self) -> bool:
        """Whether it is whole when the connection ends now."""
        return self.done


class UntilClose:
    """Everything until the connection ends."""

    done = False

    def feed(self, data: bytes) -> int:
        """How many of these bytes belong to the body."""
        return len(data)

    def ends_with_connection(self) -> bool:
        """Whether it is whole when the connection ends now."""
        return True


class Chunked:
    """Chunks, whose content alone may be wanted, for clients of HTTP/1.0."""

    def __init__(self, content: list[bytes] | None = None) -> None:
        self.done = False
        self._content = content
        self._left = 0
        self._line = bytearray()
        self._state = self._size
        self._trailers = 0

    def feed(self, data: bytes) -> int:
        """How many of these bytes belong to the body."""
        position = 0
        while position < len(data) and not self.done:
            position = self._state(data, position)
        return position

    def ends_with_connection(self) -> bool:
        """Whether it is whole when the connection ends now."""
        return self.done

    def _size(self, data: bytes, position: int) -> int:
        position, line = self._read_line(data, position)
        if line is None:
            return position
        size = line.split(b";", 1)[0].strip(b" \t")
        if not 1 <= len(size) <= 15 or any(c not in b"0123456789abcdefABCDEF" for c in size):
            raise BadBodyError(f"chunk size {bytes(size[:20])!r}")
        self._left = int(size, 16)
        self._state = self._chunk if self._left else self._trailer
        return position

    def _chunk(self, data: bytes, position: int) -> int:
        end = min(position + self._left, len(data))
        if self._content is not None:
            self._content.append(data[position:end])
        self._left -= end - position
        if not self._left:
            self._state = self._chunk_end
        return end

    def _chunk_end(self, data: bytes, position: int) -> int:
        position, line = self._read_line(data, position)
        if line:
            raise BadBodyError("a chunk is longer than it says")
        if line is not None:
            self._state = self._size
        return position

    def _trailer(self, data: bytes, position: int) -> int:
        position, line = self._read_line(data, position)
        if line is None:
            return position
        self._trailers += len(line)
        if self._trailers > _MAX_TRAILERS:
            raise BadBodyError(f"more than {_MAX_TRAILERS} bytes of trailers")
        self.done = not line
        return position

    def _read_line(self, data: bytes, position: int) -> tuple[int, bytes | None]:
        """The position behind what was read, and a whole line without its end."""
        end = data.find(b"\n", position)
        stop = len(data) if end < 0 else end + 1
        self._line += data[position:stop]
        if len(self._line) > _MAX_CHUNK_LINE:
            raise BadBodyError(f"a line of more than {_MAX_CHUNK_LINE} bytes between chunks")
        if end < 0:
            return stop, None
        line = bytes(self._line)
        self._line.clear()
        if not line.endswith(b"\r\n"):
            raise BadBodyError("a line between chunks that does not end in CRLF")
        return stop, line[:-2]


def of_request(head: RequestHead) -> Framing:
    """The framing of a request's body. Raises BadHeadError where it could be read in two ways."""
    encodings = head.fields.values(b"transfer-encoding")
    lengths = head.fields.values(b"content-length")
    if encodings and lengths:
        raise BadHeadError("Content-Length beside Transfer-Encoding")
    if encodings:
        if len(encodings) != 1 or encodings[0].lower() != b"chunked" or head.minor == 0:
            raise BadHeadError(f"Transfer-Encoding {b', '.join(encodings)[:40]!r}")
        return Chunked()
    return Length(_length(lengths) if lengths else 0)


def of_answer(
    head: AnswerHead, method: str, content: list[bytes] | None = None
) -> Length | UntilClose | Chunked:
    """The framing of an answer's body. Raises BadHeadError.

    `content`: where the content of chunks goes, if the client does not understand chunks.
    """
    if method == "HEAD" or head.status in (204, 304):
        return Length(0)
    encodings = head.fields.values(b"transfer-encoding")
    lengths = head.fields.values(b"content-length")
    if encodings:
        if len(encodings) != 1 or encodings[0].lower() != b"chunked":
            raise BadHeadError(f"Transfer-Encoding {b', '.join(encodings)[:40]!r}")
        return Chunked(content)
    return Length(_length(lengths)) if lengths else UntilClose()


def _length(values: list[bytes]) -> int:
    distinct = {word.strip() for value in values for word in value.split(b",")}
    text = distinct.pop()
    if distinct or not text.isdigit() or len(text) > 18:
        raise BadHeadError(f"Content-Length {b', '.join(values)[:40]!r}")
    return int(text)
