import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proxypool.gateway.destination import (
    BadDestinationError,
    Destination,
    DestinationRule,
    RefusedDestinationError,
)
from proxypool.settings import load

DEFAULT = DestinationRule()


def allowed(listed: str, ports: str = "1-65535") -> DestinationRule:
    loaded = load(
        "gateway",
        {
            "DB_CONN": "redis://h/0",
            "GATEWAY_ALLOWED_DESTINATIONS": listed,
            "GATEWAY_ALLOWED_PORTS": ports,
        },
    )
    networks, names = loaded.gateway_allowed_destinations
    return DestinationRule(networks, names, loaded.gateway_allowed_ports)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "127.0.0.1..", "127.1", "127.0.1", "2130706433", "0x7f000001",
        "0X7F.0.0.1", "017700000001", "0177.0.0.1", "0177.0x0.0.1", "0x7f.1", "0", "0.0.0.0",
        "0x", "10.1.2.3", "10.66051", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "0xc0a80101", "3232235777", "169.254.169.254", "0xA9FEA9FE", "100.64.0.1", "192.0.0.8",
        "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "4294967295",
        "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]",
        "[2002:7f00:1::]", "[2002:a00:1::1]", "[2001:0:7f00:1::]", "[fe80::1]", "[fe80::1%eth0]",
        "[fe80::1%25eth0]", "[2606:4700::1%lo]", "[fc00::1]", "[fd12::1]", "[ff02::1]",
        "[fec0::1]", "[2001:db8::1]",
        "localhost", "LOCALHOST", "localhost.", "a.localhost", "x.y.localhost.", "printer",
        "redis", "router.local", "db.internal", "metadata.google.internal", "x.localdomain",
        "box.home.arpa", "local", "internal",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused_however_it_is_spelled(host: str) -> None:
    with pytest.raises(RefusedDestinationError):
        DEFAULT.check(Destination.of_authority(f"{host}:80"))


@pytest.mark.parametrize(
    "host",
    [
        "", ".", "a..b", "-a.example", "a-.example", "a b.example", "a\tb", "1.2.3.4.5",
        "256.1.1.1", "1.16777216", "1.2.3.256", "08.1.1.1", "0x7g.1", "4294967296",
        "99999999999",
        "example.123", "foo.0x1", "127.0.0.1%00.example", "\uff11\uff12\uff17.0.0.1",
        "127\u30020\u30020\u30021", "exa\x00mple.org", "ex%61mple.org", "[1.2.3.4]", "[::1", "::1",
        "[:::1]", "[12345::1]",
        "u@example.org", "a:b@example.org", "[::1]x", "x" * 64 + ".example", "a." * 130 + "example",
        "9" * 5000, "0x" + "f" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_destination_is_told(host: str) -> None:
    with pytest.raises(BadDestinationError) as caught:
        DEFAULT.check(Destination.of_authority(f"{host}:80"))
    assert caught.value.problem.name == "destination"


@pytest.mark.parametrize(
    ("text", "host", "authority"),
    [
        ("example.org:80", "example.org", "example.org"),
        ("EXAMPLE.org.:8080", "example.org", "example.org:8080"),
        ("under_score.example:80", "under_score.example", "under_score.example"),
        ("xn--bcher-kva.example:80", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("8.8.8.8:80", "8.8.8.8", "8.8.8.8"),
        ("134744072:80", "8.8.8.8", "8.8.8.8"),
        ("010.8.8.8:80", "8.8.8.8", "8.8.8.8"),
        ("[2606:4700:0::1111]:80", "2606:4700::1111", "[2606:4700::1111]"),
        ("[2606:4700::1111]:81", "2606:4700::1111", "[2606:4700::1111]:81"),
        ("local.example:80", "local.example", "local.example"),
        ("notlocalhost.example:80", "notlocalhost.example", "notlocalhost.example"),
    ],
)
def test_public_ones_are_passed_on_in_their_normal_form(
    text: str, host: str, authority: str
) -> None:
    destination = Destination.of_authority(text)
    DEFAULT.check(destination)
    assert destination.host == host
    assert destination.authority(80) == authority


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        ("127.0.0.0/8", "127.0.0.1:80"),
        ("127.0.0.0/8", "2130706433:80"),
        ("::1", "[::1]:80"),
        ("10.0.0.0/8,printer", "printer:631"),
        ("printer", "PRINTER.:631"),
        (".internal", "db.eu.internal:80"),
        ("db.internal", "db.internal:80"),
    ],
)
def test_what_the_operator_lists_may_be_reached(listed: str, text: str) -> None:
    allowed(listed).check(Destination.of_authority(text))


@pytest.mark.parametrize(
    ("listed", "text"),
    [
        ("127.0.0.0/8", "10.0.0.1:80"),
        ("127.0.0.0/8", "localhost:80"),
        ("db.internal", "x.db.internal:80"),
        (".internal", "internal:80"),
        ("10.0.0.0/8", "[::ffff:127.0.0.1]:80"),
    ],
)
def test_and_nothing_beside_it(listed: str, text: str) -> None:
    with pytest.raises(RefusedDestinationError):
        allowed(listed).check(Destination.of_authority(text))


def test_mail_is_not_sent_by_default_and_ports_may_be_limited() -> None:
    with pytest.raises(RefusedDestinationError, match="GATEWAY_ALLOWED_PORTS"):
        DEFAULT.check(Destination.of_authority("example.org:25"))
    DEFAULT.check(Destination.of_authority("example.org:587"))
    web = allowed("", "80,443, 8000-8999")
    for port in (80, 443, 8000, 8500, 8999):
        web.check(Destination.of_authority(f"example.org:{port}"))
    for port in (79, 444, 7999, 9000):
        with pytest.raises(RefusedDestinationError):
            web.check(Destination.of_authority(f"example.org:{port}"))


@settings(database=None, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_destination_or_told_not_to_be(text: str) -> None:
    try:
        destination = Destination.of_authority(text, 80)
    except BadDestinationError:
        return
    assert destination.host.isascii()
    assert Destination.of_authority(destination.authority()) == destination


@settings(database=None, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([10, 8, 16]), st.integers(1, 4))
def test_every_spelling_of_an_address_is_that_address(value: int, base: int, parts: int) -> None:
    def spell(number: int) -> str:
        return {10: str(number), 8: f"0{number:o}", 16: f"{number:#x}"}[base]

    heads = [spell(value >> 8 * (3 - place) & 255) for place in range(parts - 1)]
    tail = value & (256 ** (5 - parts) - 1)
    spelled = Destination.of(".".join([*heads, spell(tail)]), 80)
    assert spelled.ip is not None
    assert int(spelled.ip) == value
