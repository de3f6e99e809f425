"""Each program of lab/requests, against the whole bundle and through its edge."""

from __future__ import annotations

import time

import pytest
import requests
from write_readme import PROGRAMS

from tests.lab.programs import Run, differences, run_all
from tests.local_deployment import PORTS, url
from tests.playbook import PlaybookResult

OPTIONS = {
    "--api-port": PORTS["api"],
    "--lab-port": 18010,
    "--lab-tls-port": 18011,
    "--proxy-pool-port": PORTS["proxy-pool"],
    "--gateway-port": PORTS["gateway"],
}
FIRST_CRAWL_S = 90


@pytest.fixture(scope="module")
def runs(deployed: PlaybookResult) -> dict[str, Run]:
    for protocol in ("http", "socks5"):
        wait_for_a_proxy(protocol)
    return run_all(PROGRAMS, [str(word) for pair in OPTIONS.items() for word in pair])


def wait_for_a_proxy(protocol: str) -> None:
    """Wait until the pool has an elite one."""
    query = {"protocol": protocol, "anonymity": "elite", "limit": "1"}
    deadline = time.monotonic() + FIRST_CRAWL_S
    while True:
        answer = requests.get(url("proxy-pool", "/api/v2/proxies"), params=query, timeout=10)
        if answer.ok and answer.json()["total"]:
            return
        assert time.monotonic() < deadline, f"no {protocol} proxy after {FIRST_CRAWL_S} s"
        time.sleep(0.5)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_its_page_says(runs: dict[str, Run], name: str) -> None:
    assert differences(name, runs[name]) == []
