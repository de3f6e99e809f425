import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proxypool.gateway.credentials import BadUserError, Wish, read_basic, read_user
from proxypool.protocol import Anonymity, Protocol
from proxypool.query import Query


@pytest.mark.parametrize(
    ("user", "wish"),
    [
        ("pool", Wish("pool")),
        ("pool-country-cn", Wish("pool", Query(country="CN"))),
        ("pool-country-CN-session-abc", Wish("pool", Query(country="CN"), "abc")),
        ("pool-https", Wish("pool", Query(https=True))),
        ("pool-target-shop", Wish("pool", Query(target="shop"))),
        ("pool-target-my-shop-https", Wish("pool", Query(target="my-shop", https=True))),
        ("pool-session-a-b.c_D", Wish("pool", Query(), "a-b.c_D")),
        ("pool-session-https", Wish("pool", Query(), "https")),
        ("pool-protocol-socks5", Wish("pool", Query(protocols=(Protocol.SOCKS5,)))),
        (
            "pool-protocol-socks5-protocol-connect",
            Wish("pool", Query(protocols=(Protocol.SOCKS5, Protocol.CONNECT))),
        ),
        ("pool-anonymity-elite", Wish("pool", Query(anonymity=Anonymity.ELITE))),
        ("pool-maxlatency-800-asn-64500", Wish("pool", Query(max_latency_ms=800, asn=64500))),
        ("country-DE", Wish("", Query(country="DE"))),
        ("session-x", Wish("", Query(), "x")),
        ("pool-rotate-10", Wish("pool", rotate=10)),
        ("pool-cooldown-30-country-CN", Wish("pool", Query(country="CN"), cooldown_s=30)),
        ("pool-rotate-2-cooldown-9", Wish("pool", rotate=2, cooldown_s=9)),
    ],
)
def test_a_user_name_is_an_account_and_filters(user: str, wish: Wish) -> None:
    assert read_user(user) == wish


@pytest.mark.parametrize(
    "user",
    [
        "pool-", "pool--https", "pool-planet-mars", "pool-country", "pool-country-",
        "pool-country-CHN", "pool-country-1A", "pool-country-ÜÜ", "pool-session",
        "pool-session-", "pool-session-" + "x" * 65, "pool-session-a b", "pool-https-https",
        "pool-protocol-ftp", "pool-protocol", "pool-anonymity-none", "pool-maxlatency-0",
        "pool-maxlatency--5", "pool-maxlatency-many", "pool-maxlatency-600001", "pool-asn-0",
        "pool-asn-4294967296", "pool-asn-٣", "pool-target-ü", "pool-country-CN-country-DE",
        "pool-rotate", "pool-rotate-0", "pool-rotate-10001", "pool-rotate-x", "pool-cooldown-3601",
        "pool-session-a-rotate-2", "pool-cooldown-5-session-a", "x" * 300,
    ],
)  # fmt: skip
def test_a_bad_filter_is_named(user: str) -> None:
    with pytest.raises(BadUserError) as caught:
        read_user(user)
    assert caught.value.problem.expected
    assert caught.value.problem.advice


@settings(database=None, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_user_name_or_told_not_to_be(user: str) -> None:
    try:
        wish = read_user(user)
    except BadUserError:
        return
    assert "-" not in wish.account


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic " + encoded(b"a:b"), ("a", "b")),
        ("bAsIc   " + encoded(b"a:b:c"), ("a", "b:c")),
        ("Basic " + encoded("ä:ß".encode()), ("ä", "ß")),
        ("Basic " + encoded(b":"), ("", "")),
        ("Basic " + encoded(b"no colon"), None),
        ("Basic " + encoded(b"\xff:\xfe"), None),
        ("Basic %%%", None),
        ("Basic", None),
        ("Bearer abc", None),
        ("", None),
    ],
)
def test_basic_headers(header: str, expected: tuple[str, str] | None) -> None:
    assert read_basic(header) == expected
