import json

import pytest
from proxypool.protocol import Anonymity
from proxypool.sight import NotTheJudgeError, OwnAddresses, Sight, Usual, read_sight

MARKER = "0123456789abcdef0123456789abcdef"
HEADERS = {"Host": "judge.test", "X-Check-Marker": MARKER}
OWN = OwnAddresses(["192.0.2.1", "2001:db8::1"])


def ours(ip: object = "198.51.100.7", headers: object = None) -> bytes:
    return json.dumps({"ip": ip, "headers": headers or list(HEADERS.items())}).encode()


def httpbin(origin: str = "198.51.100.7", **changes: object) -> bytes:
    content = {"args": {"marker": MARKER}, "headers": HEADERS, "origin": origin, "url": "x"}
    return json.dumps({**content, **changes}).encode()


def azenv(ip: str = "198.51.100.7", marker: str = MARKER, around: str = "") -> bytes:
    lines = f"REMOTE_ADDR = {ip}\nREMOTE_PORT = 5\nHTTP_X_CHECK_MARKER = {marker}\n"
    return f"<pre>\n{lines}HTTP_VIA = 1.1 x\n</pre>\n{around}".encode()


@pytest.mark.parametrize("body", [ours(), httpbin(), azenv()], ids=["ours", "httpbin", "azenv"])
def test_three_forms_are_read(body: bytes) -> None:
    sight = read_sight(200, body, MARKER)
    assert sight.ip == "198.51.100.7"
    assert ("x-check-marker", MARKER) in sight.headers


def test_an_ipv6_address_is_brought_into_its_normal_form() -> None:
    assert read_sight(200, ours("2001:DB8:0:0::7"), MARKER).ip == "2001:db8::7"
    assert read_sight(200, ours("::ffff:198.51.100.7"), MARKER).ip == "198.51.100.7"


def test_addresses_that_httpbin_was_told_count_as_headers() -> None:
    sight = read_sight(200, httpbin("192.0.2.1, 198.51.100.7"), MARKER)
    assert sight.ip == "198.51.100.7"
    assert sight.shows(OWN)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (302, ours(), "bad_status"),
        (503, b"", "bad_status"),
        (200, b"", "not_the_judge"),
        (200, b"OK", "not_the_judge"),
        (200, b"<html>Log in</html>", "not_the_judge"),
        (200, b"null", "not_the_judge"),
        (200, b'{"headers": 5}', "not_the_judge"),
        (200, b'{"ip": "x", "headers": []}', "not_the_judge"),
        (200, ours() + b"<script>", "tampered"),
        (200, ours()[:-1], "tampered"),
        (200, ours(ip="somewhere"), "tampered"),
        (200, ours(headers=[("Host", "judge.test")]), "marker_lost"),
        (200, ours(headers=[("X-Check-Marker", MARKER)] * 2), "marker_lost"),
        (200, ours(headers=[("X-Check-Marker", MARKER[::-1])]), "marker_lost"),
        (200, httpbin(args={}), "marker_lost"),
        (200, httpbin(headers={}), "marker_lost"),
        (200, azenv(marker="other"), "marker_lost"),
        (200, azenv(ip=""), "tampered"),
    ],
)
def test_what_is_not_the_judges_own_answer_is_told(status: int, body: bytes, reason: str) -> None:
    with pytest.raises(NotTheJudgeError) as caught:
        read_sight(status, body, MARKER)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("ip", "header", "expected"),
    [
        ("198.51.100.7", None, Anonymity.ELITE),
        ("198.51.100.7", ("via", "1.1 somewhere"), Anonymity.ANONYMOUS),
        ("198.51.100.7", ("x-forwarded-for", "192.0.2.10"), Anonymity.ANONYMOUS),
        ("198.51.100.7", ("x-forwarded-for", "192.0.2.1"), Anonymity.TRANSPARENT),
        ("198.51.100.7", ("forwarded", 'for="[2001:DB8::1]:80"'), Anonymity.TRANSPARENT),
        ("198.51.100.7", ("forwarded", "for=198.51.100.9;host=192.0.2.1"), Anonymity.ANONYMOUS),
        ("198.51.100.7", ("x-odd", "client=192.0.2.1;x"), Anonymity.TRANSPARENT),
        ("198.51.100.7", ("host", "192.0.2.1:8001"), Anonymity.ELITE),
        ("192.0.2.1", None, Anonymity.TRANSPARENT),
    ],
)
def test_the_anonymity_level_is_what_the_judge_saw(
    ip: str, header: tuple[str, str] | None, expected: Anonymity
) -> None:
    sight = Sight(ip, [("host", "judge.test"), *([header] if header else [])])
    assert sight.anonymity(OWN, frozenset({"host"})) is expected


@pytest.mark.parametrize("name", ["x-squid-client", "cookie", "x-ad", "accept-language", "via"])
def test_whatever_was_added_on_the_way_says_that_a_proxy_is_at_work(name: str) -> None:
    sight = Sight("198.51.100.7", [("host", "judge.test"), (name, "x")])
    assert sight.anonymity(OWN, frozenset({"host"})) is Anonymity.ANONYMOUS
    assert sight.anonymity(OWN, frozenset({"host", name})) is Anonymity.ELITE


@pytest.mark.parametrize("name", ["connection", "cache-control", "accept-encoding", "te"])
def test_what_differs_between_connections_says_nothing(name: str) -> None:
    sight = Sight("198.51.100.7", [("host", "judge.test"), (name, "x")])
    assert sight.anonymity(OWN, frozenset()) is Anonymity.ELITE


AGENT = [*HEADERS.items(), ("User-Agent", "A/1"), ("Accept", "*/*")]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"ip": "198.51.100.7", "headers": AGENT, "ad": "<script>"}).encode(),
        ours(headers=[*HEADERS.items(), ("User-Agent", "EvilBot/1.0"), ("Accept", "*/*")]),
        ours(headers=[*HEADERS.items(), ("User-Agent", "A/1")]),
        ours(headers=[*AGENT, ("Accept", "text/html")]),
        httpbin(headers=dict(AGENT), extra=1),
    ],
)
def test_what_was_changed_on_the_way_is_told_by_comparison_with_a_direct_answer(
    body: bytes,
) -> None:
    usual = Usual.of(read_sight(200, ours(headers=AGENT), MARKER))
    usual.compare(read_sight(200, ours("203.0.113.5", headers=[*AGENT, ("Via", "x")]), MARKER))
    with pytest.raises(NotTheJudgeError) as caught:
        usual.compare(read_sight(200, body, MARKER))
    assert caught.value.reason == "tampered"


def test_headers_that_are_there_without_a_proxy_say_nothing() -> None:
    sight = Sight("198.51.100.7", [("via", "front"), ("x-real-ip", "198.51.100.7")])
    assert sight.anonymity(OWN, frozenset({"via", "x-real-ip"})) is Anonymity.ELITE
    assert sight.anonymity(OWN, frozenset({"via"})) is Anonymity.ANONYMOUS


def test_what_stands_around_the_lines_of_text_is_kept_for_comparison() -> None:
    plain, changed = (
        read_sight(200, azenv(around=text), MARKER).frame for text in ("", "<script>")
    )
    assert plain != changed
