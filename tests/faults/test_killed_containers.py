"""A container whose process is killed comes back by itself, healthy and with its data."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
import requests

from tests.local_deployment import LASTING_SERVICES, containers, url, wait_until_healthy
from tests.playbook import PlaybookResult

TIMEOUT_S = (3.05, 10)


def courses() -> list[Any]:
    """The courses, but for how many take them: a list says that late, by the cache's lifetime."""
    answer = requests.get(url("api", "/api/v1/course/actual/"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    shown = answer.json()["results"]
    return [{name: value for name, value in one.items() if name != "students"} for one in shown]


def check_counts(limit_s: float = 60) -> dict[str, int]:
    """How often each good proxy has been checked; a pool that lost its data begins at one again.

    While its Redis is away the pool says so by a 503; it has ``limit_s`` to come back.
    """
    deadline = time.monotonic() + limit_s
    while (
        answer := requests.get(url("proxy-pool", "/all/"), timeout=TIMEOUT_S)
    ).status_code == 503:
        assert time.monotonic() < deadline, f"the pool is not back within {limit_s} s"
        time.sleep(0.5)
    assert answer.status_code == 200, answer.text
    return {entry["proxy"]: entry["check_count"] for entry in answer.json()}


def wait_for_a_proxy(limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not check_counts():
        assert time.monotonic() < deadline, f"no proxy in the pool within {limit_s} s"
        time.sleep(0.5)


def kill(service: str) -> None:
    """Kill the process of a service's container, and wait until Docker has started it again."""
    container = containers()[service]
    os.kill(container["State"]["Pid"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while containers()[service]["RestartCount"] == container["RestartCount"]:
        assert time.monotonic() < deadline, f"{service} was not started again within 30 s"
        time.sleep(0.2)


@pytest.mark.parametrize("service", LASTING_SERVICES)
def test_it_comes_back_with_its_data(deployed: PlaybookResult, service: str) -> None:
    wait_until_healthy()
    wait_for_a_proxy()
    courses_before = courses()

    kill(service)

    wait_until_healthy()
    assert courses() == courses_before
    wait_for_a_proxy()


def test_redis_loses_no_more_than_its_last_second(deployed: PlaybookResult) -> None:
    wait_until_healthy()
    deadline = time.monotonic() + 180
    while not (known := {p: n for p, n in check_counts().items() if n > 2}):
        assert time.monotonic() < deadline, "no proxy was checked a third time within 180 s"
        time.sleep(1)
    time.sleep(2)  # the append-only file is written through every second

    kill("redis")

    wait_until_healthy()
    after = check_counts()
    kept = {proxy: after[proxy] for proxy in known if proxy in after}
    assert kept
    assert {proxy: n for proxy, n in kept.items() if n < known[proxy]} == {}
