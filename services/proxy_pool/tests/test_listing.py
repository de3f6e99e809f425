import time
from itertools import islice

import pytest
from proxypool.address import BadAddressError
from proxypool.candidate import Candidate
from proxypool.listing import Defaults, expiry_of, find_candidates, protocol_of, read_entry
from proxypool.protocol import Protocol


def said(candidate: Candidate) -> str:
    """The candidate as a URL."""
    protocol = f"{candidate.protocol}://" if candidate.protocol else ""
    return f"{protocol}{candidate.upstream}"


def found(text: str, **defaults: object) -> list[str]:
    return [said(one) for one in find_candidates(text, Defaults(**defaults))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1:80 and 192.0.2.2 : 81", ["192.0.2.1:80", "192.0.2.2:81"]),
        ("[2001:db8::7]:80", ["[2001:db8::7]:80"]),
        ("192.0.2.1\t80\t5.6 s", ["192.0.2.1:80"]),
        ("192.0.2.1   80", ["192.0.2.1:80"]),
        ("192.0.2.1 8080 SOCKS5", ["socks5://192.0.2.1:8080"]),
        ("socks4 192.0.2.1 1080", ["socks4://192.0.2.1:1080"]),
        ("HTTPS\t192.0.2.1\t443", ["connect://192.0.2.1:443"]),
        ("192.0.2.1:80 elite", ["192.0.2.1:80"]),
        ("http://192.0.2.1:80/", ["http://192.0.2.1:80"]),
        ("socks5h://192.0.2.1:80", ["socks5://192.0.2.1:80"]),
        ("socks5://me:pass@192.0.2.1:80", ["socks5://me:pass@192.0.2.1:80"]),
        ("me:p%40ss@192.0.2.1:80", ["me:p%40ss@192.0.2.1:80"]),
        ("m%3Ae:pass@192.0.2.1:80", ["m%3Ae:pass@192.0.2.1:80"]),
        ("192.0.2.1:80:me:pass", ["me:pass@192.0.2.1:80"]),
        (
            "192.0.2.1:80:me:pass,192.0.2.2:80:me:pass2",
            ["me:pass@192.0.2.1:80", "me:pass2@192.0.2.2:80"],
        ),
        ("192.0.2.1:80:Exampleland", ["192.0.2.1:80"]),
        ("203.0.113.0/30:80", [f"203.0.113.{last}:80" for last in range(4)]),
        ("203.0.113.6/31:80", ["203.0.113.6:80", "203.0.113.7:80"]),
        ("[2001:db8::/127]:80", ["[2001:db8::]:80", "[2001:db8::1]:80"]),
        ("socks5://203.0.113.0/31:80", ["socks5://203.0.113.0:80", "socks5://203.0.113.1:80"]),
        ("ftp://192.0.2.1:21 redis://me:pass@192.0.2.1:6379", []),
        ("https://list.example/check/192.0.2.1:80", ["192.0.2.1:80"]),
        ("mail me@192.0.2.1:80", ["192.0.2.1:80"]),
        ("gate.example:7000 http://gate.example:7000", []),
        (
            "999.1.1.1:99999 192.0.2:80 192.0.2.1.5:80 192.0.2.1:0 192.0.2.1:65536 1.2.3.4:123456",
            [],
        ),
        ("203.0.113.0/33:80 [2001:db8::/129]:80 [:::]:80", []),
        ("192.0.2.1", []),
        ("192.0.2.1 192.0.2.2:80", ["192.0.2.2:80"]),
        ("01.2.3.4:80 256.1.1.1:80", []),
        (":pass@192.0.2.1:80", []),
        ("", []),
    ],
)
def test_every_address_in_a_text_is_found(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_host_names_are_proxies_only_where_the_source_says_so() -> None:
    text = "gate.example:7000 socks5://me:pass@Gate.Example:7001 john.doe:1@192.0.2.1:80 a..b:80"
    assert found(text) == ["john.doe:1@192.0.2.1:80"]
    assert found(text, host_names=True) == [
        "gate.example:7000",
        "socks5://me:pass@gate.example:7001",
        "john.doe:1@192.0.2.1:80",
    ]


def test_addresses_without_a_port_get_those_of_the_source() -> None:
    text = "192.0.2.1, 203.0.113.0/31 192.0.2.2:81 2001:db8::1 [2001:db8::2] "
    text += "1.2.3.4.5 192.0.2.3:999999"
    assert found(text, ports=(80, 8080)) == [
        "192.0.2.1:80",
        "192.0.2.1:8080",
        "203.0.113.0:80",
        "203.0.113.0:8080",
        "203.0.113.1:80",
        "203.0.113.1:8080",
        "192.0.2.2:81",
        "[2001:db8::1]:80",
        "[2001:db8::1]:8080",
        "[2001:db8::2]:80",
        "[2001:db8::2]:8080",
    ]


def test_an_entrys_own_protocol_goes_before_the_sources() -> None:
    text = "192.0.2.1:80 http://192.0.2.2:80"
    assert found(text, protocol=Protocol.SOCKS5) == ["socks5://192.0.2.1:80", "http://192.0.2.2:80"]


def test_a_vast_network_is_taken_one_address_at_a_time() -> None:
    listed = find_candidates("[2001:db8::/32]:80 203.0.113.1:80", Defaults())
    assert [said(one) for one in islice(listed, 2)] == ["[2001:db8::]:80", "[2001:db8::1]:80"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("192.0.2.1:80", ["192.0.2.1:80"]),
        ("socks5://me:pass@gate.example:7000", ["socks5://me:pass@gate.example:7000"]),
        ("HTTP://gate:7000/", ["http://gate:7000"]),
        ("me:p%3Ass@gate.example:7000", ["me:p%3Ass@gate.example:7000"]),
        ("https://token@gate.example:7000", ["connect://token:@gate.example:7000"]),
        ("gate.example:7000:me:pass:word", ["me:pass%3Aword@gate.example:7000"]),
        ("[2001:db8::1]:80:me:pass", ["me:pass@[2001:db8::1]:80"]),
        ("socks5 192.0.2.1 1080 me pass", ["socks5://me:pass@192.0.2.1:1080"]),
        ("192.0.2.1\t8080\tHTTPS", ["connect://192.0.2.1:8080"]),
        ("203.0.113.0/31:80", ["203.0.113.0:80", "203.0.113.1:80"]),
        ("[2001:db8::/127]:80", ["[2001:db8::]:80", "[2001:db8::1]:80"]),
    ],
)
def test_an_entry_is_read(entry: str, expected: list[str]) -> None:
    assert [said(one) for one in read_entry(entry, Defaults())] == expected


