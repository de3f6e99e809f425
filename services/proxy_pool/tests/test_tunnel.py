from base64 import b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxypool.protocol import Protocol
from proxypool.tunnel import Handshake, HandshakeError, handshake

CONNECT, SOCKS4, SOCKS4A, SOCKS5 = (
    Protocol.CONNECT,
    Protocol.SOCKS4,
    Protocol.SOCKS4A,
    Protocol.SOCKS5,
)
OK5 = b"\5\0\0\1\1\2\3\4\x1f\x90"


def talk(opening: Handshake, answers: list[bytes], piece: int = 1000) -> list[bytes]:
    """All that the client sends, where the proxy sends its answers one after the other."""
    sent = [opening.start()]
    for answer in answers:
        assert not opening.done
        said = b"".join(
            opening.feed(answer[start : start + piece]) for start in range(0, len(answer), piece)
        )
        sent.append(said)
    return sent


def basic(text: str) -> bytes:
    return b64encode(text.encode())


DIALOGUES = [
    (
        (CONNECT, "judge.example", 443),
        [b"HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n"],
        [b"CONNECT judge.example:443 HTTP/1.1\r\nHost: judge.example:443\r\n\r\n", b""],
    ),
    (
        (CONNECT, "2001:db8::1", 443, "ann", "s:ü"),
        [b"HTTP/1.0 100 Continue\r\n\r\nHTTP/1.0 204 Yes\r\nA: b\r\n\r\n"],
        [
            b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
            b"Proxy-Authorization: Basic " + basic("ann:s:ü") + b"\r\n\r\n",
            b"",
        ],
    ),
    (
        (SOCKS4, "198.51.100.7", 80, "ann", "unused"),
        [b"\0\x5a\0\0\0\0\0\0"],
        [b"\4\1\0\x50\xc6\x33\x64\x07ann\0", b""],
    ),
    (
        (SOCKS4A, "judge.example", 8001),
        [b"\4\x5a\0\0\0\0\0\0"],
        [b"\4\1\x1f\x41\0\0\0\1\0judge.example\0", b""],
    ),
    (
        (SOCKS4A, "198.51.100.7", 80),
        [b"\0\x5a\0\0\0\0\0\0"],
        [b"\4\1\0\x50\xc6\x33\x64\x07\0", b""],
    ),
    (
        (SOCKS5, "judge.example", 443),
        [b"\5\0", OK5],
        [b"\5\1\0", b"\5\1\0\3\x0djudge.example\1\xbb", b""],
    ),
    (
        (SOCKS5, "198.51.100.7", 80, "ann", "secret"),
        [b"\5\2", b"\1\0", b"\5\0\0\3\2abxx"],
        [b"\5\2\0\2", b"\1\3ann\6secret", b"\5\1\0\1\xc6\x33\x64\x07\0\x50", b""],
    ),
    (
        (SOCKS5, "2001:db8::1", 80, "ann", "secret"),
        [b"\5\0", b"\5\0\0\4" + b"a" * 16 + b"pp"],
        [b"\5\2\0\2", b"\5\1\0\4\x20\1\x0d\xb8" + b"\0" * 11 + b"\1\0\x50", b""],
    ),
]


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize(("arguments", "answers", "sent"), DIALOGUES)
def test_a_tunnel_is_opened_however_the_answers_are_cut(
    arguments: tuple[Protocol, str, int], answers: list[bytes], sent: list[bytes], piece: int
) -> None:
    opening = handshake(*arguments)
    assert talk(opening, answers, piece) == sent
    assert opening.done
    assert opening.rest == b""


@pytest.mark.parametrize(("arguments", "answers", "_sent"), DIALOGUES)
def test_what_comes_after_the_handshake_is_left_to_its_reader(
    arguments: tuple[Protocol, str, int], answers: list[bytes], _sent: list[bytes]
) -> None:
    opening = handshake(*arguments)
    talk(opening, [*answers[:-1], answers[-1] + b"\x16\x03destination"])
    assert opening.done
    assert opening.rest == b"\x16\x03destination"
    opening.feed(b", more")
    assert opening.rest == b"\x16\x03destination, more"


def refusals() -> Iterator[tuple[Protocol, bool, list[bytes], str]]:
    for status, reason in (
        (400, "tunnel_unsupported"),
        (403, "tunnel_refused"),
        (404, "bad_status"),
        (405, "tunnel_unsupported"),
        (500, "bad_status"),
        (501, "tunnel_unsupported"),
        (502, "destination_unreachable"),
        (503, "destination_unreachable"),
        (504, "destination_unreachable"),
        (302, "bad_status"),
        (101, "bad_status"),
    ):
        yield CONNECT, False, [b"HTTP/1.1 %d No\r\n\r\n" % status], reason
    for with_credentials, reason in ((False, "auth_required"), (True, "auth_failed")):
        yield CONNECT, with_credentials, [b"HTTP/1.1 407 No\r\n\r\n"], reason
        yield SOCKS5, with_credentials, [b"\5\xff"], reason
    yield SOCKS5, False, [b"\5\2"], "auth_required"
    yield SOCKS5, True, [b"\5\2", b"\1\1"], "auth_failed"
    for code, reason in ((91, "tunnel_refused"), (92, "auth_failed"), (93, "auth_failed")):
        yield SOCKS4, False, [bytes([0, code, 0, 0, 0, 0, 0, 0])], reason
        yield SOCKS4A, False, [bytes([0, code, 0, 0, 0, 0, 0, 0])], reason
    for code, reason in (
        (1, "general_failure"),
        (2, "tunnel_refused"),
        (3, "destination_unreachable"),
        (4, "destination_unreachable"),
        (5, "destination_refused"),
        (6, "destination_unreachable"),
        (7, "tunnel_unsupported"),
        (8, "address_type_unsupported"),
        (9, "bad_answer"),
    ):
        yield SOCKS5, False, [b"\5\0", bytes([5, code])], reason


