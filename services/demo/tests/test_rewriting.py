"""Answers as dishonest proxies pass them on."""

import json

import pytest
from demo.rewriting import AnswerRewriter, inject, tamper

MARKER = b"0123456789abcdef" * 2


def through(answer: bytes, size: int, change: object = inject) -> bytes:
    rewriter = AnswerRewriter(change)  # type: ignore[arg-type]
    pieces = [rewriter.feed(answer[at : at + size]) for at in range(0, len(answer), size)]
    return b"".join(pieces) + rewriter.finish()


def test_tampering_keeps_json_and_length() -> None:
    body = json.dumps({"ip": "192.0.2.1", "headers": [["x", MARKER.decode()]]}).encode()
    assert json.loads(tamper(body))["headers"] == [["x", MARKER[::-1].decode()]]
    assert len(tamper(body)) == len(body)


def test_tampering_changes_what_has_no_long_word_too() -> None:
    assert tamper(b"192.0.2.1") == b"~92.0.2.1"


def test_an_advertisement_stands_in_a_page_or_after_all_else() -> None:
    assert inject(b"<body>x</body></html>").endswith(b"</script>\n</body></html>")
    assert inject(b"{}").startswith(b"{}<script")


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length:2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
        b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    ],
)
def test_every_framing_is_understood(answer: bytes, size: int) -> None:
    head, _, body = through(answer, size).partition(b"\r\n\r\n")
    assert body == inject(b"{}")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"A: b",
        b"Content-Length: %d" % len(body),
    ]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x16\x03\x01\x02\x00 hello",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 2",
        b"",
    ],
)
def test_what_is_no_whole_answer_passes_as_it_is(stream: bytes) -> None:
    assert through(stream, 4096) == stream


def test_what_follows_the_first_answer_passes_as_it_is() -> None:
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    assert through(one + one, 10_000).endswith(one)
