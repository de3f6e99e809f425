"""Many proxies at once: added, imported, exported."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from email.message import Message
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Query
from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from proxypool import exports
from proxypool.api.errors import RefusedError, shown
from proxypool.api.models import AdditionReport, Additions, ExportQuery, ImportQuery, RefusedEntry
from proxypool.api.v2 import SettingsOf, StoreOf, answers, json_body, router
from proxypool.candidate import Candidate
from proxypool.imports import MEDIA_TYPES, BadListError, Import, Item, reader_for
from proxypool.listing import Defaults
from proxypool.problems import Problem
from proxypool.store import Added, Store

lists = router("lists")

_BATCH = 500  # candidates handed to the store at once
_PIECE = 64 * 1024  # bytes of a body that are looked at at once
_ALL = 10_000_000
_RECORDS_AT_ONCE = 200  # written before other calls have their turn
_WAIT_S = 10.0  # for other exports to end
_EXPORT_S = 600.0  # for a client to take it
_EXAMPLE = "203.0.113.7:8080\nsocks5://user:password@gate.example:1080\n203.0.113.8:80:user:pw\n"


class _Intake:
    """Hands what an import reads to the store, batch by batch."""

    def __init__(self, store: Store, source: str, reading: Import) -> None:
        self._store = store
        self._source = source
        self._reading = reading
        self._batch: list[Candidate] = []
        self._added = Added()

    async def take(self, entries: Iterable[tuple[int, Item]]) -> None:
        """Take these entries in; the last few wait for `finish`."""
        for number, item in entries:
            for candidate in self._reading.candidates(number, item):
                self._batch.append(candidate)
                if len(self._batch) >= _BATCH:
                    await self._hand_over()

    async def finish(self) -> AdditionReport:
        """Hand over the rest, and say what became of all."""
        await self._hand_over()
        return AdditionReport(
            read=self._reading.read,
            new=self._added.new,
            known=self._added.known,
            barred=self._added.barred,
            beyond=self._added.beyond,
            expired=self._added.expired,
            refused=self._reading.refused,
            refused_entries=[
                RefusedEntry(line=line, found=found, reason=reason)
                for line, found, reason in self._reading.refusals
            ],
        )

    async def _hand_over(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._added += await self._store.add(self._source, batch, private=True)


@lists.post(
    "/proxies",
    responses=answers(413, 415),
    dependencies=[Depends(json_body)],
    summary="Add proxies",
)
async def add_proxies(store: StoreOf, settings: SettingsOf, additions: Additions) -> AdditionReport:
    """They are checked before anyone is given them. Entries that are none are told of."""
    defaults = Defaults(additions.protocol, additions.expires)
    intake = _Intake(store, additions.source, Import(defaults, settings.upstream_rule))
    await intake.take(enumerate(additions.proxies, start=1))
    return await intake.finish()


@lists.post(
    "/import",
    responses=answers(413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE},
                "text/csv": {
                    "schema": {"type": "string"},
                    "example": "host,port,protocol\n203.0.113.7,1080,socks5\n",
                },
                "application/json": {
                    "schema": {
                        "type": "array",
                        "items": {"anyOf": [{"type": "string"}, {"type": "object"}]},
                    },
                    "example": ["203.0.113.7:8080", {"host": "203.0.113.8", "port": 80}],
                },
            },
        }
    },
    summary="Import a list",
)
async def import_proxies(
    request: Request,
    store: StoreOf,
    settings: SettingsOf,
    said: Annotated[ImportQuery, Query()],
) -> AdditionReport:
    """Text (one proxy a line), CSV or JSON, as it streams in. Bad entries are told of, the rest
    is taken; what the export writes is read back."""
    media_type = _media_type(request)
    reading = Import(Defaults(said.protocol, said.expires), settings.upstream_rule)
    intake = _Intake(store, said.source, reading)
    reader = reader_for(media_type)
    try:
        async for piece in _pieces(request):
            await intake.take(reader.feed(piece))
        await intake.take(reader.end())
    except BadListError as error:
        report = await intake.finish()
        advice = f"correct it; the {report.read} entries before it were taken"
        raise RefusedError(Problem("body", media_type, str(error), advice)) from error
    except ClientDisconnect as error:
        problem = Problem("body", "a whole list", "an interrupted one", "send it again")
        raise RefusedError(problem) from error
    return await intake.finish()


@lists.get(
    "/export",
    responses={
        200: {
            "content": {
                "text/plain": {
                    "schema": {"type": "string"},
                    "example": "socks5://203.0.113.7:1080\nhttp://user:pw@203.0.113.8:8080\n",
                },
                "text/csv": {"schema": {"type": "string"}, "example": ",".join(exports.COLUMNS)},
                "application/json": {
                    "schema": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/Record"},
                    }
                },
            }
        },
    },
    response_class=StreamingResponse,
    summary="Export proxies, the fastest first",
)
async def export_proxies(
    request: Request, store: StoreOf, wanted: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """All that meet the conditions, with their credentials."""
    query = wanted.query()

    async def read() -> Iterator[str]:
        _, records = await store.list(
            query, sort="latency", descending=False, limit=wanted.limit or _ALL
        )
        if wanted.format == "json":
            return exports.as_json(records)
        if wanted.format == "csv":
            return exports.as_csv(records)
        return exports.as_lines(records, query.protocols)

    return _Export(
        read,
        request.app.state.export_turns,
        media_type=exports.MEDIA_TYPES[wanted.format],
        headers={"Content-Disposition": f'attachment; filename="proxies.{wanted.format}"'},
    )


class _Export(StreamingResponse):
    """Reads and writes an export while it has a turn: a large pool's records are some 50 MB."""

    def __init__(
        self,
        read: Callable[[], Awaitable[Iterator[str]]],
        turns: asyncio.Semaphore,
        **options: Any,
    ) -> None:
        super().__init__((), **options)
        self._read = read
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._turns.acquire()
        except TimeoutError as error:
            problem = Problem("export", "a free turn", "others under way", "try again later")
            headers = {"Retry-After": str(int(_WAIT_S))}
            raise RefusedError(problem, HTTPStatus.SERVICE_UNAVAILABLE, headers) from error
        try:
            self.body_iterator = _in_turns(await self._read())
            async with asyncio.timeout(_EXPORT_S):
                await super().__call__(scope, receive, send)
        finally:
            self._turns.release()


async def _in_turns(lines: Iterator[str]) -> AsyncIterator[str]:
    while piece := "".join(islice(lines, _RECORDS_AT_ONCE)):
        yield piece
        await asyncio.sleep(0)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of a good size, however it comes in."""
    piece = bytearray()
    async for data in request.stream():
        piece += data
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _media_type(request: Request) -> str:
    message = Message()
    message["content-type"] = request.headers.get("content-type", "text/plain")
    media_type = message.get_content_type()
    charset = (message.get_content_charset() or "utf-8").replace("us-ascii", "utf-8")
    encoding = request.headers.get("content-encoding", "identity")
    if media_type not in MEDIA_TYPES:
        problem = Problem("Content-Type", ", ".join(MEDIA_TYPES), shown(media_type), "set it")
    elif charset not in ("utf-8", "utf8"):
        problem = Problem("Content-Type", "charset utf-8", shown(charset), "send UTF-8")
    elif encoding != "identity":
        problem = Problem("Content-Encoding", "none", shown(encoding), "send it uncompressed")
    else:
        return media_type
    raise RefusedError(problem, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
