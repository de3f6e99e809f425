import pytest
from proxypool.http1 import AnswerReader, BadAnswerError, ClosedError, ExchangeError, TooLargeError

WHOLE = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    (b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", b""),
    (b"HTTP/1.1 204 No\r\n\r\n", b""),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"abcde",
    ),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n", b"a"),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
]


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
@pytest.mark.parametrize(("answer", "body"), WHOLE)
def test_an_answer_is_read_however_it_is_cut(answer: bytes, body: bytes, piece: int) -> None:
    reader = AnswerReader()
    done = [reader.feed(answer[i : i + piece]) for i in range(0, len(answer), piece)]
    assert done[-1]
    assert not any(done[:-1])
    assert bytes(reader.body) == body


def test_a_body_may_end_with_the_connection() -> None:
    reader = AnswerReader()
    assert not reader.feed(b"HTTP/1.0 200 OK\r\n\r\nabc")
    reader.end()
    assert bytes(reader.body) == b"abc"


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-x\r\n",
        b"\x05\x00",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 99 x\r\n\r\n",
        b"HTTP/1.1 2000 x\r\n\r\n",
        b"HTTP/1.1 abc x\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 6,
    ],
)
def test_what_is_not_http_is_refused(answer: bytes) -> None:
    with pytest.raises(BadAnswerError):
        AnswerReader().feed(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"8000\r\n"
        + b"x" * 0x8000
        + b"\r\n9000\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 20_000,
    ],
)
def test_what_is_too_large_is_refused_before_it_is_held(answer: bytes) -> None:
    reader = AnswerReader()
    pieces = [answer[i : i + 1000] for i in range(0, len(answer), 1000)]
    with pytest.raises(TooLargeError):
        any(map(reader.feed, pieces))
    assert len(reader.body) <= reader.max_body_bytes


@pytest.mark.parametrize("answer", [piece for piece, _ in WHOLE[:1] + WHOLE[3:]])
def test_an_answer_that_is_cut_off_is_never_taken_for_whole(answer: bytes) -> None:
    for length in range(len(answer)):
        reader = AnswerReader()
        assert not reader.feed(answer[:length])
        with pytest.raises(ClosedError):
            reader.end()


def test_every_reason_is_told_apart() -> None:
    kinds = ExchangeError.__subclasses__()
    assert len({kind.reason for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n" + b"x" * 70_000,
    ],
)
def test_a_body_may_be_cut_off_where_its_beginning_is_enough(answer: bytes) -> None:
    reader = AnswerReader(max_body_bytes=1000, cuts_off=True)
    pieces = [answer[i : i + 700] for i in range(0, len(answer), 700)]
    assert any(map(reader.feed, pieces))
    assert bytes(reader.body) == b"x" * 1000
