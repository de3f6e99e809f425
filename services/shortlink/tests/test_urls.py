import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shortlink.urls import LONGEST, BadUrlError, Place, UrlRule, place_of

RULE = UrlRule((place_of("http://s.example:8002"),))


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://example.org/", "https://example.org/"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org?q=1#part", "https://example.org/?q=1#part"),
        ("HTTPS://Example.ORG/Path", "https://example.org/Path"),
        ("http://example.org:80/", "http://example.org/"),
        ("https://example.org:443/", "https://example.org/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://example.org:/", "https://example.org/"),
        ("https://example.org./", "https://example.org/"),
        ("https://例子.中国/课程", "https://xn--fsqu00a.xn--fiqs8s/%E8%AF%BE%E7%A8%8B"),
        ("https://bücher.example.org/ä", "https://xn--bcher-kva.example.org/%C3%A4"),
        ("https://example.org/a%20b?x=%e4%bd%a0", "https://example.org/a%20b?x=%e4%bd%a0"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ('https://example.org/"<x>', "https://example.org/%22%3Cx%3E"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("http://0x08080808/", "http://8.8.8.8/"),
        ("http://[2606:4700:4700:0::1111]/", "http://[2606:4700:4700::1111]/"),
        ("http://s.example.org:8002/", "http://s.example.org:8002/"),
    ],
)
def test_a_url_is_kept_in_one_form(given_url: str, kept: str) -> None:
    assert RULE.accept(given_url) == kept
    assert RULE.accept(kept) == kept


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "example.org",
            "/course/1",
            "//example.org/",
            "http:example.org",
            "http:/example.org",
        ),
        *("ftp://example.org/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"),
        *("http://", "http:///path", "https://?q", "http://:80/", "http://.example.org/"),
        *("http://example..org/", "http://-example.org/", "http://exa mple.org/"),
        *("http://example.org:0/", "http://example.org:65536/", "http://example.org:8x/"),
        *("http://user@example.org/", "http://user:password@example.org/", "http://@example.org/"),
        *("http://example.org\\@evil.example/", "http://example.org\\evil", " http://example.org/"),
        *(
            "http://example.org/\n",
            "http://exam\tple.org/",
            "http://example.org/a b",
            "http://\x00/",
        ),
        *("http://ex%61mple.org/", "http://example.org%2f@evil/", "http://[::1/", "http://[x]/"),
        *("http://[fe80::1%25eth0]/", "http://1.2.3.4.5/", "http://256.1.1.1/", "http://1.2.3.08/"),
        *("http://0x1_0.8/", "http://0x-1.8/", "http://99999999999/", "http://example.org/\ud800"),
        *(f"http://{'a' * 64}.org/", f"http://{'a.' * 130}org/"),
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrlError) as refused:
        RULE.accept(url)
    problem = refused.value.problem
    assert problem.expected
    assert problem.found
    assert problem.advice


