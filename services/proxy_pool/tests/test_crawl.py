import asyncio
import gzip
import os
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.source import Source

from tests.site import HEAD, LOOPBACK, Serve, page, site


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


async def test_what_follows_the_compressed_part_without_end_is_not_read_for_ever() -> None:
    async def serve(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + GZIP + b"\r\n" + gzip.compress(b"192.0.2.1:80"))
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    result = await crawled(serve, timeout_s=20.0)
    assert "larger than max_bytes" in result.error


async def test_noise_does_not_compress_into_memory_either() -> None:
    result = await crawled(page(gzip.compress(os.urandom(200_000)), GZIP))
    assert "larger than max_bytes" in result.error


async def test_a_crawl_has_a_deadline_and_keeps_what_it_found_until_then() -> None:
    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/1":
            await page(b"192.0.2.1:80")(path, writer)
        else:
            await asyncio.sleep(30)

    pages = {"first": 1, "last": 100}
    result = await crawled(serve, "/{page}", pages=pages, timeout_s=20.0, deadline_s=2.0)
    assert [str(found) for found in result.found] == ["192.0.2.1:80"]
    assert "not finished within 2 s" in result.error
    assert result.pages == 2


async def test_no_more_are_taken_than_max_addresses_also_of_a_network() -> None:
    result = await crawled(page(b"10.0.0.0/8:80 192.0.2.1:80"), max_addresses=50)
    assert len(result.found) == 50


@pytest.mark.parametrize(
    ("body", "header"),
    [
        ("代理 192.0.2.1:80 代理".encode("gbk"), b"Content-Type: text/html; charset=utf-8"),
        ("代理 192.0.2.1:80 代理".encode(), b"Content-Type: text/html; charset=gbk"),
        ("代理 192.0.2.1:80".encode("utf-16"), b"Content-Type: text/plain; charset=gb2312"),
        ("192.0.2.1:80".encode("utf-16-le"), b"Content-Type: text/plain; charset=utf-16le"),
        (b"192.0.2.1:80", b"Content-Type: text/plain; charset=punycode"),
        (b"192.0.2.1:80", b"Content-Type: text/plain; charset=\x22\xff\x22"),
        (b"192.0.2.1:80", b"Content-Type: application/zip"),
        (b"\xef\xbb\xbf192.0.2.1:80", b"X: y"),
    ],
    ids=["gbk as utf-8", "utf-8 as gbk", "utf-16", "utf-16le", "punycode", "none", "zip", "mark"],
)
async def test_a_wrong_charset_hides_no_address(body: bytes, header: bytes) -> None:
    result = await crawled(page(body, header + b"\r\n"))
    assert [str(found) for found in result.found] == ["192.0.2.1:80"], result.error


async def crawl_own(**fields: object) -> Crawl:
    source = Source.model_validate({"name": "own", "interval_s": 60, **fields})
    async with new_session(LOOPBACK) as session:
        return await crawl(source, session)


async def test_own_proxies_are_a_source_with_credentials_and_expiry() -> None:
    result = await crawl_own(
        proxies=[
            "socks5://me:pass@gate.example:7000",
            {"proxy": "192.0.2.1:80", "protocol": "http", "expires": "2999-01-01T00:00:00Z"},
            {"proxy": "192.0.2.2:80", "expires": "2001-01-01T00:00:00Z"},
            "203.0.113.0/31:80",
        ],
        expires="2998-01-01",
    )
    listed = [(str(one.upstream), one.protocol, one.expires) for one in result.candidates]
    assert listed == [
        ("me:pass@gate.example:7000", "socks5", 32440608000.0),
        ("192.0.2.1:80", "http", 32472144000.0),
        ("203.0.113.0:80", None, 32440608000.0),
        ("203.0.113.1:80", None, 32440608000.0),
    ]
    assert result.expired == 1
    assert result.statistics()["by_protocol"] == {"not said": 2, "http": 1, "socks5": 1}


async def test_own_proxies_that_have_all_expired_say_so() -> None:
    result = await crawl_own(proxies=["192.0.2.1:80"], expires="2001-01-01")
    assert (result.succeeded, result.error) == (False, "1 expired ones found")


async def test_a_file_of_own_proxies_names_its_bad_lines_but_never_shows_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text(
        "# my proxies\n\nsocks5://me:pa#ss@gate.example:7000 # the first\n"
        "me:secret:gate.example:7000\n192.0.2.1:80 expires=2001-01-01\n192.0.2.2:80:me:pass\n"
    )
    result = await crawl_own(file=str(file), protocol="http")
    assert [(str(one.upstream), one.protocol) for one in result.candidates] == [
        ("me:pa%23ss@gate.example:7000", "socks5"),
        ("me:pass@192.0.2.2:80", "http"),
    ]
    assert (result.expired, result.unreadable) == (1, 1)
    assert "mine.txt, line 4: expected" in result.error
    assert "secret" not in str(result.statistics())


@pytest.mark.parametrize(
    ("content", "error"), [(None, "No such file"), (b"x" * 200, "larger than max_bytes")]
)
async def test_a_file_that_cannot_be_read_says_why(
    content: bytes | None, error: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.txt"
    if content is not None:
        file.write_bytes(content)
    result = await crawl_own(file=str(file), max_bytes=100)
    assert error in result.error
