"""One client's connection: uvicorn's own, with bounds on what comes before a request is whole."""

import asyncio
import json
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from proxypool.api.joined import Joined

MAX_HEAD_BYTES = 64 * 1024
"""Of a request's line and fields together."""
HEAD_TIMEOUT_S = 20.0
"""From the connection, or a head's first byte, to the head's end."""

_ANSWERS = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        f"at most {MAX_HEAD_BYTES} bytes",
        "more",
        "send shorter headers",
    ),
    HTTPStatus.REQUEST_TIMEOUT: (f"whole within {HEAD_TIMEOUT_S:g} s", "a part", "send it at once"),
}


class BoundedProtocol(HttpToolsProtocol):
    """Answers 431 to endless heads and 408 to those that drip, and closes the connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._in_head = True
        self._ended_one = False
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        joined = Joined(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(cast(asyncio.Transport, joined))
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is too long."""
        self._ended_one = False
        super().data_received(data)
        # What follows a request's end in the same piece is at most that piece, and seldom anything.
        if self._in_head and not self._ended_one and not self.transport.is_closing():
            if self._patience is None:
                self._wait()
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next head may begin; until its first byte comes uvicorn's keep-alive counts."""
        self._in_head = self._ended_one = True
        self._head_bytes = 0
        super().on_message_complete()

    def _wait(self) -> None:
        self._patience = self.loop.call_later(
            HEAD_TIMEOUT_S, self._refuse, HTTPStatus.REQUEST_TIMEOUT
        )

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, status: HTTPStatus) -> None:
        if self.transport.is_closing():
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and status is HTTPStatus.REQUEST_TIMEOUT:
            self._wait()  # first the answer to the request before
            return
        if not answering:
            self.transport.write(_answer(status))
        self.transport.close()


def _answer(status: HTTPStatus) -> bytes:
    expected, found, what_to_do = _ANSWERS[status]
    content = {
        "code": status,
        "src": status.phrase.lower(),
        "name": "request head",
        "expected": expected,
        "found": found,
        "what_to_do": what_to_do,
    }
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
