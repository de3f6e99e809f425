"""The farm as its own judge: the page that says where a request came from, and with what headers.

It answers what the edge's /check/ does: the caller's address as text, or with `?format=json` as
JSON with the request's headers, their names in lower case.
"""

import json
import ssl

from demo.request import MAX_HEAD_BYTES, BadRequestError, Head, parse_head
from demo.tls import TlsSession

_MAX_BODY_BYTES = 1024 * 1024
_TLS_HANDSHAKE = 0x16  # the first byte of every TLS connection (RFC 8446, 5.1)
_escape = json.encoder.encode_basestring_ascii


def judge_answer(
    head: Head, target: str, headers: list[tuple[str, str]], ip: str, *, keep: bool
) -> bytes:
    """The judge's whole answer to a request of which it saw these `headers`, coming from `ip`."""
    path, _, query = target.partition("?")
    connection = "keep-alive" if keep else "close"
    if path not in ("/check/", "/check"):
        return plain_answer("404 Not Found", "only /check/ is here", connection)
    if "format=json" not in query.split("&"):
        return plain_answer("200 OK", ip, connection)
    pairs = ", ".join(f"[{_escape(name.lower())}, {_escape(value)}]" for name, value in headers)
    body = f'{{"ip": {_escape(ip)}, "headers": [{pairs}]}}\n'
    return (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        f"Content-Length: {len(body)}\r\nConnection: {connection}\r\n\r\n"
        f"{'' if head.method == 'HEAD' else body}"
    ).encode("ascii")


def plain_answer(status: str, text: str, connection: str = "close", headers: str = "") -> bytes:
    """An answer of one line of text."""
    body = f"{text}\n".encode()
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n{headers}"
        f"Content-Length: {len(body)}\r\nConnection: {connection}\r\n\r\n"
    ).encode() + body


class JudgeStream:
    """The judge at the end of a byte stream, plain or TLS as its first byte tells."""

    def __init__(self, ip: str, context: ssl.SSLContext) -> None:
        self._ip = ip
        self._context = context
        self._tls: TlsSession | None = None
        self._begun = False
        self._data = b""
        self._discard = 0
        self._head: Head | None = None
        self.ended = False
        """Nothing more will be answered."""

    def feed(self, data: bytes) -> bytes:
        """The bytes that answer `data`."""
        if not self._begun and data:
            self._begun = True
            if data[0] == _TLS_HANDSHAKE:
                self._tls = TlsSession(self._context, server_side=True)
        if self._tls is None:
            return self._answers(data)
        try:
            answers = self._answers(self._tls.feed(data))
            if answers:
                self._tls.send(answers)
        except ssl.SSLError:
            self.ended = True  # the client does not trust us, or does not speak TLS
        return self._tls.outgoing()

    def _answers(self, data: bytes) -> bytes:
        self._data += data
        answers = b""
        try:
            while not self.ended and (answer := self._next()):
                answers += answer
        except BadRequestError as error:
            self.ended = True
            answers += plain_answer("400 Bad Request", str(error))
        return answers

    def _next(self) -> bytes:
        """The answer to the next request; empty where that is not whole yet."""
        if self._head is None:
            end = self._data.find(b"\r\n\r\n")
            if end < 0 and len(self._data) <= MAX_HEAD_BYTES:
                return b""
            if not 0 <= end <= MAX_HEAD_BYTES:
                raise BadRequestError(f"more than {MAX_HEAD_BYTES} bytes of headers")
            head = parse_head(self._data[:end])
            self._data = self._data[end + 4 :]
            if head.body_bytes is None or head.body_bytes > _MAX_BODY_BYTES:
                raise BadRequestError(f"a body of a told length up to {_MAX_BODY_BYTES} bytes")
            self._head, self._discard = head, head.body_bytes
        if len(self._data) < self._discard:
            self._discard -= len(self._data)
            self._data = b""
            return b""
        self._data = self._data[self._discard :]
        head, self._head = self._head, None
        self.ended = not head.keeps_alive
        return judge_answer(head, head.target, head.headers, self._ip, keep=not self.ended)
