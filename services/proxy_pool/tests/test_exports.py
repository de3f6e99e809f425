import csv
import io
import json
from typing import Any

import pytest
from proxypool.exports import COLUMNS, as_csv, as_json, as_lines
from proxypool.protocol import Protocol

from tests.test_imports import read


def record(proxy: str, *protocols: str, **more: Any) -> str:
    return json.dumps({"proxy": proxy, "protocols": protocols, **more})


RECORDS = [
    record("1.1.1.1:80", "http", "connect", latency_ms=5),
    record("u%40:p%2C%22@1.1.1.2:1080", "socks5", as_name='A "quoted", name', expires=1798675200),
    record("[2606:4700::1]:80", "socks4", targets={"b": {"works": True}, "a": {"works": False}}),
]


@pytest.mark.parametrize(
    ("protocols", "wanted", "scheme"),
    [
        (("http",), (), "http"),
        (("connect",), (), "http"),
        (("socks4", "socks4a"), (), "socks4a"),
        (("socks4", "socks5"), (), "socks5"),
        (("http", "socks5"), (), "http"),
        (("http", "socks5"), (Protocol.SOCKS5,), "socks5"),
        (("http", "socks5"), (Protocol.SOCKS4,), "http"),
    ],
)
def test_the_scheme_is_one_that_clients_know(
    protocols: tuple[str, ...], wanted: tuple[Protocol, ...], scheme: str
) -> None:
    [line] = as_lines([record("1.1.1.1:80", *protocols)], wanted)
    assert line == f"{scheme}://1.1.1.1:80\n"


def test_csv_is_csv() -> None:
    rows = list(csv.DictReader(io.StringIO("".join(as_csv(RECORDS)), newline="")))
    assert [row["proxy"] for row in rows] == [json.loads(text)["proxy"] for text in RECORDS]
    assert set(rows[0]) == set(COLUMNS)
    assert rows[0]["protocols"] == "http connect"
    assert rows[1]["as_name"] == 'A "quoted", name'
    assert rows[2]["targets"] == "b"


@pytest.mark.parametrize("some", [RECORDS, RECORDS[:1], []])
def test_json_is_json(some: list[str]) -> None:
    assert json.loads("".join(as_json(some))) == [json.loads(text) for text in some]


@pytest.mark.parametrize(
    ("media_type", "text", "expires"),
    [
        ("text/plain", "".join(as_lines(RECORDS)), 0),
        ("text/csv", "".join(as_csv(RECORDS)), 1798675200),
        ("application/json", "".join(as_json(RECORDS)), 1798675200),
    ],
)
def test_what_is_written_is_read_back(media_type: str, text: str, expires: float) -> None:
    found, reading = read(text, media_type)
    assert reading.refused == 0
    assert found == [
        ("1.1.1.1:80", None, 0),
        ("u%40:p%2C%22@1.1.1.2:1080", Protocol.SOCKS5, expires),
        ("[2606:4700::1]:80", Protocol.SOCKS4, 0),
    ]
