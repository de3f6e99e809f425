"""Requests that are unknown, malformed, too large, too slow or too many get a plain page."""

from __future__ import annotations

import socket
import time

import pytest
from conftest import Edge, StartEdge

WEB_PORTS = (8080, 8000, 8002, 5010, 8009)
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


def assert_plain_page(answer: bytes, status: int) -> None:
    """The answer is one of our pages with that status, and tells nothing of what made it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert body.startswith(b"<!doctype html>"), answer[:300]
    assert body.rstrip().endswith(b"</html>"), answer
    assert b"haproxy" not in answer.lower()


def assert_bare_answer(answer: bytes, status: int) -> None:
    """The answer is HTML with that status that tells nothing of what made it.

    HAProxy 3.0 answers what it cannot parse with a built-in text, whatever the error pages say
    (https://github.com/haproxy/haproxy/issues/3032).
    """
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer[:300]
    assert body.startswith((b"<html>", b"<!doctype html>")), answer[:300]
    assert b"haproxy" not in answer.lower()
    assert b"server:" not in head.lower()


@pytest.mark.parametrize("port", WEB_PORTS)
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.1.2.3", "check.test", "edge", "[::2]"]
)
def test_unknown_host(edge: Edge, port: int, host: str) -> None:
    answer = edge.send(
        port, b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode()
    )
    assert_plain_page(answer, 421)


@pytest.mark.parametrize("port", WEB_PORTS)
@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]", "[::1]:80", "courses.example"]
)
def test_known_host(edge: Edge, port: int, host: str) -> None:
    assert edge.get(port, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["s.example", "S.EXAMPLE:8002"])
def test_the_name_of_short_links_is_theirs_alone(edge: Edge, host: str) -> None:
    statuses = {
        port: edge.get(port, headers={"Host": host}).status_code for port in (*WEB_PORTS, 8001)
    }
    assert statuses == {port: 200 if port == 8002 else 421 for port in statuses}


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        b"GET /\xff\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    ],
    ids=lambda value: repr(value[-40:]),
)
@pytest.mark.parametrize("port", [8080, 8001])
def test_malformed_request(edge: Edge, port: int, request_bytes: bytes) -> None:
    assert_bare_answer(edge.send(port, request_bytes), 400)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("port", [8080, 8001])
def test_request_without_a_host(edge: Edge, port: int, version: bytes) -> None:
    request = b"GET / HTTP/" + version + b"\r\nConnection: close\r\n\r\n"
    assert_plain_page(edge.send(port, request), 400)


def test_broken_chunk(edge: Edge) -> None:
    request = POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"
    assert_bare_answer(edge.send(8080, request), 400)


def test_length_and_chunks_at_once_do_not_smuggle(edge: Edge) -> None:
    """Chunks win and the length is dropped (RFC 9112, section 6.3), or the request is refused."""
    hidden = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = edge.send(
        8080,
        POST
        + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % len(hidden)
        + hidden,
    )
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"/hidden" not in answer
    assert b"content-length: " not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("coding", [b"gzip, chunked, identity", b"xchunked", b"chunked, chunked"])
def test_odd_transfer_codings_are_refused(edge: Edge, coding: bytes) -> None:
    answer = edge.send(8080, POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n")
    assert_bare_answer(answer, 400)


@pytest.mark.parametrize("method", [b"CONNECT localhost:443", b"TRACE /"])
def test_methods_that_no_service_has(edge: Edge, method: bytes) -> None:
    host = b"localhost:443" if b"CONNECT" in method else b"localhost"
    answer = edge.send(
        8080, method + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    )
    assert_plain_page(answer, 405)


def test_oversized_body_is_refused_before_it_is_sent(edge: Edge) -> None:
    assert_plain_page(edge.send(8000, POST + b"Content-Length: 1048577\r\n\r\n"), 413)


def test_largest_body_arrives(edge: Edge) -> None:
    response = edge.request("POST", 8000, "/", data=b"x" * 1048576)
    assert response.status_code == 200


def test_oversized_body_in_chunks_is_refused(edge: Edge) -> None:
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert_plain_page(edge.send(8000, head, chunk, chunk, pause_s=0.1), 413)


def test_oversized_body_in_chunks_beside_a_large_head_is_refused(edge: Edge) -> None:
    """The head must not fill the buffer in which the body is measured."""
    head = POST + b"X-Filler: " + b"y" * 7800 + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    assert_plain_page(edge.send(8000, head, chunk, chunk, chunk, pause_s=0.1), 413)


def test_the_limits_hold_where_a_larger_head_is_allowed(start: StartEdge) -> None:
    edge = start(edge_max_request_header_bytes=16384, demo_world=False)
    head = POST + b"X-Filler: " + b"y" * 15_900 + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
    assert_plain_page(edge.send(8000, head, chunk, chunk, chunk, pause_s=0.1), 413)
    assert_plain_page(edge.send(8080, GET + b"X: " + b"y" * 17_000 + b"\r\n\r\n"), 400)


def test_small_body_in_chunks_arrives(edge: Edge) -> None:
    response = edge.request("POST", 8000, "/", data=iter([b"hello ", b"world"]))
    assert response.status_code == 200
    assert response.text.startswith("POST / 11\n"), response.text


@pytest.mark.parametrize("count", [101, 250])
def test_too_many_headers(edge: Edge, count: int) -> None:
    head = GET + b"".join(b"X-%d: y\r\n" % number for number in range(count)) + b"\r\n"
    assert_plain_page(edge.send(8080, head), 400)


def test_header_bomb(edge: Edge) -> None:
    head = GET + b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\n"
    assert_bare_answer(edge.send(8080, head), 400)
    assert edge.get(8080).status_code == 200


def test_too_long_headers(edge: Edge) -> None:
    assert_plain_page(edge.send(8080, GET + b"X: " + b"y" * 9_000 + b"\r\n\r\n"), 400)


@pytest.mark.parametrize("length", [20_000, 200_000])
def test_headers_longer_than_the_buffer(edge: Edge, length: int) -> None:
    answer = edge.send(8080, GET + b"X-Bomb: " + b"y" * length + b"\r\n\r\n")
    assert_bare_answer(answer, 400)


def test_too_long_address(edge: Edge) -> None:
    request = b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert_bare_answer(edge.send(8080, request), 400)


@pytest.mark.parametrize("port", [8080, 8001])
def test_slow_head_is_cut_off(edge: Edge, port: int) -> None:
    started = time.monotonic()
    answer = edge.send(port, b"GET / HTTP/1.1\r\n", *([b"X: y\r\n"] * 12), pause_s=0.5)
    assert_bare_answer(answer, 408)
    assert time.monotonic() - started < 12


def test_slow_body_is_cut_off(edge: Edge) -> None:
    pieces = (POST + b"Content-Length: 100\r\n\r\n", *([b"x"] * 9))
    assert_plain_page(edge.send(8000, *pieces, pause_s=0.5), 408)


def test_idle_connection_is_closed_without_a_word(edge: Edge) -> None:
    assert edge.send(8080) == b""


def test_too_many_requests_from_one_address(start: StartEdge) -> None:
    edge = start(edge_bind_address="0.0.0.0", demo_world=False, edge_source_max_requests_per_10s=20)
    statuses = [edge.get(8080).status_code for _ in range(30)]
    assert 429 in statuses, statuses
    assert 429 not in statuses[:15], statuses
    answer = edge.send(8080, GET + b"Connection: close\r\n\r\n")
    assert_plain_page(answer, 429)
    assert b"retry-after: 10" in answer.lower()
    assert edge.execute("edge-health").returncode == 0


def test_too_many_connections_from_one_address(start: StartEdge) -> None:
    edge = start(edge_bind_address="0.0.0.0", demo_world=False, edge_source_max_connections=10)
    held = [socket.create_connection((edge.address, 8080), timeout=5) for _ in range(10)]
    try:
        time.sleep(0.2)
        assert edge.send(8080, GET + b"Connection: close\r\n\r\n") == b""
        assert edge.execute("edge-health").returncode == 0
    finally:
        for connection in held:
            connection.close()
    time.sleep(0.2)
    assert edge.send(8080, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 ")


def test_this_host_is_not_limited_while_the_edge_binds_loopback(start: StartEdge) -> None:
    """All local callers share the gateway's address."""
    edge = start(demo_world=False, edge_source_max_requests_per_10s=5)
    assert 429 not in [edge.get(8080).status_code for _ in range(20)]
    assert {edge.get(8001, "/check/").status_code for _ in range(20)} == {200}