def foreign() -> Iterator[tuple[Protocol, bool, list[bytes], str]]:
    for answer in (b"SSH-2.0-x\r\n", b"\5", b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"):
        yield CONNECT, False, [answer], "bad_answer"
    yield CONNECT, False, [b"HTTP/1.1 100 C\r\n\r\n" * 5], "bad_answer"
    yield CONNECT, False, [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000], "too_large"
    yield CONNECT, False, [b"HTTP/1.1 103 E\r\nA: " + b"b" * 9000 + b"\r\n\r\n"] * 2, "too_large"
    for protocol in (SOCKS4, SOCKS4A):
        for answer in (b"HTTP/1.1 400 Bad\r\n\r\n", b"\0\0", b"\0\x5e", b"\5\xff"):
            yield protocol, False, [answer], "bad_answer"
    for answers in (
        [b"HTTP/1.1 400 Bad\r\n\r\n"],
        [b"\0\x5b"],
        [b"\5\1"],
        [b"\5\0", b"\4"],
        [b"\5\0", b"\5\0\0\2\0"],
    ):
        yield SOCKS5, False, answers, "bad_answer"
    yield SOCKS5, True, [b"\5\2", b"\2"], "bad_answer"


@pytest.mark.parametrize(
    ("protocol", "with_credentials", "answers", "reason"), [*refusals(), *foreign()]
)
def test_every_refusal_has_its_word(
    protocol: Protocol, with_credentials: bool, answers: list[bytes], reason: str
) -> None:
    credentials = ("ann", "secret") if with_credentials else ("", "")
    opening = handshake(protocol, "198.51.100.7", 443, *credentials)
    with pytest.raises(HandshakeError) as caught:
        talk(opening, answers)
    assert caught.value.reason == reason
    assert "secret" not in str(caught.value)
    assert not opening.done


@pytest.mark.parametrize(
    ("protocol", "host", "port", "username", "reason"),
    [
        (CONNECT, "", 80, "", "bad_destination"),
        (CONNECT, "a b", 80, "", "bad_destination"),
        (CONNECT, "a\r\nX: y", 80, "", "bad_destination"),
        (CONNECT, "user@a", 80, "", "bad_destination"),
        (CONNECT, "münchen.example", 80, "", "bad_destination"),
        (CONNECT, "a" * 256, 80, "", "bad_destination"),
        (CONNECT, "a", 0, "", "bad_destination"),
        (CONNECT, "a", 65536, "", "bad_destination"),
        (SOCKS5, "a:b", 80, "", "bad_destination"),
        (SOCKS4, "judge.example", 80, "", "needs_ipv4"),
        (SOCKS4, "2001:db8::1", 80, "", "needs_ipv4"),
        (SOCKS4A, "2001:db8::1", 80, "", "needs_ipv4"),
        (SOCKS4, "198.51.100.7", 80, "a\0b", "bad_credentials"),
        (SOCKS5, "198.51.100.7", 80, "a" * 256, "bad_credentials"),
    ],
)
def test_what_the_protocol_cannot_say_is_refused_before_anything_is_sent(
    protocol: Protocol, host: str, port: int, username: str, reason: str
) -> None:
    with pytest.raises(HandshakeError) as caught:
        handshake(protocol, host, port, username)
    assert caught.value.reason == reason


def test_plain_http_has_no_tunnels() -> None:
    with pytest.raises(ValueError, match="no tunnels"):
        handshake(Protocol.HTTP, "judge.example", 80)


@given(
    protocol=st.sampled_from([CONNECT, SOCKS4, SOCKS4A, SOCKS5]),
    pieces=st.lists(st.binary(max_size=40), max_size=20),
    with_credentials=st.booleans(),
)
def test_garbage_neither_breaks_it_nor_is_kept(
    protocol: Protocol, pieces: list[bytes], with_credentials: bool
) -> None:
    credentials = ("ann", "secret") if with_credentials else ("", "")
    opening = handshake(protocol, "198.51.100.7", 443, *credentials)
    try:
        for piece in pieces:
            opening.feed(piece)
    except HandshakeError as error:
        assert error.reason  # noqa: PT017  either an error with its word, or it still waits
    assert len(opening.rest) <= sum(map(len, pieces))
