"""Fetches the pages of sources, within bounds of time and size, and from allowed networks alone."""

import asyncio
import base64
import errno
import socket
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from proxypool import __version__
from proxypool.address import UpstreamRule
from proxypool.page_memory import Page
from proxypool.source import SECRET_MARK, Source

_CHUNK_BYTES = 64 * 1024
_MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_SECRET_BYTES = 4096
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


class PageError(Exception):
    """A page could not be had."""


def new_session(
    rule: UpstreamRule, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """The HTTP session that all crawls share: it connects to addresses that `rule` permits alone.

    It never decompresses by itself: see `_inflate`.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=32,
            force_close=True,
            socket_factory=_sockets(rule),
            resolver=resolver,
            use_dns_cache=False,
        ),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={
            "User-Agent": f"Mozilla/5.0 (compatible; proxypool/{__version__})",
            "Accept-Encoding": "gzip, deflate",
        },
    )


def _sockets(rule: UpstreamRule) -> Callable[[aiohttp.AddrInfoType], socket.socket]:
    """Makes the socket for one address, just before it is connected: no name can change it then."""

    def open_socket(info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, place = info
        address = str(place[0]).partition("%")[0]
        if not rule.permits(ip_address(address)):
            raise OSError(
                errno.EACCES,
                f"{address} is not a public address; ALLOWED_SOURCE_NETWORKS names those "
                "that sources may lie in all the same",
            )
        return socket.socket(family, kind, protocol)

    return open_socket


@dataclass(frozen=True, slots=True)
class Secret:
    """What a source's `auth_file` holds; empty where it has none."""

    text: str = ""

    def __repr__(self) -> str:
        return "Secret()"

    @classmethod
    def of(cls, source: Source) -> "Secret":
        """Read it anew: it may have been changed. Raises PageError."""
        if source.auth_file is None:
            return cls()
        try:
            with source.auth_file.open("rb") as file:
                text = file.read(_MAX_SECRET_BYTES + 1).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not ASCII"
            raise PageError(f"auth_file {source.auth_file}: {reason}") from None
        if not text.isprintable() or not 0 < len(text) <= _MAX_SECRET_BYTES:
            raise PageError(f"auth_file {source.auth_file}: expected one line of text")
        return cls(text)

    def url(self, template: str) -> str:
        """`template` with the secret in its place."""
        return template.replace(SECRET_MARK, quote(self.text, safe=""))

    def headers(self, source: Source) -> dict[str, str]:
        """The source's headers with the secret in its place, or else in Authorization."""
        headers = {
            name: value.replace(SECRET_MARK, self.text) for name, value in source.headers.items()
        }
        placed = any(SECRET_MARK in text for text in (*source.urls, *source.headers.values()))
        if self.text and not placed:
            headers["Authorization"] = self._authorization()
        return headers

    def _authorization(self) -> str:
        if " " in self.text:
            return self.text  # with its scheme: "Bearer …"
        if ":" in self.text:
            return "Basic " + base64.b64encode(self.text.encode()).decode()
        return "Bearer " + self.text

    def hidden(self, text: str) -> str:
        """`text` without the secret."""
        if not self.text:
            return text
        as_sent = URL.build(scheme="http", host="host", query=self.text).raw_query_string
        for form in (self.text, quote(self.text, safe=""), quote(self.text), as_sent):
            text = text.replace(form, "***")
        return text


async def fetch(
    url: str,
    source: Source,
    session: aiohttp.ClientSession,
    *,
    secret: Secret | None = None,
    kept: Page | None = None,
) -> Page | None:
    """The page at `url`, decompressed, at most `source.max_bytes` long and `timeout_s` under way.

    None: it is still the one that was `kept`. Raises PageError, which never shows the secret.
    """
    secret = secret or Secret()
    conditions = kept.conditions if kept is not None else {}
    try:
        # The time is for the whole chain of redirects.
        async with asyncio.timeout(source.timeout_s):
            return await _follow(URL(secret.url(url)), source, session, secret, conditions)
    except TimeoutError as error:
        raise PageError(f"not read within timeout_s ({source.timeout_s:g})") from error
    except PageError as error:
        raise PageError(secret.hidden(str(error))) from None
    except zlib.error as error:
        raise PageError(f"the page cannot be decompressed: {error}") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        reason = " ".join(secret.hidden(str(error)).split())
        raise PageError(f"{type(error).__name__}: {reason[:300]}") from None


async def _follow(
    url: URL,
    source: Source,
    session: aiohttp.ClientSession,
    secret: Secret,
    conditions: dict[str, str],
) -> Page | None:
    """Follows redirects itself: the source's own headers never go to another site."""
    origin = url.origin()
    for _ in range(_MAX_REDIRECTS + 1):
        headers = secret.headers(source) if url.origin() == origin else {}
        headers.update(conditions)
        async with session.get(
            url, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT
        ) as answer:
            if answer.status in _REDIRECTS and (location := answer.headers.get("Location")):
                url = url.join(URL(location))
                if url.scheme not in ("http", "https") or not url.host:
                    raise PageError(f"redirected to {url.scheme!r}, expected http or https")
                continue
            if answer.status == 304 and conditions:
                return None
            if answer.status != 200:
                raise PageError(f"expected status 200, found {answer.status}")
            return Page(
                await _body(answer, source.max_bytes),
                answer.charset or "",
                answer.headers.get("ETag", ""),
                answer.headers.get("Last-Modified", ""),
            )
    raise PageError(f"redirected more than {_MAX_REDIRECTS} times")


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytearray:
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    page = bytearray()
    async for piece in _inflate(answer.content, encoding, limit):
        page += piece
        if len(page) > limit:
            raise PageError(f"larger than max_bytes ({limit})")
    return page


async def _inflate(stream: aiohttp.StreamReader, encoding: str, limit: int) -> AsyncIterator[bytes]:
    """The stream's bytes, decompressed in bounded pieces: a bomb never unfolds in memory."""
    if encoding in ("identity", ""):
        async for data in stream.iter_chunked(_CHUNK_BYTES):
            yield data
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise PageError(f"content-encoding {encoding[:40]!r} was not asked for")
    # 32: zlib finds out by itself whether it is gzip or zlib (zlib manual, inflateInit2).
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    received = 0
    async for data in stream.iter_chunked(_CHUNK_BYTES):
        received += len(data)
        if received > limit:  # such as what follows without end after the compressed part
            raise PageError(f"larger than max_bytes ({limit})")
        rest = data
        while rest:
            yield inflater.decompress(rest, _CHUNK_BYTES)
            rest = inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise PageError("the compressed page ends in the middle")
