import logging
import struct
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from proxypool.geo import UNKNOWN, Geography, GeoTable, Origin, OwnNetworks, main
from proxypool.problems import ConfigurationError

from tests.conftest import MakeSettings

NETWORKS = {
    "192.0.0.0/16": ("DE", 64500),
    "192.0.2.0/24": ("CN", 64501),
    "192.0.2.128/25": ("DE", 64500),
    "198.51.100.7/32": ("FR", 0),
    "203.0.113.0/24": ("A1", 64502),
    "2001:db8::/32": ("SE", 64503),
    "2001:db8:0:1::/64": ("NO", 64500),
    "2001:db8:0:1::8000:0/127": ("FI", 0),
}
NAMES = {64500: "Example One", 64501: "例子", 64502: "", 64503: "N" * 300}


def location_db(networks: dict[str, tuple[str, int]]) -> bytes:
    """A database in libloc's format, version 1, with these networks."""
    nodes = [[0, 0, 0xFFFFFFFF]]
    for index, text in enumerate(networks):
        network = ip_network(text)
        number, length = int(network.network_address), network.prefixlen
        if network.version == 4:
            number, length = number | 0xFFFF << 32, length + 96
        node = 0
        for position in range(length):
            bit = number >> 127 - position & 1
            if not nodes[node][bit]:
                nodes[node][bit] = len(nodes)
                nodes.append([0, 0, 0xFFFFFFFF])
            node = nodes[node][bit]
        nodes[node][2] = index
    pool = bytearray(b"\0")
    systems = b""
    for asn, name in NAMES.items():
        systems += struct.pack(">II", asn, len(pool))
        pool += name.encode() + b"\0"
    data = b"".join(struct.pack(">2s2xIHxx", c.encode(), n, 0) for c, n in networks.values())
    tree = b"".join(struct.pack(">III", *node) for node in nodes)
    offset, places, parts = 8192, [], (systems, data, tree, b"", bytes(pool))
    for part in parts:
        places += [offset, len(part)]
        offset += len(part)
    header = b"LOCDBXX\x01" + struct.pack(">QIII10I", 1_700_000_000, 0, 0, 0, *places)
    return header.ljust(8192, b"\0") + b"".join(parts)


@pytest.fixture(scope="module")
def table_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("geo")
    (folder / "location.db").write_bytes(location_db(NETWORKS))
    assert main(["build", str(folder / "location.db"), str(folder / "geo.table")]) == 0
    return folder / "geo.table"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("191.255.255.255", UNKNOWN),
        ("192.0.0.0", Origin("DE", 64500, "Example One")),
        ("192.0.1.255", Origin("DE", 64500, "Example One")),
        ("192.0.2.0", Origin("CN", 64501, "例子")),
        ("192.0.2.127", Origin("CN", 64501, "例子")),
        ("192.0.2.128", Origin("DE", 64500, "Example One")),
        ("192.0.3.0", Origin("DE", 64500, "Example One")),
        ("192.1.0.0", UNKNOWN),
        ("198.51.100.6", UNKNOWN),
        ("198.51.100.7", Origin("FR", 0, "")),
        ("198.51.100.8", UNKNOWN),
        ("203.0.113.9", Origin("", 64502, "")),  # A1 is no country
        ("0.0.0.0", UNKNOWN),
        ("255.255.255.255", UNKNOWN),
        ("2001:db7:ffff::", UNKNOWN),
        ("2001:db8::", Origin("SE", 64503, "N" * 255)),
        ("2001:db8:0:1::", Origin("NO", 64500, "Example One")),
        ("2001:db8:0:1::7fff:ffff", Origin("NO", 64500, "Example One")),
        ("2001:db8:0:1::8000:0", Origin("FI", 0, "")),
        ("2001:db8:0:1::8000:1", Origin("FI", 0, "")),
        ("2001:db8:0:1::8000:2", Origin("NO", 64500, "Example One")),
        ("2001:db8:0:2::", Origin("SE", 64503, "N" * 255)),
        ("2001:db9::", UNKNOWN),
        ("::", UNKNOWN),
        ("::ffff:192.0.2.1", Origin("CN", 64501, "例子")),
        ("not an address", UNKNOWN),
    ],
)
def test_the_most_specific_network_counts(address: str, expected: Origin, table_path: Path) -> None:
    assert Geography(GeoTable(table_path)).look_up(address) == expected


