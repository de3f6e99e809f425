"""Limits are counted in Redis, all of a request's or none; who is counted is told by the edge."""

import threading
from typing import Any

import pytest
from django.test import RequestFactory

from luffy.caller import caller_address, caller_network
from luffy.limits import Limit, TooManyRequests, give_back, take
from luffy.redis_store import redis_client

NARROW = Limit("test-narrow", 2, 60)
WIDE = Limit("test-wide", 3, 600)


def test_a_limit_is_of_one_subject_and_tells_how_long_to_wait() -> None:
    take(NARROW.by("a"))
    take(NARROW.by("a"))
    with pytest.raises(TooManyRequests) as refusal:
        take(NARROW.by("a"))
    assert 0 < refusal.value.wait <= 60
    take(NARROW.by("b"))


def test_a_refused_use_counts_nowhere() -> None:
    for _attempt in range(2):
        take(NARROW.by("a"), WIDE.by("a"))
    for _attempt in range(5):
        with pytest.raises(TooManyRequests):
            take(NARROW.by("a"), WIDE.by("a"))
    take(WIDE.by("a"))
    with pytest.raises(TooManyRequests) as refusal:
        take(NARROW.by("a"), WIDE.by("a"))
    assert refusal.value.wait > 60, "the longest of the waits"


def test_what_is_given_back_can_be_used_again_and_never_goes_below_nothing() -> None:
    for _attempt in range(5):
        give_back(NARROW.by("a"))
    for _attempt in range(2):
        take(NARROW.by("a"))
    give_back(NARROW.by("a"))
    take(NARROW.by("a"))
    with pytest.raises(TooManyRequests):
        take(NARROW.by("a"))


def test_a_window_ends() -> None:
    short = Limit("test-short", 1, 1)
    take(short.by("a"))
    (key,) = redis_client().scan_iter("luffy:limit:*")
    assert 0 < redis_client().pttl(key) <= 1000
    redis_client().pexpire(key, 1)
    threading.Event().wait(0.05)
    take(short.by("a"))


def test_uses_at_once_do_not_slip_through() -> None:
    passed: list[int] = []

    def use() -> None:
        try:
            take(WIDE.by("a"))
        except TooManyRequests:
            return
        passed.append(1)

    threads = [threading.Thread(target=use) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 3


def test_no_name_or_number_stands_in_redis() -> None:
    take(NARROW.by("13800000001"))
    (key,) = redis_client().scan_iter("luffy:limit:*")
    name, digest = key.split(b":")[1:]
    assert (name, len(digest)) == (b"limit", 64)
    assert b"13800000001" not in key


@pytest.mark.parametrize(
    ("headers", "address", "network"),
    [
        ({}, "127.0.0.1", "127.0.0.1"),
        ({"X-Forwarded-For": "203.0.113.9"}, "203.0.113.9", "203.0.113.9"),
        ({"X-Forwarded-For": "2001:db8:1:2:3::4"}, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ({"X-Forwarded-For": "::ffff:203.0.113.9"}, "::ffff:203.0.113.9", "203.0.113.9"),
        ({"X-Forwarded-For": "1.1.1.1, 2.2.2.2"}, "127.0.0.1", "127.0.0.1"),
        ({"X-Forwarded-For": 'x"} forged'}, "127.0.0.1", "127.0.0.1"),
        ({"X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}, "127.0.0.1", "127.0.0.1"),
        ({"True-Client-IP": "6.6.6.6", "CF-Connecting-IP": "6.6.6.6"}, "127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_caller_is_whom_the_edge_saw(
    headers: dict[str, Any], address: str, network: str
) -> None:
    request = RequestFactory().get("/", headers=headers)
    assert caller_address(request) == address
    assert caller_network(request) == network