@pytest.mark.parametrize("entry", ["192.0.2.1", "203.0.113.1/32", "2001:db8::1", "2001:db8::1/128"])
def test_an_entry_without_a_port_gets_the_sources(entry: str) -> None:
    (one,) = read_entry(entry, Defaults(ports=(80,)))
    assert one.upstream.port == 80
    with pytest.raises(BadAddressError):
        list(read_entry(entry, Defaults()))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "secret",
        "me:secret",
        "me:secret@",
        "me:secret@gate",
        "me:secret:gate.example:7000",
        "ftp://me:secret@192.0.2.1:21",
        "192.0.2.1:secret",
        "999.1.1.1:80:me:secret",
        "192.0.2.1:80:me:" + "secret" * 100,
        "192.0.2.1:99999:me:secret",
        "203.0.113.0/99:80:me:secret",
        "me:secret@192.0.2.1:80 expires=never",
        "192.0.2.1:80 me secret too",
    ],
)
def test_a_bad_entry_is_refused_and_its_password_not_told(entry: str) -> None:
    with pytest.raises(BadAddressError) as caught:
        list(read_entry(entry, Defaults()))
    print(caught.value)
    assert "secret" not in str(caught.value)


def test_an_entry_may_say_when_it_expires() -> None:
    (one,) = read_entry("192.0.2.1:80 expires=2026-12-31T00:00:00Z", Defaults(expires=5))
    assert one.expires == expiry_of("2026-12-31") == 1798675200


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("HTTP", Protocol.HTTP),
        ("https", Protocol.CONNECT),
        ("SSL", Protocol.CONNECT),
        ("Socks4", Protocol.SOCKS4),
        ("SOCKS 4A", Protocol.SOCKS4A),
        ("socks v5", Protocol.SOCKS5),
        ("HTTP, HTTPS", Protocol.HTTP),
        (["odd", "socks5", "http"], Protocol.SOCKS5),
        ("elite", None),
        ("", None),
        (None, None),
        (4, None),
    ],
)
def test_protocols_are_known_by_many_words(words: object, expected: Protocol | None) -> None:
    assert protocol_of(words) is expected


@pytest.mark.parametrize("value", ["soon", "", None, -1, True, [1]])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        expiry_of(value)


@pytest.mark.parametrize(
    ("text", "defaults"),
    [
        ("192.0.2.1:80\n" * 770_000, {}),
        ("1" * 10_000_000, {}),
        ("1.1.1.1" * 1_400_000, {"ports": (80,)}),
        ("[:::::::::" * 1_000_000, {"ports": (80,)}),
        ("a.b." * 2_500_000, {"host_names": True}),
        ("::" * 5_000_000, {"ports": (80,)}),
        ("192.0.2.1:80" + "." * 10_000_000, {}),
        ("x" * 1590 + "@192.0.2.1:80 " * 6_000, {}),
        (":@192.0.2.1:80" * 700_000, {}),
    ],
    ids=["list", "digits", "dots", "brackets", "labels", "colons", "tail", "names", "credentials"],
)
def test_ten_megabytes_of_anything_are_read_in_linear_time(
    text: str, defaults: dict[str, object]
) -> None:
    def took(part: str) -> float:
        started = time.process_time()
        found(part, **defaults)
        return time.process_time() - started

    whole, tenth = took(text), took(text[: len(text) // 10])
    print(f"{len(text) / 1e6:.1f} MB in {whole:.2f} s of CPU, a tenth of it in {tenth:.2f} s")
    # Quadratic would be a factor of 100, and minutes.
    assert whole < 30
