import contextlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proxypool.address import Upstream
from proxypool.extract import BadPageError, extract
from proxypool.listing import Defaults
from proxypool.parsers import Parser
from proxypool.protocol import Protocol
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


def listed(parser: dict[str, str], page: str, **defaults: object) -> list[tuple[str, str]]:
    read = extract(
        TypeAdapter(Parser).validate_python(parser),
        page.encode(),
        1000,
        Defaults(**defaults),  # type: ignore[arg-type]
    )
    return [(str(one.upstream), one.protocol or "") for one in read]


def test_a_page_may_say_the_protocol_itself() -> None:
    css = {**CSS, "protocol": "td:nth-child(3)"}
    row = "<tr><td>192.0.2.{n}<td>80<td>{p}"
    rows = "".join(row.format(n=n, p=p) for n, p in enumerate(["HTTPS", "Socks<b>5</b>", "?"], 1))
    assert listed(css, f"<table id=list>{rows}", protocol=Protocol.HTTP) == [
        ("192.0.2.1:80", "connect"),
        ("192.0.2.2:80", "socks5"),
        ("192.0.2.3:80", "http"),
    ]
    regex = {"type": "regex", "pattern": r"(?P<protocol>\w+)=(?P<address>\S+)"}
    assert listed(regex, "socks4=192.0.2.1:80 odd=192.0.2.2:81") == [
        ("192.0.2.1:80", "socks4"),
        ("192.0.2.2:81", ""),
    ]
    items = [
        {"ip": "192.0.2.1", "port": 80, "speaks": ["socks5", "http"]},
        {"ip": "192.0.2.2", "port": 80, "speaks": "https"},
        {"ip": "192.0.2.3", "port": 80, "speaks": None},
        {"ip": "192.0.2.4", "port": 80},
    ]
    parser = {"type": "json", "path": "@", "protocol": "speaks"}
    assert listed(parser, json.dumps(items)) == [
        ("192.0.2.1:80", "socks5"),
        ("192.0.2.2:80", "connect"),
        ("192.0.2.3:80", ""),
        ("192.0.2.4:80", ""),
    ]


def test_fields_may_hold_credentials() -> None:
    regex = {
        "type": "regex",
        "pattern": r"(?P<host>\S+) (?P<port>\d+) (?P<username>\S+) (?P<password>\S+)",
    }
    assert listed(regex, "gate.example 7000 me pa:ss") == [("me:pa%3Ass@gate.example:7000", "")]
    items = [{"proxy": "socks5://192.0.2.1:80", "login": {"name": "me", "word": "pass"}}]
    parser = {
        "type": "json",
        "path": "@",
        "address": "proxy",
        "username": "login.name",
        "password": "login.word",
    }
    assert listed(parser, json.dumps(items)) == [("me:pass@192.0.2.1:80", "socks5")]


@pytest.mark.parametrize(
    ("cell", "port", "decode"),
    [
        ("MTkyLjAuMi4x", "ODA=", "base64"),
        ("MTkyLjAuMi4x", "80", "base64"),
        ("<script>show(decode('MTkyLjAuMi4x'))</script>", "80", "base64"),
        ("192.0.2.1", "80", "base64"),
        ("%31%39%32%2e0.2.1", "8%30", "percent"),
        ('<script>show("%3Cb%3E192.0.2.1%3C/b%3E")</script>', "80", "percent"),
    ],
)
def test_cells_may_be_encoded(cell: str, port: str, decode: str) -> None:
    page = f"<table id=list><tr><td>{cell}<td>{port}<tr><td>%%%<td>80<tr><td>====<td>80</table>"
    assert listed({**CSS, "decode": decode}, page) == [("192.0.2.1:80", "")]


def test_attributes_and_the_row_itself_may_hold_what_is_wanted() -> None:
    page = "<i data-host=192.0.2.1 data-x='socks5'><b data-port=80></b></i><i data-host></i>"
    parser = {
        "type": "css",
        "rows": "i",
        "host": "::attr(data-host)",
        "port": "b::attr(data-port)",
        "protocol": "::attr(data-x)",
    }
    assert listed(parser, page) == [("192.0.2.1:80", "socks5")]


