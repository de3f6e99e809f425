"""Crawls one source: fetches its pages within bounds and finds the proxies on them."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp

from proxypool import __version__
from proxypool.address import Upstream
from proxypool.extract import BadPageError, extract
from proxypool.sources import Source

_CHUNK_BYTES = 64 * 1024
_MAX_REDIRECTS = 5
# In a thread, so that a large page does not hold up the crawls beside it; in a single one, because
# a parsed page takes many times its size in memory.
_PARSER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="parser")


class PageError(Exception):
    """A page could not be had."""


@dataclass(frozen=True, slots=True)
class Crawl:
    """What a crawl brought. `error` is the last page's that went wrong, or empty."""

    source: str
    upstreams: list[Upstream]
    pages: int
    failed_pages: int
    bytes: int
    duration_s: float
    error: str

    @property
    def succeeded(self) -> bool:
        """Whether at least one page was read and at least one proxy was found."""
        return bool(self.upstreams)

    def statistics(self) -> dict[str, Any]:
        """The crawl in numbers, as it is kept in the store."""
        numbers = asdict(self)
        del numbers["source"], numbers["upstreams"]
        numbers["fetched"] = len(self.upstreams)
        numbers["duration_s"] = round(self.duration_s, 3)
        numbers["finished"] = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        return numbers


def new_session() -> aiohttp.ClientSession:
    """The HTTP session that all crawls share. It never decompresses by itself: see `_inflate`."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=32, force_close=True),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "User-Agent": f"Mozilla/5.0 (compatible; proxypool/{__version__})",
            "Accept-Encoding": "gzip, deflate",
        },
    )


async def crawl(source: Source, session: aiohttp.ClientSession) -> Crawl:
    """Fetch and read all pages of `source`, one after the other. Never raises for a bad page."""
    started = time.monotonic()
    found: dict[Upstream, None] = {}
    size = failed = pages = 0
    error = ""
    for url in source.page_urls():
        left = source.max_addresses - len(found)
        if left <= 0:
            break
        pages += 1
        try:
            page = await fetch(url, source, session)
            size += len(page)
            found.update(dict.fromkeys(await _parsed(source, page, left)))
        except (PageError, BadPageError) as problem:
            failed += 1
            error = f"{url}: {problem}"
    if not found and not error:
        error = "no proxy found on any page"
    duration_s = time.monotonic() - started
    return Crawl(source.name, list(found), pages, failed, size, duration_s, error)


async def _parsed(source: Source, page: bytearray, limit: int) -> list[Upstream]:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_PARSER, extract, source.parser, page, limit)


async def fetch(url: str, source: Source, session: aiohttp.ClientSession) -> bytearray:
    """The page at `url`, decompressed, at most `source.max_bytes` long and `timeout_s` under way.

    Raises PageError.
    """
    timeout = aiohttp.ClientTimeout(total=source.timeout_s)
    try:
        async with session.get(url, timeout=timeout, max_redirects=_MAX_REDIRECTS) as response:
            if response.status != 200:
                raise PageError(f"expected status 200, found {response.status}")
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            page = bytearray()
            async for piece in _inflate(response.content, encoding):
                page += piece
                if len(page) > source.max_bytes:
                    raise PageError(f"larger than max_bytes ({source.max_bytes})")
            return page
    except TimeoutError as error:
        raise PageError(f"not read within timeout_s ({source.timeout_s:g})") from error
    except (aiohttp.ClientError, zlib.error, ValueError) as error:
        raise PageError(f"{type(error).__name__}: {str(error)[:200]}") from error


async def _inflate(stream: aiohttp.StreamReader, encoding: str) -> AsyncIterator[bytes]:
    """The stream's bytes, decompressed in bounded pieces: a bomb never unfolds in memory."""
    if encoding in ("identity", ""):
        async for data in stream.iter_chunked(_CHUNK_BYTES):
            yield data
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise PageError(f"content-encoding {encoding[:40]!r} was not asked for")
    # 32: zlib finds out by itself whether it is gzip or zlib (zlib manual, inflateInit2).
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    async for data in stream.iter_chunked(_CHUNK_BYTES):
        rest = data
        while rest:
            yield inflater.decompress(rest, _CHUNK_BYTES)
            rest = inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise PageError("the compressed page ends in the middle")
