"""A whole deployment under steady traffic: whatever is switched, nobody is failed.

New versions, the way back, more containers and another configuration of the edge, one after the
other, while visitors read and follow short links, buyers order, the pool and its gateway are asked,
and tunnels and downloads go on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest
from deployment import Deployment

from tests.local_deployment import NAME, containers, docker, release, wait_until_healthy
from tests.switch.conftest import Fab
from tests.switch.traffic import Traffic

REQUESTS = 20_000
SETTLED_WITHIN_S = 60
"""Longer than a tunnel of the traffic lasts."""
NEW_VERSION = ("-e", "log_level=WARNING", "-e", "luffy_language_code=en")
NEW_EDGE = ("-e", "edge_request_timeout_s=11")
SWITCHED = (
    *("luffy_api", "luffy_worker", "luffy_beat", "luffycity", "proxy_pool_api"),
    *("proxy_pool_gateway", "proxy_pool_scheduler", "proxy_pool_checker", "shortlink"),
)
STAYING = ("edge", "mariadb", "redis", "backup", "demo")


@pytest.fixture(scope="module")
def traffic(site: Deployment) -> Iterator[Traffic]:
    """The traffic of the whole module: it never stops in between."""
    with Traffic(site) as found:
        yield found
    found.leave()


def ids() -> dict[str, str]:
    """The container of each service."""
    return {name: str(one["Id"]) for name, one in containers().items()}


def ids_when_settled() -> dict[str, str]:
    """The same, when what has given way is gone with its last tunnel; that one may be the newest:
    a service goes back to the container that it had, as long as a tunnel keeps it."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    query = ("--filter", f"label=com.docker.compose.project={NAME}")
    form = '{{.Label "com.docker.compose.service"}}'
    while True:
        running = Counter(docker("ps", *query, "--format", form).split())
        twice = [name for name, number in running.items() if number > 1]
        if not twice:
            return ids()
        assert time.monotonic() < deadline, f"not gone after {SETTLED_WITHIN_S} s: {twice}"
        time.sleep(0.5)


def assert_nobody_was_failed(traffic: Traffic) -> None:
    assert not traffic.failures, traffic.failures[:20]


def test_a_new_version_takes_over(traffic: Traffic) -> None:
    before = ids()
    release(*NEW_VERSION)
    assert_nobody_was_failed(traffic)
    after = ids()
    assert {name for name in SWITCHED if after[name] == before[name]} == set()
    assert {name: after[name] for name in STAYING} == {name: before[name] for name in STAYING}


def test_the_version_before_takes_back(traffic: Traffic, fab: Fab) -> None:
    before = ids()
    done = fab("rollback", "--why", "a test")
    assert done.returncode == 0, done.stdout + done.stderr
    after = ids_when_settled()
    assert_nobody_was_failed(traffic)
    assert {name for name in SWITCHED if after[name] == before[name]} == set()
    assert {name: after[name] for name in STAYING} == {name: before[name] for name in STAYING}


def test_a_service_runs_twice_and_once_again(traffic: Traffic, fab: Fab) -> None:
    others = set(ids()) - {"luffy_api", "proxy_pool_gateway"}
    before = ids()
    for count in ("2", "1"):
        done = fab("scale", f"luffy_api={count},proxy_pool_gateway={count}")
        assert done.returncode == 0, done.stdout + done.stderr
        assert_nobody_was_failed(traffic)
    wait_until_healthy()
    after = ids_when_settled()
    assert_nobody_was_failed(traffic)
    assert {name for name in others if after[name] != before[name]} == set()


def test_the_edge_is_configured_anew(traffic: Traffic) -> None:
    before = ids()
    release(*NEW_EDGE)
    assert_nobody_was_failed(traffic)
    assert ids() == before


def test_all_that_was_asked_was_answered_and_each_order_is_there_once(
    traffic: Traffic, site: Deployment
) -> None:
    traffic.wait_for(REQUESTS)
    assert_nobody_was_failed(traffic)
    assert traffic.answered >= REQUESTS
    assert min(kind.answered for kind in traffic.kinds.values()) > 0, traffic.kinds
    assert sum(len(buyer.placed) for buyer in traffic.buyers) > 20
    assert traffic.lost_orders() == []
