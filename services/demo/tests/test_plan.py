import json
from collections import Counter
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

import pytest
from demo.behaviour import FACTS, Behaviour, Protocol
from demo.exits import OPERATORS, networks
from demo.kinds import BY_NAME, KINDS, MAX_OF_A_KIND, parse_mix, spread
from demo.plan import plant, plant_wide

DOCUMENTATION = [ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
BENCHMARKS = ip_network("198.18.0.0/15")


@pytest.mark.parametrize("count", [len(KINDS), 64, 500])
def test_every_kind_is_planted_at_its_port(count: int) -> None:
    planted = plant(20000, count, seed=1)
    assert [entry.port for entry in planted] == list(range(20000, 20000 + count))
    assert {entry.kind for entry in planted} == set(KINDS)


def test_every_behaviour_and_protocol_is_some_kinds() -> None:
    assert {kind.behaviour for kind in KINDS} == set(Behaviour) == set(FACTS)
    assert {protocol for kind in KINDS for protocol in kind.protocols} == set(Protocol)
    assert len(BY_NAME) == len(KINDS)


def test_more_than_half_of_the_farm_is_usable() -> None:
    planted = plant(20000, 64, seed=1)
    print(Counter(entry.behaviour for entry in planted))
    assert sum(entry.is_usable for entry in planted) > 32


def test_the_same_seed_plants_the_same_and_another_one_does_not() -> None:
    assert plant(20000, 64, seed=1) == plant(20000, 64, seed=1)
    assert plant(20000, 64, seed=1) != plant(20000, 64, seed=2)
    assert plant_wide(20000, 64, seed=1) == plant_wide(20000, 64, seed=1)
    assert plant_wide(20000, 64, seed=1) != plant_wide(20000, 64, seed=2)


def test_exits_are_distinct_and_nobodys() -> None:
    exits = [entry.exit_ip for entry in plant(20000, 500, seed=1) if entry.exit_ip]
    assert len(exits) == len(set(exits)) > 300
    assert all(any(ip_address(ip) in network for network in DOCUMENTATION) for ip in exits)


def test_all_that_carries_under_another_address_has_an_exit() -> None:
    for entry in plant(20000, 500, seed=1):
        carries = FACTS[entry.behaviour].carries
        assert bool(entry.exit_ip) == (carries and entry.behaviour is not Behaviour.TRANSPARENT)
        assert bool(entry.anonymity) == carries


def test_slow_ones_alone_are_slow_and_within_a_checkers_limits() -> None:
    for entry in plant(20000, 500, seed=1):
        slow = entry.behaviour is Behaviour.SLOW
        assert (1 <= entry.delay_s <= 5) if slow else entry.delay_s == 0


def test_exits_lie_in_the_network_of_their_operator() -> None:
    of = list(networks())
    for entry in plant(20000, 200, seed=1) + plant_wide(20000, 200, seed=1):
        if entry.exit:
            owners = [who for network, who in of if ip_address(entry.exit.ip) in network]
            assert owners == [entry.exit.operator]


def test_operators_are_of_the_documentation_range_of_asns() -> None:
    assert {who.asn for who in OPERATORS} == set(range(64496, 64512))
    assert len({who.country for who in OPERATORS}) == len(OPERATORS)


def test_tens_of_thousands_have_an_address_and_an_exit_each() -> None:
    planted = plant_wide(20000, 50_000, seed=1)
    assert len({entry.place() for entry in planted}) == 50_000
    exits = [entry.exit_ip for entry in planted if entry.exit_ip]
    assert len(exits) == len(set(exits))
    assert all(ip_address(ip) in BENCHMARKS for ip in exits)


def test_the_second_octet_is_the_kinds_and_the_last_is_a_hosts() -> None:
    octets: dict[str, set[str]] = {}
    for entry in plant_wide(20000, 5000, seed=1):
        first, second, _, last = entry.host.split(".")
        octets.setdefault(entry.kind.name, set()).add(second)
        assert first == "127"
        assert 1 <= int(last) <= 254
        assert int(second) >= 10
    assert all(len(second) == 1 for second in octets.values())
    assert len({next(iter(second)) for second in octets.values()}) == len(KINDS)


def test_the_dead_stand_where_nothing_listens() -> None:
    for entry in plant_wide(20000, 500, seed=1):
        assert entry.port == (20001 if entry.behaviour is Behaviour.DEAD else 20000)


def test_a_mix_is_planted_in_its_proportions() -> None:
    planted = plant_wide(20000, 1000, 1, parse_mix("hanging:50, dead:40, good:10"))
    counts = Counter(entry.kind.name for entry in planted)
    assert counts == {"hanging": 500, "dead": 400, "good": 100}


@pytest.mark.parametrize("count", [3, 4, 7, 100, 99_999])
def test_what_is_spread_has_the_size_that_was_asked_for(count: int) -> None:
    kinds = spread(count, {"good": 1, "dead": 1000, "slow": 7})
    assert len(kinds) == count
    assert {kind.name for kind in kinds} == {"good", "dead", "slow"}


def test_one_kind_alone_fits_up_to_its_limit() -> None:
    planted = plant_wide(20000, MAX_OF_A_KIND, 1, {"good": 1})
    assert len({entry.host for entry in planted}) == MAX_OF_A_KIND


def test_too_few_and_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="35 proxies for 36 kinds"):
        plant(20000, 35, seed=1)
    with pytest.raises(ValueError, match="763 proxies for 762 exits"):
        plant(20000, 763, seed=1)
    with pytest.raises(ValueError, match="of the kind good"):
        plant_wide(20000, 65_025, 1, {"good": 1})


@pytest.mark.parametrize("text", ["best", "good:0", "good:-1", "good:x", "good:1,good:2", ":5"])
def test_bad_mixes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"good|best|:5|literal"):
        parse_mix(text)


def test_names_hold_credentials_that_a_url_can_carry() -> None:
    locked = [entry for entry in plant(20000, 64, seed=1) if entry.username]
    assert len(locked) == 4
    for entry in locked:
        url = urlsplit(f"http://{entry.name('192.0.2.1')}")
        assert (url.hostname, url.port) == ("192.0.2.1", entry.port)
        assert unquote(url.username or "") == entry.username
        assert unquote(url.password or "") == entry.password
        assert "192.0.2.1" in entry.place("192.0.2.1")


def test_the_truth_is_json_with_every_field() -> None:
    for entry in plant(20000, 64, seed=1):
        truth = json.loads(json.dumps(entry.truth("192.0.2.1")))
        assert list(truth) == [
            "proxy",
            "port",
            "behaviour",
            "kind",
            "protocols",
            "https",
            "anonymity",
            "exit_ip",
            "country",
            "asn",
            "as_name",
            "username",
            "password",
            "delay_s",
            "usable",
            "steady",
            "expected_reason",
        ]
        assert truth["usable"] or truth["expected_reason"]
        assert not (truth["https"] and set(truth["protocols"]) == {"http"})
