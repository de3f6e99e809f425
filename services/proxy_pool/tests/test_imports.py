import json
from typing import Any

import pytest
from proxypool.address import UpstreamRule, parse_networks
from proxypool.imports import BadListError, Import, reader_for
from proxypool.listing import Defaults
from proxypool.protocol import Protocol

ANY_SIZE = [1, 7, 100_000]


def read(
    text: str | bytes, media_type: str = "text/plain", size: int = 64, **defaults: Any
) -> tuple[list[tuple[str, str | None, float]], Import]:
    """The candidates of a list that comes in pieces of `size` bytes."""
    reader = reader_for(media_type)
    reading = Import(Defaults(**defaults), UpstreamRule())
    data = text.encode() if isinstance(text, str) else text
    found = []
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    entries = [entry for piece in pieces for entry in reader.feed(piece)]
    for number, item in [*entries, *reader.end()]:
        for candidate in reading.candidates(number, item):
            found.append((str(candidate.upstream), candidate.protocol, candidate.expires))
    return found, reading


@pytest.mark.parametrize("size", ANY_SIZE)
def test_a_list_of_lines_is_read_in_every_form(size: int) -> None:
    found, reading = read(
        "\ufeff# my own\r\n"
        "1.1.1.1:80\r\n"
        "\n"
        "  http://1.1.1.2:80  \n"
        "socks5://us%40er:p%3Aw@gate.example:1080\n"
        "1.1.1.3:80:user:pw\n"
        "[2606:4700::1]:8080",
        size=size,
    )
    assert found == [
        ("1.1.1.1:80", None, 0),
        ("1.1.1.2:80", None, 0),
        ("us%40er:p%3Aw@gate.example:1080", Protocol.SOCKS5, 0),
        ("user:pw@1.1.1.3:80", None, 0),
        ("[2606:4700::1]:8080", None, 0),
    ]
    assert (reading.read, reading.refused) == (5, 0)


@pytest.mark.parametrize("size", ANY_SIZE)
def test_what_is_none_is_counted_and_named(size: int) -> None:
    lines = [
        "1.1.1.1:80",
        "garbage",
        "999.1.1.1:99999",
        "user:s3cret@1.1.1.1:99999",
        "1.1.1.1:99999:user:s3cret",
        "10.0.0.1:80",
        "127.0.0.1:80",
        "[::1]:80",
        "x" * 100_000,
        "ftp://1.1.1.1:21",
        "\x00\x01",
        "1.1.1.2:80",
    ]
    found, reading = read("\n".join(lines), size=size)
    assert [proxy for proxy, _, _ in found] == ["1.1.1.1:80", "1.1.1.2:80"]
    assert reading.refused == 10
    assert [line for line, _, _ in reading.refusals] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert all(reason for _, _, reason in reading.refusals)
    assert "s3cret" not in str(reading.refusals)


def test_ten_refusals_are_named_and_all_counted() -> None:
    _, reading = read("bad\n" * 5000)
    assert reading.refused == 5000
    assert len(reading.refusals) == 10


def test_private_ones_may_be_allowed() -> None:
    reading = Import(Defaults(), UpstreamRule(parse_networks("10.0.0.0/8")))
    assert list(reading.candidates(1, "10.0.0.1:80"))
    assert not list(reading.candidates(2, "192.168.0.1:80"))


def test_a_network_is_read_as_its_addresses_within_bounds() -> None:
    found, _ = read("1.1.1.0/30:80")
    assert len(found) == 4
    found, _ = read("1.0.0.0/8:80")
    assert len(found) == 65_536


def test_what_is_said_of_all_holds_where_an_entry_is_silent() -> None:
    found, _ = read(
        "1.1.1.1:80\nsocks4://1.1.1.2:80\n", protocol=Protocol.SOCKS5, expires=1798675200.0
    )
    assert found == [
        ("1.1.1.1:80", Protocol.SOCKS5, 1798675200),
        ("1.1.1.2:80", Protocol.SOCKS4, 1798675200),
    ]


