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


def courses() -> Any:
    return requests.get(url("api", "/api/v1/course/actual/"), timeout=TIMEOUT_S).json()


def pool() -> set[str]:
    answer = requests.get(url("proxy-pool", "/all/"), timeout=TIMEOUT_S)
    return {entry["proxy"].rsplit(":", 1)[1] for entry in answer.json()}


def wait_for_a_proxy(limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not pool():
        assert time.monotonic() < deadline, f"no proxy in the pool within {limit_s} s"
        time.sleep(0.5)


@pytest.mark.parametrize("service", LASTING_SERVICES)
def test_it_comes_back_with_its_data(deployed: PlaybookResult, service: str) -> None:
    wait_until_healthy()
    wait_for_a_proxy()
    courses_before = courses()
    container = containers()[service]

    os.kill(container["State"]["Pid"], signal.SIGKILL)

    deadline = time.monotonic() + 30
    while containers()[service]["RestartCount"] == container["RestartCount"]:
        assert time.monotonic() < deadline, f"{service} was not started again within 30 s"
        time.sleep(0.2)
    wait_until_healthy()
    assert courses() == courses_before
    wait_for_a_proxy()
