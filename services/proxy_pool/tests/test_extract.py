import json
import time
from pathlib import Path

import pytest
from proxypool.extract import BadPageError, extract
from proxypool.parsers import Parser
from pydantic import TypeAdapter

PAGES = Path(__file__).parent / "pages"


def found(parser: dict[str, str], page: bytes, limit: int = 1000) -> list[str]:
    listed = extract(TypeAdapter(Parser).validate_python(parser), page, limit)
    return [str(one.upstream) for one in listed]


TEXT = {"type": "text"}
CSS = {"type": "css", "rows": "#list tr", "host": "td:nth-child(1)", "port": "td:nth-child(2)"}
JSON = {"type": "json", "path": "data.proxies"}
REGEX = {"type": "regex", "pattern": r"h: '(?P<host>[^']+)', p: (?P<port>\d+)"}


@pytest.mark.parametrize(
    ("parser", "page", "expected"),
    [
        (
            TEXT,
            "plain.txt",
            ["192.0.2.1:8080", "192.0.2.2:3128", "192.0.2.3:80", "[2001:db8::8]:1080"],
        ),
        (CSS, "table.html", ["192.0.2.1:8080", "192.0.2.2:3128", "192.0.2.3:81"]),
        (JSON, "data.json", ["192.0.2.1:8080", "192.0.2.2:3128", "192.0.2.5:80", "192.0.2.6:81"]),
        (REGEX, "script.html", ["192.0.2.1:8080", "192.0.2.2:3128"]),
        (
            {"type": "regex", "pattern": r'add\("(?P<address>[^"]+)'},
            "script.html",
            ["192.0.2.3:81"],
        ),
        (
            {"type": "json", "path": "data.proxies[?port].[ip, port]"},
            "data.json",
            ["192.0.2.1:8080", "192.0.2.2:3128"],
        ),
    ],
)
def test_a_page_is_read_by_its_parser(
    parser: dict[str, str], page: str, expected: list[str]
) -> None:
    assert found(parser, (PAGES / page).read_bytes()) == expected


def test_rows_of_html_may_hold_addresses_as_text() -> None:
    page = b"<ul><li>192.0.2.1:80<li><i>192.0.2.2</i>:81 fast</ul><p>192.0.2.3:82"
    assert found({"type": "css", "rows": "li"}, page) == ["192.0.2.1:80", "192.0.2.2:81"]


def test_no_more_are_taken_than_the_limit() -> None:
    page = "\n".join(f"192.0.2.{i}:80" for i in range(200)).encode()
    assert len(found(TEXT, page, limit=10)) == 10


@pytest.mark.parametrize("parser", [TEXT, CSS, REGEX], ids=lambda parser: parser["type"])
@pytest.mark.parametrize(
    "page",
    [b"", b"\x00\xff\xfe" * 1000, b"<" * 100_000, "代理".encode("gbk"), b"[" * 100_000],
    ids=["empty", "bytes", "tags", "gbk", "brackets"],
)
def test_garbage_holds_no_proxy(parser: dict[str, str], page: bytes) -> None:
    assert found(parser, page) == []


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"data": {}}',
        b'{"data": {"proxies": "none"}}',
        b'{"data": {"proxies": {"a": 1}}}',
    ],
)
def test_json_of_another_kind_is_told(page: bytes) -> None:
    with pytest.raises(BadPageError):
        found(JSON, page)


def test_a_path_that_does_not_fit_is_told() -> None:
    with pytest.raises(BadPageError):
        found({"type": "json", "path": "join(':', @)"}, json.dumps([1, 2]).encode())


@pytest.mark.parametrize(
    ("parser", "page"),
    [
        (TEXT, b"1.1.1.1" * 500_000),
        (TEXT, b"1" * 4_000_000),
        (TEXT, b"[:::::::::" * 400_000),
        ({"type": "regex", "pattern": r"(?P<host>(1+)+)$(?P<port>x)"}, b"1" * 200_000),
        (CSS, b"<table id=list>" + b"<tr><td>" * 200_000),
    ],
    ids=["dots", "digits", "colons", "backtracking", "open rows"],
)
def test_a_hostile_page_does_not_take_long(parser: dict[str, str], page: bytes) -> None:
    started = time.process_time()
    found(parser, page)
    took_s = time.process_time() - started
    print(f"{took_s:.2f} s of CPU")
    assert took_s < 10
