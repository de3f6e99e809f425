import asyncio
import socket
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from proxypool.address import UpstreamRule, parse_networks
from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.page_memory import Page, PageMemory
from proxypool.source import Source

from tests.site import HEAD, LOOPBACK, Serve, page, site

ONE_ADDRESS = UpstreamRule(parse_networks("127.0.0.1"))
SECRET = "me:pa ss/w%rd"


class Names(AbstractResolver):
    """Knows one address for every name."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=self.address, port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


def source(url: str, **changes: object) -> Source:
    fields = {"name": "site", "urls": [url], "parser": {"type": "text"}, "timeout_s": 10.0}
    return Source.model_validate({**fields, **changes})


def redirect(location: str, status: int = 302) -> Serve:
    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())

    return serve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "[fe80::1]",
    ],
)
async def test_a_page_is_never_fetched_from_an_address_that_is_not_public(address: str) -> None:
    async with new_session(UpstreamRule()) as session:
        result = await crawl(source(f"http://{address}:9/"), session)
    print(result.error)
    assert "is not a public address" in result.error
    assert "ALLOWED_SOURCE_NETWORKS" in result.error


async def test_a_name_that_leads_into_the_hosts_network_is_refused_when_it_is_connected_to() -> (
    None
):
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address:
        port = address.rpartition(":")[2]
        async with new_session(UpstreamRule(), Names("127.0.0.1")) as session:
            refused = await crawl(source(f"http://list.example:{port}/"), session)
        async with new_session(LOOPBACK, Names("127.0.0.1")) as session:
            allowed = await crawl(source(f"http://list.example:{port}/"), session)
    assert "127.0.0.1 is not a public address" in refused.error
    assert allowed.succeeded
    assert len(heads) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_leads_nowhere_that_is_not_allowed(status: int) -> None:
    async with (
        site(redirect("http://127.0.0.2:9/latest/meta-data/", status)) as address,
        new_session(ONE_ADDRESS) as session,
    ):
        result = await crawl(source(address), session)
    assert "127.0.0.2 is not a public address" in result.error


async def test_a_redirect_is_followed() -> None:
    async with (
        site(page(b"192.0.2.1:80")) as there,
        site(redirect(f"{there}/list")) as here,
        new_session(LOOPBACK) as session,
    ):
        result = await crawl(source(here), session)
    assert result.succeeded, result.error


@pytest.fixture
def auth_file(tmp_path: Path) -> str:
    file = tmp_path / "auth"
    file.write_text(SECRET.replace(" ", "") + "\n")
    return str(file)


@pytest.mark.parametrize(
    ("secret", "sent"),
    [
        ("me:pass", "Authorization: Basic bWU6cGFzcw=="),
        ("abc.def", "Authorization: Bearer abc.def"),
        ("Token abc", "Authorization: Token abc"),
    ],
)
async def test_a_paid_api_gets_the_secret_of_a_file(secret: str, sent: str, tmp_path: Path) -> None:
    (tmp_path / "auth").write_text(secret + "\n")
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address, new_session(LOOPBACK) as session:
        result = await crawl(source(address, auth_file=str(tmp_path / "auth")), session)
    assert result.succeeded, result.error
    assert result.source.private
    assert sent in heads[0]


async def test_the_secret_may_stand_in_a_header_or_in_the_url(auth_file: str) -> None:
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address, new_session(LOOPBACK) as session:
        headers = {"X-Api-Key": "{auth}", "Accept": "text/plain"}
        await crawl(source(address, auth_file=auth_file, headers=headers), session)
        await crawl(source(address + "/?key={auth}", auth_file=auth_file), session)
    assert "X-Api-Key: me:pass/w%rd" in heads[0]
    assert "Authorization" not in "".join(heads)
    assert "/?key=me:pass/w%25rd " in heads[1]


async def test_the_secret_goes_to_no_other_site(auth_file: str) -> None:
    heads: list[str] = []
    async with (
        site(page(b"192.0.2.1:80"), heads) as there,
        site(redirect(there), heads) as here,
        new_session(LOOPBACK) as session,
    ):
        headers = {"X-Api-Key": "{auth}"}
        result = await crawl(source(here, auth_file=auth_file, headers=headers), session)
    assert result.succeeded, result.error
    assert "X-Api-Key" in heads[0]
    assert "X-Api-Key" not in heads[1]


@pytest.mark.parametrize(
    "serve",
    [redirect("ftp://x/?key=me:pass/w%25rd"), redirect("//:?/me:pass/w%rd"), page(b"none")],
    ids=["scheme", "address", "empty"],
)
async def test_the_secret_stands_in_no_error(serve: Serve, auth_file: str) -> None:
    async with site(serve) as address, new_session(LOOPBACK) as session:
        result = await crawl(source(address + "/?key={auth}", auth_file=auth_file), session)
    print(result.error)
    assert not result.succeeded
    for text in (result.error, str(result.statistics()), repr(result)):
        assert "w%rd" not in text
        assert "w%25rd" not in text


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", "one line"), (b"a\nb", "one line"), (b"\xff", "not ASCII"), (None, "No such file")],
)
async def test_a_bad_secret_is_told_and_nothing_is_sent(
    content: bytes | None, error: str, tmp_path: Path
) -> None:
    file = tmp_path / "auth"
    if content is not None:
        file.write_bytes(content)
    heads: list[str] = []
    async with site(page(b"192.0.2.1:80"), heads) as address, new_session(LOOPBACK) as session:
        result = await crawl(source(address, auth_file=str(file)), session)
    assert error in result.error
    assert heads == []


@pytest.mark.parametrize(
    ("validator", "condition"),
    [
        (b'ETag: "1"', 'If-None-Match: "1"'),
        (
            b"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT",
            "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT",
        ),
    ],
    ids=["etag", "last-modified"],
)
async def test_a_page_that_has_not_changed_is_not_sent_again(
    validator: bytes, condition: str
) -> None:
    heads: list[str] = []

    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        if condition in heads[-1]:
            writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        else:
            await page(b"192.0.2.1:80", validator + b"\r\n")(path, writer)

    memory = PageMemory()
    results: list[Crawl] = []
    async with site(serve, heads) as address, new_session(LOOPBACK) as session:
        for _ in range(3):
            results.append(await crawl(source(address), session, memory=memory))
    assert [list(map(str, result.found)) for result in results] == [["192.0.2.1:80"]] * 3
    assert [result.unchanged_pages for result in results] == [0, 1, 1]
    assert [result.bytes for result in results] == [12, 0, 0]
    assert condition not in heads[0]


async def test_a_304_that_was_not_asked_for_is_an_error() -> None:
    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    async with site(serve) as address, new_session(LOOPBACK) as session:
        result = await crawl(source(address), session, memory=PageMemory())
    assert "expected status 200, found 304" in result.error


def test_the_memory_of_pages_is_bounded_and_keeps_those_used_last() -> None:
    memory = PageMemory(limit_bytes=300)
    for name in "abc":
        memory.keep(name, Page(bytes(range(100)), etag=name))
        memory.kept("a")
    assert [name for name in "abc" if memory.kept(name)] == ["a", "c"]
    kept = memory.kept("a")
    assert kept is not None
    assert kept.unpacked().body == bytes(range(100))
    memory.keep("a", Page(b"no validators"))
    assert memory.kept("a") is None


async def test_many_sites_are_asked_side_by_side() -> None:
    waiting = asyncio.Barrier(8)

    async def serve(path: str, writer: asyncio.StreamWriter) -> None:
        await waiting.wait()
        writer.write(HEAD + b"Content-Length: 12\r\n\r\n192.0.2.1:80")

    async with site(serve) as address, new_session(LOOPBACK) as session:
        sources = [source(f"{address}/{number}", timeout_s=60) for number in range(8)]
        results = await asyncio.gather(*(crawl(one, session) for one in sources))
    assert all(result.succeeded for result in results)
