"""Pages of lists as they should not be: what a crawler has to survive. Each ends by itself."""

import asyncio
import functools
import logging
import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

_PIECE_BYTES = 64 * 1024
_GARBAGE_BYTES = 256 * 1024
_HUGE_BYTES = 64 * 1024 * 1024
_ENDLESS_BYTES = 512 * 1024 * 1024
_ENDLESS_S = 60.0
_SLOW_LINES = 60
_SLOW_INTERVAL_S = 1.0
_BOMB_PIECES = 256  # of 1 MiB each
_MAX_AT_ONCE = 8
_LONGEST_S = 75.0

Answer = Callable[[], Awaitable[Response]]
_LINE = b"198.51.100.%d:8080\n"
_LINES = b"".join(_LINE % (number % 256) for number in range(4096))[:_PIECE_BYTES]


async def garbage() -> Response:
    """Bytes without meaning, said to be a page; the same ones every time."""
    noise = random.Random(1).randbytes(_GARBAGE_BYTES)  # noqa: S311  repeatable on purpose
    return Response(noise, media_type="text/html; charset=utf-8")


async def huge() -> Response:
    """64 MiB of addresses, announced as such."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(_HUGE_BYTES // _PIECE_BYTES):
            yield _LINES

    return _BoundedResponse(
        pieces(), media_type="text/plain", headers={"Content-Length": str(_HUGE_BYTES)}
    )


async def endless() -> Response:
    """Addresses without end; in truth they end after 512 MiB or a minute."""

    async def pieces() -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        ends = loop.time() + _ENDLESS_S
        for _ in range(_ENDLESS_BYTES // _PIECE_BYTES):
            if loop.time() > ends:
                return
            yield _LINES
            await asyncio.sleep(0)

    return _BoundedResponse(pieces(), media_type="text/plain")


async def slow() -> Response:
    """A line a second, for a minute."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(_SLOW_LINES):
            yield _LINE % number
            await asyncio.sleep(_SLOW_INTERVAL_S)

    return _BoundedResponse(pieces(), media_type="text/plain")


async def bomb() -> Response:
    """256 MiB of nothing, compressed into a few hundred KiB."""
    packed = await asyncio.to_thread(_bomb)
    return Response(packed, media_type="text/html", headers={"Content-Encoding": "gzip"})


async def redirect_loop() -> Response:
    """A redirect to itself."""
    return RedirectResponse("redirect-loop", 302)


async def wrong_encoding() -> Response:
    """UTF-16 that is said to be UTF-8, and a compression that it does not have."""
    text = "代理列表\n" + "".join(f"198.51.100.{number}:8080\n" for number in range(20))
    return Response(
        text.encode("utf-16"),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Encoding": "gzip"},
    )


@functools.cache
def _bomb() -> bytes:
    """gzip (RFC 1952) of zeros. One piece is deflated and then repeated, which takes no time."""
    piece = bytes(1024 * 1024)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush makes the piece independent of what stands before it.
    packed = deflate.compress(piece) + deflate.flush(zlib.Z_FULL_FLUSH)
    end = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS).flush()
    checksum = 0
    for _ in range(_BOMB_PIECES):
        checksum = zlib.crc32(piece, checksum)
    size = _BOMB_PIECES * len(piece)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    tail = checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")
    return head + packed * _BOMB_PIECES + end + tail


class _BoundedResponse(StreamingResponse):
    """A long answer: only a few at once, and none for longer than `_LONGEST_S`."""

    under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that there are enough already."""
        if _BoundedResponse.under_way >= _MAX_AT_ONCE:
            full = PlainTextResponse(f"{_MAX_AT_ONCE} at once are enough\n", 503)
            await full(scope, receive, send)
            return
        _BoundedResponse.under_way += 1
        try:
            async with asyncio.timeout(_LONGEST_S):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            log.info("%s was ended after %d s", scope["path"], _LONGEST_S)
        finally:
            _BoundedResponse.under_way -= 1


FAULTS: dict[str, Answer] = {
    "garbage": garbage,
    "huge": huge,
    "endless": endless,
    "slow": slow,
    "bomb": bomb,
    "redirect-loop": redirect_loop,
    "wrong-encoding": wrong_encoding,
}


def routes() -> list[Route]:
    """`/lists/faults/NAME` for each."""

    def endpoint(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def serve(_: Request) -> Response:
            return await answer()

        return serve

    return [Route(f"/lists/faults/{name}", endpoint(answer)) for name, answer in FAULTS.items()]