@pytest.mark.parametrize("size", ANY_SIZE)
@pytest.mark.parametrize(
    "text",
    [
        "proxy,protocols,expires\r\nus%40er:pw@1.1.1.1:80,socks5,1798675200\r\n1.1.1.2:80,,\r\n",
        'Port,IP,username,password,protocol,expires,x\n80,1.1.1.1,us@er,pw,"SOCKS5",'
        "2026-12-31T00:00:00Z,y\n80,1.1.1.2\n",
    ],
)
def test_rows_under_a_header_are_read(text: str, size: int) -> None:
    found, reading = read(text, "text/csv", size)
    assert found == [
        ("us%40er:pw@1.1.1.1:80", Protocol.SOCKS5, 1798675200),
        ("1.1.1.2:80", None, 0),
    ]
    assert reading.refused == 0


def test_rows_without_a_header_are_lines() -> None:
    found, _ = read("1.1.1.1:80\n1.1.1.2:80\n", "text/csv")
    assert [proxy for proxy, _, _ in found] == ["1.1.1.1:80", "1.1.1.2:80"]


def test_bad_rows_are_refused_alone() -> None:
    found, reading = read(
        'host,port,expires\n1.1.1.1,80,\n,80,\n1.1.1.1,,\n"1.1.1.1,80\n1.1.1.1,80,soon\n'
        "1.1.1.1,http,\n1.1.1.2,80,\n",
        "text/csv",
    )
    assert [proxy for proxy, _, _ in found] == ["1.1.1.1:80", "1.1.1.2:80"]
    assert [line for line, _, _ in reading.refusals] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("expires", ["soon", "1960-01-01", -5, True, 10**400, 1e12])
def test_an_entry_with_a_bad_end_is_refused(expires: object) -> None:
    text = json.dumps([{"proxy": "1.1.1.1:80", "expires": expires}, "1.1.1.2:80"])
    found, reading = read(text, "application/json")
    assert [proxy for proxy, _, _ in found] == ["1.1.1.2:80"]
    [(_, _, reason)] = reading.refusals
    assert reason.startswith("expires is not Unix time")


@pytest.mark.parametrize("size", ANY_SIZE)
def test_an_array_is_read(size: int) -> None:
    found, reading = read(
        json.dumps(
            [
                "socks4://1.1.1.1:80",
                {"proxy": "us%40er:pw@1.1.1.2:80", "protocols": ["socks5"], "expires": 5},
                {"host": "2606:4700::1", "port": 80, "protocol": "https"},
                {"ip": "1.1.1.4", "port": "80", "username": "u", "password": "p", "more": [{}]},
                {"proxy": "1.1.1.5:80", "protocols": ["http", "socks5"]},
                7,
                None,
                {},
                ["1.1.1.1", 80],
                "\ud800",
            ],
            indent=1,
        ),
        "application/json",
        size,
    )
    assert found == [
        ("1.1.1.1:80", Protocol.SOCKS4, 0),
        ("us%40er:pw@1.1.1.2:80", Protocol.SOCKS5, 5),
        ("[2606:4700::1]:80", Protocol.CONNECT, 0),
        ("u:p@1.1.1.4:80", None, 0),
        ("1.1.1.5:80", None, 0),
    ]
    assert [line for line, _, _ in reading.refusals] == [6, 7, 8, 9, 10]


@pytest.mark.parametrize("size", ANY_SIZE)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '"1.1.1.1:80"',
        "[",
        '["1.1.1.1:80"',
        '["1.1.1.1:80",',
        '["1.1.1.1:80" "1.1.1.2:80"]',
        '["1.1.1.1:80"] x',
        "[nonsense]",
        '["' + "x" * 200_000,
        "[" * 100_000,
        '[{"a":' * 50_000,
    ],
)
def test_what_is_no_array_is_refused(text: str, size: int) -> None:
    if size == 1:
        text = text[:20_000]  # byte by byte is for the cuts, not for the size
    with pytest.raises(BadListError):
        read(text, "application/json", size)


def test_what_is_read_stays_small() -> None:
    reader = reader_for("text/plain")
    for _ in range(200):
        list(reader.feed(b"x" * 65_536))
    assert len(reader._text) < 10_000
