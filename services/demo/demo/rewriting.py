"""Answers as dishonest proxies pass them on: their bodies changed, where they are not encrypted."""

import re
from collections.abc import Callable

_MAX_BUFFERED_BYTES = 1024 * 1024
_LONG_WORD = re.compile(rb"[0-9A-Za-z]{16,}")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,9})[ \t]*\r$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[ \t]*chunked")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_FRAMING = re.compile(rb"(?i)(content-length|transfer-encoding)[ \t]*:")
_ADVERTISEMENT = b'<script src="http://ads.example/banner.js"></script>\n'

Change = Callable[[bytes], bytes]


def tamper(body: bytes) -> bytes:
    """The body with its long words reversed; where it has none, with another first byte.

    It stays valid JSON, and stays as long: only who looks for what he sent notices.
    """
    changed = _LONG_WORD.sub(lambda word: word.group()[::-1], body)
    return changed if changed != body else b"~" + body[1:]


def inject(body: bytes) -> bytes:
    """The body with an advertisement: before the end of a page, else after all."""
    before, end, after = body.rpartition(b"</body>")
    return before + _ADVERTISEMENT + end + after if end else body + _ADVERTISEMENT


class AnswerRewriter:
    """Changes the first HTTP answer of a stream; what is none, or too large, passes as it is."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._held = b""
        self._passes = False

    def feed(self, data: bytes) -> bytes:
        """What to pass on now."""
        if self._passes:
            return data
        self._held += data
        if not b"HTTP/1.".startswith(self._held[:7]) or len(self._held) > _MAX_BUFFERED_BYTES:
            return self._pass()
        head, end, body = self._held.partition(b"\r\n\r\n")
        if not end:
            return b""
        length = _LENGTH.search(head + b"\r")
        if length is not None:
            size = int(length.group(1))
            whole = len(body) >= size
            return self._changed(head, body[:size]) + body[size:] if whole else b""
        if _CHUNKED.search(head) and body.endswith(b"0\r\n\r\n"):
            return self._changed(head, _joined(body))
        return b""

    def finish(self) -> bytes:
        """What to pass on at the stream's end: an answer may have no length but that end."""
        head, end, body = self._held.partition(b"\r\n\r\n")
        is_whole = end and not _LENGTH.search(head + b"\r") and not _CHUNKED.search(head)
        return self._changed(head, body) if is_whole else self._pass()

    def _pass(self) -> bytes:
        self._passes = True
        held, self._held = self._held, b""
        return held

    def _changed(self, head: bytes, body: bytes) -> bytes:
        self._passes, self._held = True, b""
        changed = self._change(body) if body else body
        kept = [line for line in head.split(b"\r\n") if not _FRAMING.match(line)]
        return b"\r\n".join((*kept, b"Content-Length: %d\r\n\r\n" % len(changed))) + changed


def _joined(chunks: bytes) -> bytes:
    """The body that came in chunks (RFC 9112, 7.1), up to where they stop making sense."""
    body = b""
    while chunks:
        size, _, rest = chunks.partition(b"\r\n")
        digits = size.partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(digits) or int(digits, 16) == 0:
            break
        body += rest[: int(digits, 16)]
        chunks = rest[int(digits, 16) + 2 :]
    return body