def test_networks_and_missing_ports_are_filled_in_by_every_parser() -> None:
    css = {"type": "css", "rows": "i", "host": "b"}
    assert listed(css, "<i><b>203.0.113.0/31</b></i>", ports=(80,)) == [
        ("203.0.113.0:80", ""),
        ("203.0.113.1:80", ""),
    ]
    assert listed({"type": "json", "path": "@"}, '["203.0.113.0/31:80", {"ip": "192.0.2.1"}]') == [
        ("203.0.113.0:80", ""),
        ("203.0.113.1:80", ""),
    ]
    regex = {"type": "regex", "pattern": r"ip (?P<host>\S+)"}
    assert listed(regex, "ip 192.0.2.1", ports=(80, 81)) == [
        ("192.0.2.1:80", ""),
        ("192.0.2.1:81", ""),
    ]


def test_a_whole_page_may_be_base64() -> None:
    parser = {"type": "text", "decode": "base64"}
    assert listed(parser, "MTkyLjAuMi4xOjgwCjE5Mi4w\nLjIuMjo4MQ") == [
        ("192.0.2.1:80", ""),
        ("192.0.2.2:81", ""),
    ]
    with pytest.raises(BadPageError, match="not base64"):
        listed(parser, "<html>")


def test_a_pattern_may_hold_any_letters() -> None:
    regex = {"type": "regex", "pattern": r"地址：(?P<host>[\d.]+)，端口：(?P<port>\d+)"}
    assert listed(regex, "代理 地址：192.0.2.1，端口：80。") == [("192.0.2.1:80", "")]


def test_rows_in_rows_without_end_do_not_hold_the_reader_up() -> None:
    parser = TypeAdapter(Parser).validate_python({"type": "css", "rows": "div"})
    page = b"<div>1" * 20_000
    with pytest.raises(BadPageError, match="too long"):
        extract(parser, page, 1000, budget_s=0.2)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["ip", "port", "a"]), inner),
)
PARSERS = [
    TEXT,
    {**CSS, "rows": "*", "host": "i", "port": "b::attr(x)", "decode": "base64"},
    {"type": "css", "rows": "*", "address": "::attr(x)", "decode": "percent", "username": "b"},
    {"type": "regex", "pattern": "(?s)(?P<username>.)(?P<host>.*?)(?P<port>.)", "decode": "base64"},
    {"type": "regex", "pattern": "(?P<address>.*)(?P<password>)?", "decode": "percent"},
]
PIECES = st.sampled_from(
    ["192.0.2.1", ":", "80", "@", "://", "http", "/24", "[", "]", "\ud800", " "]
)


@pytest.mark.parametrize("parser", PARSERS, ids=range(len(PARSERS)))
@settings(database=None, deadline=None)
@given(page=st.binary() | st.lists(PIECES | st.text(max_size=3)).map("".join))
def test_no_page_is_worse_than_bad(parser: dict[str, str], page: bytes | str) -> None:
    if isinstance(page, str):
        page = page.encode("utf-8", errors="surrogatepass")
    validated = TypeAdapter(Parser).validate_python(parser)
    with contextlib.suppress(BadPageError):
        for one in extract(validated, page, 100, Defaults(host_names=True, ports=(1,))):
            assert Upstream.parse(str(one.upstream)) == one.upstream


@settings(database=None, deadline=None)
@given(items=JSONS, field=st.sampled_from(["ip", "a.ip", "a[0]", "*"]))
def test_no_answer_is_worse_than_bad(items: object, field: str) -> None:
    page = json.dumps(items).encode()
    for more in ({}, {"address": field}, {"username": field, "password": "a"}):
        parser = {"type": "json", "path": "@", "host": field, "protocol": field, **more}
        validated = TypeAdapter(Parser).validate_python(parser)
        with contextlib.suppress(BadPageError):
            for one in extract(validated, page, 100, Defaults(ports=(1,))):
                assert Upstream.parse(str(one.upstream)) == one.upstream


def test_a_deeply_nested_answer_is_told() -> None:
    for page in ('{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, "9" * 1_000_000):
        with pytest.raises(BadPageError):
            listed({"type": "json", "path": "@"}, page)