@pytest.mark.parametrize(
    "host",
    [
        # Loopback, private, link-local, this network, shared, documentation, multicast, reserved.
        *("127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "0.0.0.0", "0.1.2.3", "100.64.0.1", "192.0.2.1", "224.0.0.1"),
        *("240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.1"),
        # The same in the forms that browsers take: short, decimal, octal, hexadecimal, mixed.
        *("127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0177.0.0.1"),
        *("0", "0x0", "10.1", "3232235777", "0xa9fea9fe", "0xA9.0376.43518", "127.0.0.1."),
        *("０１７７.０.０.１", "１２７。０。０。１", "①②⑦.⓪.⓪.①"),
        # IPv6, and IPv4 in it: mapped, compatible, 6to4, NAT64, Teredo.
        *("[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[fec0::1]", "[ff02::1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[2002:7f00:1::]"),
        *("[2002:c0a8:101::1]", "[64:ff9b::10.0.0.1]", "[2001:0:7f00:1::]", "[2001:db8::1]"),
        *("[0:0:0:0:0:ffff:7f00:0001]", "[100::1]"),
        # Names that lead nobody else anywhere.
        *("localhost", "LOCALHOST", "localhost.", "a.localhost", "mariadb", "printer.local"),
        *("db.internal", "router.lan", "nas.home.arpa", "x.home", "wiki.corp", "intranet"),
        *("site.test", "a.invalid", "duckduckgo.onion", "x.y.ALT.", "test"),
    ],
)
def test_what_is_private_is_refused_in_every_form(host: str) -> None:
    with pytest.raises(BadUrlError) as refused:
        RULE.accept(f"http://{host}/")
    assert refused.value.problem.name == "url"


@pytest.mark.parametrize(
    "url",
    ["http://s.example:8002/", "http://S.EXAMPLE:8002/abc", "http://s.example.:8002/x?y"],
)
def test_a_link_to_a_link_is_refused(url: str) -> None:
    with pytest.raises(BadUrlError, match="another service"):
        RULE.accept(url)


def test_the_own_host_on_another_port_is_another_service() -> None:
    rule = UrlRule((place_of("http://10.1.2.3:8002"),), private=(Place.parse("10.1.2.3"),))
    assert rule.accept("http://10.1.2.3/course/1") == "http://10.1.2.3/course/1"
    with pytest.raises(BadUrlError, match="another service"):
        rule.accept("http://0x0a.1.515:8002/")


def test_the_own_host_at_the_scheme_s_port_is_known_without_it() -> None:
    rule = UrlRule((place_of("https://s.example.org"),))
    for url in (
        *("https://s.example.org/", "https://s.example.org:443/", "http://s.example.org:443"),
        # What serves the one port sends callers of the other there.
        *("http://s.example.org/", "http://s.example.org:80/x", "https://s.example.org:80/"),
    ):
        with pytest.raises(BadUrlError, match="another service"):
            rule.accept(url)
    assert rule.accept("https://s.example.org:8443/") == "https://s.example.org:8443/"


def test_the_own_address_is_known_in_every_form() -> None:
    for public_url in ("http://8.8.8.8:8002", "http://[::ffff:8.8.8.8]:8002"):
        rule = UrlRule((place_of(public_url),))
        for host in (
            *("8.8.8.8", "8.8.2056", "0x08080808", "[::ffff:8.8.8.8]", "[::ffff:808:808]"),
            # Translators and tunnels carry it there.
            *("[64:ff9b::8.8.8.8]", "[2002:808:808::1]", "[::8.8.8.8]"),
        ):
            with pytest.raises(BadUrlError, match="another service"):
                rule.accept(f"http://{host}:8002/x")
        assert rule.accept("http://8.8.4.4:8002/x") == "http://8.8.4.4:8002/x"


def test_every_own_place_is_known() -> None:
    places = ("www.example.org:8002", "8.8.8.8:8002", "[2606:4700::1]:8002", "go.example.net")
    rule = UrlRule((*RULE.own, *map(Place.parse, places)))
    for url in (
        *("http://s.example:8002/", "http://WWW.example.org:8002/x", "http://8.8.8.8:8002/"),
        *("http://[2606:4700:0::1]:8002/", "http://go.example.net/", "http://go.example.net:81/"),
    ):
        with pytest.raises(BadUrlError, match="another service"):
            rule.accept(url)
    assert rule.accept("http://www.example.org/course/1") == "http://www.example.org/course/1"


def test_a_named_address_is_the_same_within_an_ipv6_one() -> None:
    rule = UrlRule(RULE.own, private=(Place.parse("[::ffff:10.0.0.7]:8000"),))
    for host in ("10.0.0.7", "[::ffff:a00:7]"):
        assert rule.accept(f"http://{host}:8000/")


def test_a_private_host_that_is_named_is_allowed_and_no_other() -> None:
    rule = UrlRule(
        RULE.own, private=(Place.parse("10.0.0.7:8000"), Place.parse("shop"), Place.parse("*.test"))
    )
    assert rule.accept("http://10.0.0.7:8000/a") == "http://10.0.0.7:8000/a"
    assert rule.accept("http://0xa.7:8000/") == "http://10.0.0.7:8000/"
    assert rule.accept("http://shop/") == "http://shop/"
    assert rule.accept("http://site.test:8000/") == "http://site.test:8000/"
    assert rule.accept("http://latest.example/") == "http://latest.example/"
    for url in ("http://10.0.0.7/", "http://10.0.0.8:8000/", "http://a.shop.lan/"):
        with pytest.raises(BadUrlError):
            rule.accept(url)


def test_with_a_list_of_hosts_no_other_is_allowed() -> None:
    places = (Place.parse("example.org"), Place.parse("*.example.net"), Place.parse("a.org:8443"))
    rule = UrlRule(RULE.own, allowed=places)
    for url in ("https://example.org/", "https://x.y.example.net/", "https://a.org:8443/"):
        assert rule.accept(url)
    for url in (
        *("https://www.example.org/", "https://example.net/", "https://notexample.net/"),
        *("https://a.org/", "https://example.org.evil.org/"),
    ):
        with pytest.raises(BadUrlError) as refused:
            rule.accept(url)
        assert refused.value.problem.expected == "a host of ALLOWED_LINK_HOSTS"


def test_an_allowed_host_that_is_private_has_to_be_named_as_such() -> None:
    with pytest.raises(BadUrlError):
        UrlRule(RULE.own, allowed=(Place.parse("10.0.0.7"),)).accept("http://10.0.0.7/")


def test_the_length_counts_as_it_is_kept() -> None:
    base = "https://example.org/"
    longest = base + "a" * (LONGEST - len(base))
    assert RULE.accept(longest) == longest
    for url in (longest + "a", base + "课" * 300, base + "x" * 100_000):
        with pytest.raises(BadUrlError) as refused:
            RULE.accept(url)
        assert "characters" in refused.value.problem.expected


@pytest.mark.parametrize(
    "text", ["", "http://a.org", "a.org:", "a.org:0", "a b", "*.10.0.0.1", "*"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any of its kinds
        Place.parse(text)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(alphabet=string.printable, max_size=60))
def test_whatever_is_given_is_kept_in_ascii_or_refused(host: str, path: str) -> None:
    try:
        kept = RULE.accept(f"http://{host}/{path}")
    except BadUrlError:
        return
    assert kept.isascii()
    assert not any(character.isspace() for character in kept)
    assert RULE.accept(kept) == kept
