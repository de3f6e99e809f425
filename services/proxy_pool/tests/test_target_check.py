import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from proxypool.check import Checks
from proxypool.judge import JudgeWatch
from proxypool.protocol import Protocol
from proxypool.settings import Settings
from proxypool.targets import Target
from proxypool.verdict import TargetVerdict, Verdict

from tests import tunnels
from tests.proxies import Reader, Writer, respond
from tests.tunnels import Proxy

HTTP, CONNECT, SOCKS4, SOCKS4A, SOCKS5 = Protocol
Answer = Callable[[bytes, Writer], Awaitable[None]]


@asynccontextmanager
async def site(answer: Answer) -> AsyncIterator[str]:
    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            await answer(await reader.readuntil(b"\r\n\r\n"), writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the checker hangs up when it knows enough
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()


async def verdict_with(
    settings: Settings, target: Target, proxy: Proxy, *hint: Protocol
) -> TargetVerdict:
    return (await whole_verdict(settings, target, proxy, *hint)).targets[target.name]


async def whole_verdict(
    settings: Settings, target: Target, proxy: Proxy, *hint: Protocol
) -> Verdict:
    watch = JudgeWatch(settings)
    await watch.probe()
    async with tunnels.running(proxy):
        return await Checks(settings, watch).check(
            proxy.address, hint=hint, full=False, targets=[target]
        )


async def says_where(head: bytes, writer: Writer) -> None:
    path = head.split()[1]
    status = {b"/gone": "404 Not Found", b"/deny": "403 Forbidden"}.get(path, "200 OK")
    writer.write(respond(b"Welcome to the shop\n" + head, status))


@pytest.mark.parametrize(
    ("path", "changes", "expected"),
    [
        ("/", {}, TargetVerdict(True)),
        ("/?a=b", {"expect_text": "GET /?a=b HTTP/1.1"}, TargetVerdict(True)),
        ("", {"expect_text": "GET / HTTP/1.1"}, TargetVerdict(True)),
        ("/", {"expect_text": "the shop"}, TargetVerdict(True)),
        ("/", {"headers": {"x-who": "me"}, "expect_text": "X-Who: me"}, TargetVerdict(True)),
        ("/", {"expect_text": "closed"}, TargetVerdict(False, reason="text_missing")),
        ("/deny", {}, TargetVerdict(False, reason="status_403")),
        ("/gone", {"expect_status": [200, 404]}, TargetVerdict(True)),
    ],
)
@pytest.mark.parametrize("protocol", [HTTP, CONNECT, SOCKS5])
async def test_a_target_is_asked_through_the_proxy(
    protocol: Protocol,
    path: str,
    changes: dict[str, object],
    expected: TargetVerdict,
    judged: Settings,
) -> None:
    async with site(says_where) as url:
        target = Target.model_validate({"name": "shop", "url": url + path, **changes})
        found = await verdict_with(judged, target, Proxy(), protocol)
    assert (found.works, found.reason) == (expected.works, expected.reason)


async def endless(head: bytes, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"nothing here " * 100)
        await writer.drain()


async def announces_much(head: bytes, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\nWelcome")
    await writer.drain()
    await asyncio.sleep(60)


async def hangs(head: bytes, writer: Writer) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("answer", "text", "reason"),
    [
        (endless, "closed", "text_missing"),
        (endless, "", ""),
        (endless, "here nothing", ""),
        (announces_much, "Welcome", ""),
        (hangs, "", "timeout"),
    ],
)
async def test_no_more_of_a_target_is_read_than_it_takes(
    answer: Answer, text: str, reason: str, judged: Settings
) -> None:
    async with site(answer) as url:
        target = Target(name="shop", url=url, expect_text=text, timeout_s=1)
        found = await verdict_with(judged, target, Proxy(), SOCKS5)
    assert (found.works, found.reason) == (not reason, reason)


async def test_a_target_with_tls_is_verified(judged_with_tls: Settings) -> None:
    url = judged_with_tls.judge_https_urls[0]
    target = Target(name="shop", url=url, expect_text='"ip"')
    assert (await verdict_with(judged_with_tls, target, Proxy(), HTTP, CONNECT)).works
    assert (await verdict_with(judged_with_tls, target, Proxy(), SOCKS5)).works


async def test_a_target_with_tls_needs_a_tunnel(judged_with_tls: Settings) -> None:
    target = Target(name="shop", url="https://shop.test/")
    found = await verdict_with(judged_with_tls, target, Proxy(), HTTP)
    assert found == TargetVerdict(False, reason="no_tunnel")


async def test_a_target_is_not_asked_through_a_bad_proxy(judged: Settings) -> None:
    target = Target(name="shop", url="http://shop.test/")
    proxy = Proxy(exit_ip="127.0.0.1")
    verdict = await whole_verdict(judged, target, proxy, SOCKS5)
    assert (verdict.reason, verdict.targets) == ("transparent", {})
    assert "shop.test" not in proxy.destinations


async def test_credentials_go_to_the_proxy_and_not_to_the_target(judged: Settings) -> None:
    target_heads: list[bytes] = []

    async def note(head: bytes, writer: Writer) -> None:
        target_heads.append(head)
        writer.write(respond(b"ok"))

    proxy = Proxy(username="ann", password="secret")
    watch = JudgeWatch(judged)
    await watch.probe()
    async with site(note) as url, tunnels.running(proxy):
        for hint in (HTTP, CONNECT, SOCKS5):
            verdict = await Checks(judged, watch).check(
                f"ann:secret@{proxy.address}",
                hint=[hint],
                full=False,
                targets=[Target(name="shop", url=url)],
            )
            assert verdict.targets["shop"].works, hint
    assert len(target_heads) == 3
    assert not any(b"authorization" in head.lower() for head in target_heads)
