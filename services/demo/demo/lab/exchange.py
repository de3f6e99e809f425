"""One request to the lab, and what answers it: well-formed by way of h11, or byte for byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import h11

PIECE_BYTES = 64 * 1024
TEXT, JSON, BYTES = "text/plain; charset=utf-8", "application/json", "application/octet-stream"


class RefusalError(Exception):
    """The request is answered with a status of its own and a line that says why."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Exchange:
    """One request on a connection of the lab."""

    def __init__(
        self,
        http: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: h11.Request,
        place: tuple[int, int],
    ) -> None:
        self._http = http
        self._reader = reader
        self._writer = writer
        path, _, query = request.target.decode("ascii").partition("?")
        self.method = request.method.decode("ascii")
        self.path = path
        self.query = dict(parse_qsl(query, keep_blank_values=True))
        self.headers = {
            name.decode("ascii"): value.decode("latin-1") for name, value in request.headers
        }
        """By their names in lower case."""
        self.connection, self.number = place
        """Which connection of this process it came on, and as which request there, from 1."""

    @property
    def head_bytes(self) -> int:
        """How long its headers are."""
        return sum(len(name) + len(value) for name, value in self.headers.items())

    async def body(self, max_bytes: int) -> AsyncIterator[bytes]:
        """The body, piece by piece. Raises RefusalError 413 once it is longer than `max_bytes`."""
        received = 0
        announced = self.headers.get("content-length", "0")
        while True:
            if max(received, int(announced)) > max_bytes:
                raise RefusalError(413, f"body: expected at most {max_bytes} bytes")
            event = await next_event(self._http, self._reader, self._writer)
            if not isinstance(event, h11.Data):
                return
            received += len(event.data)
            yield bytes(event.data)

    async def answer(
        self,
        content: bytes | str | AsyncIterator[bytes],
        status: int = 200,
        media_type: str = TEXT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer in one piece, or in those of `content`: then `headers` name their length."""
        lines = {"Content-Type": media_type, "Cache-Control": "no-store", **(headers or {})}
        if isinstance(content, str):
            content = content.encode()
        if isinstance(content, bytes):
            lines["Content-Length"] = str(len(content))
        response = h11.Response(
            status_code=status, headers=list(lines.items()), reason=HTTPStatus(status).phrase
        )
        self._write(self._http.send(response))
        if self.method != "HEAD":
            if isinstance(content, bytes):
                self._write(self._http.send(h11.Data(content)))
            else:
                async for piece in content:
                    self._write(self._http.send(h11.Data(piece)))
                    await self._writer.drain()
        self._write(self._http.send(h11.EndOfMessage()))
        await self._writer.drain()

    async def answer_json(self, value: object, status: int = 200) -> None:
        """Answer with `value` as JSON."""
        await self.answer(json.dumps(value) + "\n", status, JSON)

    async def send(self, raw: bytes) -> None:
        """Send bytes as they are. The connection is closed once the handler returns."""
        self._write(raw)
        await self._writer.drain()

    async def client_leaves(self, within_s: float) -> bool:
        """Wait until the client hangs up or sends more; false where it does neither in time."""
        try:
            await asyncio.wait_for(self._reader.read(1), within_s)
        except TimeoutError:
            return False
        return True

    def number_of(self, name: str, default: int, high: int) -> int:
        """The whole number `name` of the query, from 0 to `high`. Raises RefusalError 400."""
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= high):
            raise RefusalError(
                400, f"{name}: expected a whole number up to {high}; found {text[:40]!r}"
            )
        return int(text)

    def _write(self, data: bytes | None) -> None:
        if self._writer.is_closing():
            raise ConnectionResetError("the client is gone")
        self._writer.write(data or b"")


async def next_event(
    http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Any:
    """What the client sent next, as h11 reads it. Raises h11.RemoteProtocolError."""
    while (event := http.next_event()) is h11.NEED_DATA:
        if http.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            writer.write(http.send(go_on) or b"")
        http.receive_data(await reader.read(PIECE_BYTES))
    return event


Handler = Callable[[Exchange], Awaitable[None]]


@dataclass(frozen=True)
class Endpoint:
    """A path of the lab; what its handler's docstring says is what people read of it."""

    path: str
    handler: Handler
    methods: tuple[str, ...] = ("GET", "HEAD")

    @property
    def says(self) -> str:
        """What it does, in a line."""
        return (self.handler.__doc__ or "").partition("\n")[0]
