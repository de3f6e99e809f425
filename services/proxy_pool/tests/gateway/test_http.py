"""Requests with an absolute URL, as clients of an HTTP proxy send them."""

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.conftest import SITE, Client, MakeUpstream, Running, basic
from tests.gateway.origin import BLOCK, Origin


@pytest.fixture(params=["http", "connect", "socks4a", "socks5"])
async def upstream(request: pytest.FixtureRequest, make_upstream: MakeUpstream) -> Any:
    return await make_upstream(request.param)


async def test_a_request_reaches_the_site_and_the_answer_names_the_upstream(
    upstream: Any, client: Client, origin: Origin
) -> None:
    status, headers, body = await client.get(f"http://{SITE}/path?q=1")
    assert status == 200
    assert headers["x-proxy-upstream"] == upstream.place
    seen = json.loads(body)
    assert (seen["method"], seen["target"]) == ("GET", "/path?q=1")
    assert origin.asked[0].header("host") == [SITE]


async def test_the_site_does_not_see_that_there_is_a_proxy(
    upstream: Any, client: Client, origin: Origin
) -> None:
    extra = (
        "Proxy-Connection: keep-alive\r\nProxy-Foo: bar\r\nConnection: X-Mine\r\nX-Mine: 1\r\n"
        "Keep-Alive: 5\r\nTE: trailers\r\nX-Kept: 2\r\n"
    )
    assert (await client.get(extra=extra))[0] == 200
    names = {name.lower() for name, _ in origin.asked[0].headers}
    assert names == {"host", "x-kept"}


async def test_several_requests_go_over_one_connection(upstream: Any, client: Client) -> None:
    for number in range(3):
        status, headers, body = await client.get(f"http://{SITE}/{number}")
        assert status == 200
        assert json.loads(body)["target"] == f"/{number}"
        assert "connection" not in headers


async def test_requests_sent_ahead_are_answered_in_order(upstream: Any, client: Client) -> None:
    for number in range(5):
        client.send(
            f"POST http://{SITE}/{number} HTTP/1.1\r\n{basic()}Content-Length: 3\r\n\r\nab{number}"
        )
    for number in range(5):
        status, _, body = await client.answer()
        seen = json.loads(body)
        assert (status, seen["target"], seen["body"]) == (200, f"/{number}", f"ab{number}")


async def test_a_chunked_answer_keeps_the_connection(upstream: Any, client: Client) -> None:
    status, headers, body = await client.get(f"http://{SITE}/chunked")
    assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"hello world")
    assert (await client.get())[0] == 200


async def test_a_client_of_http_1_0_is_given_the_content_of_chunks(
    upstream: Any, client: Client
) -> None:
    client.send(f"GET http://{SITE}/chunked HTTP/1.0\r\n{basic()}\r\n")
    status, headers, body = await client.answer()
    assert (status, body) == (200, b"hello world")
    assert "transfer-encoding" not in headers
    assert headers["connection"] == "close"


async def test_an_answer_without_a_length_ends_with_the_connection(
    upstream: Any, client: Client
) -> None:
    status, headers, body = await client.get(f"http://{SITE}/until-close")
    assert (status, headers["connection"], body) == (200, "close", b"hello world")
    assert await client.reader.read() == b""


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_keep_the_connection(
    status: int, upstream: Any, client: Client
) -> None:
    assert (await client.get(f"http://{SITE}/status/{status}"))[0] == status
    assert (await client.get())[0] == 200


async def test_head_has_a_length_and_no_body(upstream: Any, client: Client) -> None:
    client.send(f"HEAD http://{SITE}/ HTTP/1.1\r\n{basic()}\r\n")
    status, headers = await client.head()
    assert (status, headers["content-length"]) == (200, "1234")
    assert (await client.get())[0] == 200


async def test_a_sites_own_headers_pass_and_those_between_neighbours_do_not(
    upstream: Any, client: Client
) -> None:
    client.send(f"GET http://{SITE}/hop-headers HTTP/1.1\r\n{basic()}\r\n")
    raw = (await client.reader.readuntil(b"\r\n\r\n")).decode()
    assert raw.count("Set-Cookie") == 2
    assert raw.count(f"X-Proxy-Upstream: {upstream.place}") == 1
    for gone in ("X-Private", "Keep-Alive", "Proxy-Status", "forged"):
        assert gone not in raw


