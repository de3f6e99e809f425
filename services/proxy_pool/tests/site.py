"""Web sites for crawls, as good and as bad as a test wants them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from proxypool.address import UpstreamRule, parse_networks

Serve = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = UpstreamRule(parse_networks("127.0.0.0/8"))
HEAD = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def site(serve: Serve, heads: list[str] | None = None) -> AsyncIterator[str]:
    """A site on loopback, its address; `heads` takes the requests that it sees."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if heads is not None:
                heads.append(head.decode())
            await serve(head.split(b" ")[1].decode(), writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the crawler hangs up on bad pages: that is the test
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


def page(body: bytes, headers: bytes = b"") -> Serve:
    """Serves one page."""

    async def serve(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return serve
