import re
from ipaddress import ip_address

import pytest
from proxypool.address import (
    BadAddressError,
    Upstream,
    UpstreamRule,
    address_pattern,
    parse_networks,
)
from proxypool.listing import Defaults, find_candidates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4:8080", "1.2.3.4:8080"),
        (" 1.2.3.4:80\n", "1.2.3.4:80"),
        ("[2001:DB8::1]:3128", "[2001:db8::1]:3128"),
        ("[::ffff:1.2.3.4]:80", "1.2.3.4:80"),
        ("Host.Invalid:80", "host.invalid:80"),
        ("user:p%40ss@gate.example:7000", "user:p%40ss@gate.example:7000"),
    ],
)
def test_an_address_is_read(text: str, expected: str) -> None:
    assert str(Upstream.parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "garbage",
        "1.2.3.4",
        "1.2.3.4:",
        ":80",
        "999.1.1.1:99999",
        "1.2.3.4:0",
        "1.2.3.4:65536",
        "1.2.3.4:-1",
        "1.2.3.4:+80",
        "1.2.3.4:8_0",
        "1.2.3.4:٨٠",
        "1.2.3:80",
        "01.2.3.4:80",
        "2001:db8::1:80",
        "1.2.3.4:80:80",
        "a_host..invalid:80",
        "-host.invalid:80",
        "user@1.2.3.4:80",
        ":password@1.2.3.4:80",
        "user:a%0Ab@1.2.3.4:80",
        "user:" + "p" * 256 + "@1.2.3.4:80",
        "1" * 5000 + ":80",
        "1.2.3.4:" + "9" * 5000,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddressError):
        Upstream.parse(text)


def test_credentials_are_part_of_the_name_and_not_of_the_place() -> None:
    upstream = Upstream.of("2001:db8::1", 1080, "us er", "a:b@c")
    assert str(upstream) == "us%20er:a%3Ab%40c@[2001:db8::1]:1080"
    assert upstream.place == "[2001:db8::1]:1080"
    assert Upstream.parse(str(upstream)) == upstream


def test_addresses_are_found_among_noise() -> None:
    text = (
        "a 1.2.3.4:80, 999.1.1.1:99999 "
        "x 5.6.7.8 : 3128;[2001:db8::7]:81 1.2.3.4.5:80 9.9.9.9:123456"
    )
    assert [str(found.upstream) for found in find_candidates(text, Defaults())] == [
        "1.2.3.4:80",
        "5.6.7.8:3128",
        "[2001:db8::7]:81",
    ]


STUCK = [
    "127.0.0.1:23001x",
    "127.0.0.1:23001_",
    "127.0.0.1:80a1",
    "v127.0.0.1:23008",
    "_127.0.0.1:23008",
    "x[2001:db8::7]:81",
    "[2001:db8::7]:81x",
]


@pytest.mark.parametrize("text", STUCK)
def test_an_address_with_something_stuck_to_it_is_none(text: str) -> None:
    for names in (False, True):
        assert list(find_candidates(text, Defaults(host_names=names))) == []
        assert list(find_candidates(text, Defaults(host_names=names, ports=(80,)))) == []


@pytest.mark.parametrize(
    "text", ["代理1.2.3.4:80端口", "«1.2.3.4:80»", "(1.2.3.4:80)", "=1.2.3.4:80;"]
)
def test_an_address_needs_no_space_around_it(text: str) -> None:
    [found] = find_candidates(text, Defaults(host_names=True))
    assert str(found.upstream) == "1.2.3.4:80"


def test_an_escaped_end_of_a_line_stands_alone() -> None:
    text = r"1.2.3.4:80\n1.2.3.5:80\r\n1.2.3.6:80"
    assert len(list(find_candidates(text, Defaults()))) == 3


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "ff02::1",
        "fec0::1",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not UpstreamRule().permits(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_are_permitted(address: str) -> None:
    assert UpstreamRule().permits(ip_address(address))


def test_an_allowed_network_is_permitted_and_its_neighbour_is_not() -> None:
    rule = UpstreamRule(parse_networks("10.7.0.0/16, fd00::/8"))
    assert rule.permits(ip_address("10.7.1.2"))
    assert rule.permits(ip_address("::ffff:10.7.1.2"))
    assert rule.permits(ip_address("fd00::5"))
    assert not rule.permits(ip_address("10.8.0.1"))


def pattern(addresses: list[str]) -> re.Pattern[str]:
    found = address_pattern(addresses)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4", True),
        ("for=1.2.3.4:80;proto=http", True),
        ("9.9.9.9, 1.2.3.4", True),
        ("ends with 1.2.3.4.", True),
        ("::ffff:1.2.3.4", True),
        ("1.2.3.45", False),
        ("11.2.3.4", False),
        ("1.2.3.4.5", False),
        ("", False),
    ],
)
def test_an_address_is_found_only_as_a_whole(text: str, expected: bool) -> None:
    assert bool(pattern(["1.2.3.4"]).search(text)) is expected


def test_an_ipv6_address_is_found_only_as_a_whole() -> None:
    assert pattern(["2001:db8::1"]).search('for="[2001:db8::1]:80"')
    assert not pattern(["2001:db8::1"]).search("2001:db8::12")
    assert address_pattern([]) is None