@pytest.mark.parametrize("size", [0, 5, 60_000, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
async def test_bodies_of_any_size_go_up(
    size: int, chunked: bool, upstream: Any, client: Client, origin: Origin
) -> None:
    body = (BLOCK * (size // len(BLOCK) + 1))[:size]
    if chunked:
        client.send(f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Transfer-Encoding: chunked\r\n\r\n")
        for start in range(0, size, 100_000):
            piece = body[start : start + 100_000]
            client.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        client.send("0\r\n\r\n")
    else:
        client.send(f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: {size}\r\n\r\n")
        client.send(body)
    assert (await client.answer())[0] == 200
    assert origin.asked[0].body == body
    assert (await client.get())[0] == 200


async def test_a_client_that_asks_first_is_told_to_continue(
    upstream: Any, client: Client, origin: Origin
) -> None:
    client.send(
        f"PUT http://{SITE}/ HTTP/1.1\r\n{basic()}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    )
    assert (await client.head())[0] == 100
    client.send("body")
    assert (await client.answer())[0] == 200
    assert origin.asked[0].body == b"body"


async def test_a_site_that_refuses_a_body_early_is_heard(upstream: Any, client: Client) -> None:
    client.send(
        f"POST http://{SITE}/early HTTP/1.1\r\n{basic()}Expect: 100-continue\r\n"
        "Content-Length: 9000000\r\n\r\n"
    )
    status, headers, body = await client.answer()
    assert (status, headers["connection"], body) == (413, "close", b"big")


async def test_interim_answers_pass(upstream: Any, client: Client) -> None:
    client.send(f"GET http://{SITE}/early-hints HTTP/1.1\r\n{basic()}\r\n")
    assert (await client.head())[0] == 103
    assert (await client.answer())[2] == b"ok"


async def test_a_client_that_says_no_more_still_gets_its_answer(
    upstream: Any, client: Client
) -> None:
    client.send(f"GET http://{SITE}/ HTTP/1.1\r\n{basic()}\r\n")
    client.writer.write_eof()
    assert (await client.answer())[0] == 200
    assert await client.reader.read() == b""


async def test_an_answer_that_is_cut_short_is_seen_to_be(upstream: Any, client: Client) -> None:
    client.send(f"GET http://{SITE}/dies HTTP/1.1\r\n{basic()}\r\n")
    status, headers = await client.head()
    assert (status, headers["content-length"]) == (200, "1000")
    assert await client.reader.read() == b"half"


async def test_a_reset_inside_an_answer_without_a_length_is_a_reset(
    make_upstream: MakeUpstream, client: Client
) -> None:
    await make_upstream("http")
    client.send(f"GET http://{SITE}/resets HTTP/1.1\r\n{basic()}\r\n")
    await client.head()
    with pytest.raises(ConnectionResetError):
        await client.reader.read()


async def test_options_of_the_whole_site(
    make_upstream: MakeUpstream, client: Client, origin: Origin
) -> None:
    await make_upstream("socks5")
    assert (await client.get(f"http://{SITE}", method="OPTIONS"))[0] == 200
    assert origin.asked[0].target == "*"


async def test_an_upstreams_credentials_are_sent_to_it_and_shown_to_nobody(
    make_upstream: MakeUpstream, client: Client, origin: Origin
) -> None:
    upstream = await make_upstream("http", login=("user", "p%40ss"))
    upstream.login = ("user", "p@ss")
    status, headers, body = await client.get()
    assert status == 200
    assert headers["x-proxy-upstream"] == upstream.place
    assert b"p@ss" not in body
    assert not origin.asked[0].header("proxy-authorization") or "Basic" in str(
        upstream.heads
    )  # a plain proxy passes on what it was sent


@pytest.mark.parametrize(
    ("request_text", "status", "name"),
    [
        (f"GET http://{SITE}/\r\n", 400, "request"),
        (f"GET  http://{SITE}/ HTTP/1.1\r\n", 400, "request"),
        (f"GET http://{SITE}/ HTTP/2.0\r\n", 400, "request"),
        (f"GET http://{SITE}/ HTTP/1.1\r\nBad Header: 1\r\n", 400, "request"),
        (f"GET http://{SITE}/ HTTP/1.1\r\nX: 1\r\n folded\r\n", 400, "request"),
        (f"GET http://{SITE}/ HTTP/1.1\r\nX : 1\r\n", 400, "request"),
        (f"GET http://{SITE}/ HTTP/1.1\r\nX: a\nb: c\r\n", 400, "request"),
        (f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: 1\r\n"
         "Content-Length: 2\r\n", 400, "request"),
        (f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: +1\r\n", 400, "request"),
        (f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: 1\r\n"
         "Transfer-Encoding: chunked\r\n", 400, "request"),
        (f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Transfer-Encoding: gzip\r\n", 400, "request"),
        (f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Transfer-Encoding: xchunked\r\n",
         400, "request"),
        (f"POST http://{SITE}/ HTTP/1.0\r\n{basic()}Transfer-Encoding: chunked\r\n",
         400, "request"),
        (f"GET / HTTP/1.1\r\nHost: {SITE}\r\n{basic()}", 400, "URL"),
        (f"GET https://{SITE}/ HTTP/1.1\r\n{basic()}", 400, "URL"),
        (f"GET ftp://{SITE}/ HTTP/1.1\r\n{basic()}", 400, "URL"),
        (f"GET http://u:p@{SITE}/ HTTP/1.1\r\n{basic()}", 400, "destination"),
        (f"GET http://{SITE}:0/ HTTP/1.1\r\n{basic()}", 400, "destination"),
        (f"GET http://{SITE}:99999/ HTTP/1.1\r\n{basic()}", 400, "destination"),
        (f"GET http:///x HTTP/1.1\r\n{basic()}", 400, "destination"),
        (f"CONNECT {SITE} HTTP/1.1\r\n{basic()}", 400, "destination"),
        (f"CONNECT {SITE}:443 HTTP/1.1\r\n{basic()}Content-Length: 5\r\n", 400, "request"),
        (f"GET http://{SITE}/ HTTP/1.1\r\n{basic('pool-planet-mars')}", 400, "user name"),
        (f"GET ws://{SITE}/ HTTP/1.1\r\n{basic()}", 400, "URL"),
        (f"GET http://{SITE}/ HTTP/1.1\r\n{basic()}Connection: Upgrade\r\n"
         "Upgrade: websocket\r\n", 501, "Upgrade"),
    ],
)  # fmt: skip
async def test_a_bad_request_is_told_what_was_expected(
    request_text: str,
    status: int,
    name: str,
    make_upstream: MakeUpstream,
    client: Client,
    origin: Origin,
) -> None:
    await make_upstream()
    client.send(request_text + "\r\n")
    got, _, body = await client.answer()
    answer = json.loads(body)
    assert (got, answer["name"]) == (status, name)
    assert answer["expected"]
    assert answer["found"]
    assert answer["what_to_do"]
    assert not origin.asked


async def test_an_offer_of_http_2_is_passed_over(upstream: Any, client: Client) -> None:
    extra = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAA\r\n"
    status, _, body = await client.get(extra=extra)
    assert status == 200
    assert "upgrade" not in body.decode().lower()


async def test_huge_headers_are_refused(client: Client) -> None:
    client.send(f"GET http://{SITE}/ HTTP/1.1\r\n")
    for _ in range(40):
        client.send("X-Large: " + "x" * 1000 + "\r\n")
    assert (await client.head())[0] == 431


async def test_a_slow_head_is_not_waited_for(start_gateway: Any) -> None:
    running = await start_gateway(GATEWAY_HEAD_TIMEOUT="0.2")
    client = await running.client()
    client.send(f"GET http://{SITE}/ HTTP/1.1\r\nX: ")
    status, _, _ = await client.answer()
    assert status == 408


async def test_a_resting_connection_is_closed(
    make_upstream: MakeUpstream, start_gateway: Any
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_IDLE_TIMEOUT="0.3")
    client = await running.client()
    assert (await client.get())[0] == 200
    assert await client.reader.read() == b""


async def test_a_body_that_stops_is_not_waited_for(
    make_upstream: MakeUpstream, start_gateway: Any
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_IDLE_TIMEOUT="0.3")
    client = await running.client()
    client.send(f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Content-Length: 10\r\n\r\nhalf")
    status, _, body = await client.answer()
    assert (status, json.loads(body)["name"]) == (408, "body")


async def test_broken_chunks_are_the_clients_fault(
    make_upstream: MakeUpstream, gateway: Running, client: Client
) -> None:
    await make_upstream()
    client.send(f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Transfer-Encoding: chunked\r\n\r\n")
    client.send("zz\r\n")
    assert (await client.answer())[0] == 400
    assert not gateway.count("gateway_attempts_failed_total", reason="closed")


async def test_a_client_that_vanishes_frees_the_upstream(
    make_upstream: MakeUpstream, gateway: Running, client: Client, origin: Origin, until: Any
) -> None:
    await make_upstream()
    client.send(f"GET http://{SITE}/endless HTTP/1.1\r\n{basic()}\r\n")
    await client.head()
    client.writer.transport.abort()

    async def gone() -> bool:
        return origin.open_connections == 0 and gateway.count("gateway_connections") == 0

    await until(gone, 20)


async def test_a_client_that_does_not_read_stops_the_site(
    make_upstream: MakeUpstream, client: Client, origin: Origin, until: Any
) -> None:
    await make_upstream()
    client.send(f"GET http://{SITE}/endless HTTP/1.1\r\n{basic()}\r\n")
    await client.head()
    client.writer.transport.pause_reading()
    seen = [-1]

    async def stands_still() -> bool:
        seen.append(origin.sent)
        await asyncio.sleep(0.2)
        return origin.sent == seen[-1]

    await until(stands_still, 20)
    # kernel buffers on three connections (compose.yaml bounds them), the tests' own proxy, and ours
    assert origin.sent < 40_000_000
