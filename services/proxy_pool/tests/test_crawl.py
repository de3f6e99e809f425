import asyncio
import gzip
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from proxypool.address import UpstreamRule, parse_networks
from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.sources import Source

Serve = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = UpstreamRule(parse_networks("127.0.0.0/8"))
HEAD = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def site(serve: Serve) -> AsyncIterator[str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
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


async def crawled(serve: Serve, path: str = "/list", **changes: object) -> Crawl:
    async with site(serve) as address, new_session(LOOPBACK) as session:
        fields: dict[str, object] = {
            "name": "site",
            "urls": [address + path],
            "interval_s": 60,
            "timeout_s": 1.0,
            "max_bytes": 100_000,
            "parser": {"type": "text"},
            **changes,
        }
        return await crawl(Source.model_validate(fields), session)


def page(body: bytes, headers: bytes = b"") -> Serve:
    async def serve(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return serve


async def test_a_page_is_crawled_with_statistics() -> None:
    result = await crawled(page(b"192.0.2.1:80 192.0.2.2:81"))
    assert [str(found) for found in result.found] == ["192.0.2.1:80", "192.0.2.2:81"]
    assert result.statistics()["fetched"] == 2
    assert result.statistics()["error"] == ""


@pytest.mark.parametrize("wbits", [31, 15], ids=["gzip", "deflate"])
async def test_a_compressed_page_is_read(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    body = packer.compress(b"192.0.2.1:80") + packer.flush()
    encoding = b"gzip" if wbits == 31 else b"deflate"
    result = await crawled(page(body, b"Content-Encoding: %b\r\n" % encoding))
    assert len(result.found) == 1


async def test_pages_are_followed_and_a_bad_one_does_not_spoil_the_others() -> None:
    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/2":
            writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
        else:
            await page(f"192.0.2.{path[1:]}:80".encode())(path, writer)

    result = await crawled(serve, "/{page}", pages={"first": 1, "last": 3})
    assert [str(found) for found in result.found] == ["192.0.2.1:80", "192.0.2.3:80"]
    assert (result.pages, result.failed_pages) == (3, 1)
    assert "expected status 200, found 500" in result.error
    assert result.succeeded


async def endless(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b"192.0.2.1:80\n" * 1000)
        await writer.drain()


async def drip(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"\r\n")
    while True:
        writer.write(b"1")
        await writer.drain()
        await asyncio.sleep(0.05)


async def silent(_: str, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def endless_headers(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(b"X: " + b"y" * 1000 + b"\r\n")
        await writer.drain()


async def redirects_for_ever(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


async def redirects_to_a_file(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


async def cut_off(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"Content-Length: 100\r\n\r\n192.0.2.1:80")


async def garbage(_: str, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01\x02garbage\r\n\r\n")


GZIP = b"Content-Encoding: gzip\r\n"


@pytest.mark.parametrize(
    ("serve", "error"),
    [
        (endless, "larger than max_bytes"),
        (page(b"1" * 200_000), "larger than max_bytes"),
        (drip, "not read within timeout_s"),
        (silent, "not read within timeout_s"),
        (endless_headers, "Too many headers"),
        (redirects_for_ever, "redirected more than 5 times"),
        (redirects_to_a_file, "expected http or https"),
        (cut_off, "Payload"),
        (garbage, "Bad status line"),
        (page(b"192.0.2.1:80", GZIP), "header check"),
        (page(gzip.compress(b"192.0.2.1:80")[:-9], GZIP), "ends in the middle"),
        (page(b"x", b"Content-Encoding: br\r\n"), "was not asked for"),
        (page(b"nothing here"), "no proxy found"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_bad_page_ends_in_time_and_says_why(serve: Serve, error: str) -> None:
    started = time.monotonic()
    result = await crawled(serve)
    print(result.error)
    assert time.monotonic() - started < 15
    assert not result.succeeded
    assert error in result.error


async def test_a_gzip_bomb_never_unfolds_in_memory() -> None:
    bomb = gzip.compress(b"0" * 300_000_000, compresslevel=9)
    tracemalloc.start()
    try:
        result = await crawled(page(bomb, GZIP), timeout_s=10.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"{len(bomb)} bytes in, {peak} at most held")
    assert "larger than max_bytes" in result.error
    assert peak < 8_000_000


async def test_a_dead_site_says_why() -> None:
    async with new_session(LOOPBACK) as session:
        source = Source.model_validate(
            {
                "name": "dead",
                "urls": ["http://127.0.0.1:1/"],
                "interval_s": 60,
                "parser": {"type": "text"},
            }
        )
        result = await crawl(source, session)
    assert "ClientConnectorError" in result.error
