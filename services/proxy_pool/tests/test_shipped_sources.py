"""Every source that is shipped, against a page in its format (written for this, not fetched)."""

from pathlib import Path

import pytest
from proxypool.extract import extract
from proxypool.source import Source
from proxypool.sources import read_all

PAGES = Path(__file__).parent / "pages"
SOURCES = {source.name: source for source in read_all(Path(__file__).parent.parent / "sources")}
TWO = ["192.0.2.11:8080", "198.51.100.12:3128"]
THREE = [*TWO, "203.0.113.13:1080"]
HTTP = ["http", "http"]

SITES = {
    "free-proxy-list": ("free-proxy-list.html", TWO, HTTP),
    "socks-proxy": (
        "socks-proxy.html",
        ["192.0.2.11:4145", "198.51.100.12:1080"],
        ["socks4", "socks5"],
    ),
    "geonode": (
        "geonode.json",
        ["192.0.2.11:1080", "198.51.100.12:8080", "203.0.113.13:4145"],
        ["socks5", "http", "socks4"],
    ),
    "roundproxies": (
        "roundproxies.json",
        ["192.0.2.11:1080", "198.51.100.12:8080", "203.0.113.13:4145"],
        ["socks5", "http", "socks4"],
    ),
    "proxifly": ("proxifly.json", ["192.0.2.11:8080", "198.51.100.12:1080"], ["http", "socks5"]),
    "scdn": ("scdn.json", ["192.0.2.11:8080", "198.51.100.12:1080"], ["http", "socks5"]),
    "docip": ("docip.json", TWO, HTTP),
    "kuaidaili": ("kuaidaili.html", TWO, HTTP),
    "ip3366": ("ip3366.html", TWO, ["http", "connect"]),
    "ip66": ("ip66.html", TWO, HTTP),
    "ip89": ("ip89.html", TWO, HTTP),
    "kxdaili": ("kxdaili.html", TWO, HTTP),
    "binglx": ("binglx.html", TWO, HTTP),
    "goodips": ("goodips.html", TWO, HTTP),
    "jiangxianli": ("jiangxianli.html", TWO, ["http", "connect"]),
    "freevpnnode": ("freevpnnode.html", TWO, ["", ""]),
    "freeproxylists": ("freeproxylists.html", TWO, ["http", "connect"]),
    "advanced-name": (
        "advanced-name.html",
        ["192.0.2.11:8080", "198.51.100.12:1080", "203.0.113.13:80"],
        ["http", "socks5", "connect"],
    ),
    "spys-me": ("spys-me.txt", THREE, ["http"] * 3),
    "spys-me-socks": ("spys-me.txt", THREE, ["socks5"] * 3),
    "prxchk": (
        "all-protocols.txt",
        ["192.0.2.11:8080", "198.51.100.12:4145", "203.0.113.13:1080"],
        ["http", "socks4", "socks5"],
    ),
}
LISTS = sorted(SOURCES.keys() - SITES.keys())
"""Plain lists of one protocol."""


def read(source: Source, page: str) -> tuple[list[str], list[str]]:
    assert source.parser is not None
    listed = extract(source.parser, (PAGES / page).read_bytes(), 1000, source.defaults)
    return [str(one.upstream) for one in listed], [one.protocol or "" for one in listed]


@pytest.mark.parametrize("name", SITES)
def test_a_sites_page_is_read(name: str) -> None:
    page, proxies, protocols = SITES[name]
    assert read(SOURCES[name], page) == (proxies, protocols)


@pytest.mark.parametrize("name", LISTS)
def test_a_plain_list_is_read(name: str) -> None:
    source = SOURCES[name]
    assert source.protocol is not None
    page = "hideip-me.txt" if name.startswith("hideip-me") else "ip-port.txt"
    assert read(source, page) == (THREE, [source.protocol] * 3)


def test_there_are_lists_of_each_protocol() -> None:
    protocols = [SOURCES[name].protocol for name in LISTS]
    for protocol in ("http", "connect", "socks4", "socks5"):
        assert protocols.count(protocol) >= 5, protocol  # type: ignore[arg-type]


def test_none_of_them_is_private() -> None:
    assert not [name for name, source in SOURCES.items() if source.private]