def test_every_network_is_found_at_both_ends(table_path: Path) -> None:
    geography = Geography(GeoTable(table_path))
    for text in NETWORKS:
        network = ip_network(text)
        best = max(
            (other for other in map(ip_network, NETWORKS) if network[0] in other),
            key=lambda other: other.prefixlen,
        )
        country, asn = NETWORKS[str(best)]
        found = geography.look_up(str(network[0]))
        assert (found.country, found.asn) == (country if country.isalpha() else "", asn)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense" * 4000, location_db(NETWORKS)[:9000]], ids=["none", "else", "cut"]
)
def test_what_is_no_database_is_refused_and_leaves_nothing(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "location.db").write_bytes(content)
    assert main(["build", str(tmp_path / "location.db"), str(tmp_path / "out")]) == 1
    assert "expected a database of libloc" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["location.db"]


@pytest.mark.parametrize("length", [0, 10, 31, 32, 200])
def test_a_table_that_is_cut_off_is_refused(
    length: int, table_path: Path, tmp_path: Path, make_settings: MakeSettings
) -> None:
    path = tmp_path / "geo.table"
    path.write_bytes(table_path.read_bytes()[:length])
    with pytest.raises(ConfigurationError, match="GEO_DATABASE: expected a table of countries"):
        Geography.from_settings(make_settings(GEO_DATABASE=str(path)))


def test_own_networks_come_first(
    table_path: Path, tmp_path: Path, make_settings: MakeSettings
) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "network,country,asn,name\n"
        "# our own\n"
        '192.0.2.0/25,us,AS64510,"Own, Inc."\n'
        "192.0.2.16/28,,0,\n"
        "2001:db8::/48,JP,64511,Own\n"
    )
    geography = Geography.from_settings(
        make_settings(GEO_DATABASE=str(table_path), GEO_FILE=str(path))
    )
    assert geography is not None
    assert geography.look_up("192.0.2.1") == Origin("US", 64510, "Own, Inc.")
    assert geography.look_up("192.0.2.17") == UNKNOWN
    assert geography.look_up("192.0.2.128").country == "DE"
    assert geography.look_up("2001:db8::1").country == "JP"
    assert geography.look_up("2001:db8:1::1").country == "SE"


@pytest.mark.parametrize(
    "line",
    [
        "192.0.2.0/24,DE,1",
        "192.0.2.1/24,DE,1,x",
        "somewhere,DE,1,x",
        "192.0.2.0/24,GER,1,x",
        "192.0.2.0/24,DE,one,x",
        "192.0.2.0/24,DE,4294967296,x",
    ],
)
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"198.51.100.0/24,DE,1,x\n{line}\n")
    with pytest.raises(ConfigurationError) as caught:
        OwnNetworks.read(path)
    assert [problem.name for problem in caught.value.problems] == ["GEO_FILE"]
    assert "line 2" in str(caught.value)


def test_without_a_table_the_log_says_what_to_do(
    make_settings: MakeSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxypool.geo.INSTALLED_TABLE", Path("/nonexistent"))
    caplog.set_level(logging.INFO)
    assert Geography.from_settings(make_settings()) is None
    assert "python -m proxypool.geo build" in caplog.text


def test_it_can_be_turned_off(table_path: Path, make_settings: MakeSettings) -> None:
    settings = make_settings(GEO_DATABASE=str(table_path), PROXY_REGION="no")
    assert Geography.from_settings(settings) is None


def test_the_command_looks_up(table_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["look-up", str(table_path), "192.0.2.1"]) == 0
    assert capsys.readouterr().out == "192.0.2.1 CN 64501 例子\n"
    assert main([]) == 64


def test_addresses_are_compared_as_numbers(table_path: Path) -> None:
    table = GeoTable(table_path)
    assert table.look_up(ip_address("192.0.2.1")).asn == 64501
