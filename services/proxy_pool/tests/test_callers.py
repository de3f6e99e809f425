from typing import Any

import pytest
from proxypool.address import parse_networks
from proxypool.callers import Callers

CALLERS = Callers(parse_networks("127.0.0.1,::1,10.7.0.0/16"), parse_networks("172.18.0.2"))


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    return {
        "client": None if peer is None else (peer, 1),
        "headers": [(b"x-forwarded-for", text.encode("latin-1")) for text in forwarded],
    }


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.7.200.3"])
def test_a_trusted_peer_is_trusted(peer: str) -> None:
    assert CALLERS.of(scope(peer)).trusted


@pytest.mark.parametrize("peer", [None, "", "10.8.0.1", "unix:", "203.0.113.1", "::2"])
def test_another_is_not(peer: str | None) -> None:
    assert not CALLERS.of(scope(peer)).trusted


def test_the_edge_says_who_calls() -> None:
    assert CALLERS.of(scope("172.18.0.2", "127.0.0.1")).trusted
    assert not CALLERS.of(scope("172.18.0.2", "203.0.113.9")).trusted
    assert CALLERS.of(scope("172.18.0.2", "203.0.113.9")).address == "203.0.113.9"


def test_of_what_was_handed_on_only_the_edges_own_word_counts() -> None:
    assert not CALLERS.of(scope("172.18.0.2", "127.0.0.1, 203.0.113.9")).trusted
    assert not CALLERS.of(scope("172.18.0.2", "127.0.0.1", "203.0.113.9")).trusted


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.7.0.1", "203.0.113.9"])
def test_the_header_from_elsewhere_makes_a_call_nobodys(peer: str) -> None:
    caller = CALLERS.of(scope(peer, "127.0.0.1"))
    assert not caller.trusted
    assert caller.limited_as == peer
    assert "X-Forwarded-For" in caller.address


def test_an_ipv6_caller_is_limited_by_its_network() -> None:
    limits = {CALLERS.of(scope(f"2001:db8:0:1{tail}")).limited_as for tail in ("::1", ":a:b:c:d")}
    assert limits == {"2001:db8:0:1::/64"}
    assert CALLERS.of(scope("fe80::1%eth0")).limited_as == "fe80::/64"
