from collections import Counter
from ipaddress import ip_address, ip_network

import pytest
from demo.plan import Behaviour, plant

DOCUMENTATION = [ip_network("198.51.100.0/24"), ip_network("203.0.113.0/24")]


@pytest.mark.parametrize("count", [5, 64, 500])
def test_every_behaviour_is_planted_at_its_port(count: int) -> None:
    planted = plant(20000, count, seed=1)
    assert [entry.port for entry in planted] == list(range(20000, 20000 + count))
    assert {entry.behaviour for entry in planted} == set(Behaviour)


def test_half_of_the_farm_is_good() -> None:
    counts = Counter(entry.behaviour for entry in plant(20000, 64, seed=1))
    print(counts)
    assert counts[Behaviour.GOOD] >= 30


def test_the_same_seed_plants_the_same_and_another_one_does_not() -> None:
    assert plant(20000, 64, seed=1) == plant(20000, 64, seed=1)
    assert plant(20000, 64, seed=1) != plant(20000, 64, seed=2)


def test_exits_are_distinct_and_nobodys() -> None:
    planted = plant(20000, 500, seed=1)
    exits = [entry.exit_ip for entry in planted if entry.exit_ip]
    assert len(exits) == len(set(exits)) == sum(entry.is_usable for entry in planted)
    assert all(any(ip_address(ip) in network for network in DOCUMENTATION) for ip in exits)


def test_slow_ones_alone_are_slow_and_within_a_checkers_limits() -> None:
    for entry in plant(20000, 500, seed=1):
        slow = entry.behaviour is Behaviour.SLOW
        assert (1 <= entry.delay_s <= 5) if slow else entry.delay_s == 0
