"""A proxy from the pool carries a request, and it is the proxy that the other side sees."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable

import pytest
import requests
from deployment import TIMEOUT_S, Deployment
from farm import Farm, as_reached_from_here, ask_judge_by_tunnel, judge_context

FIRST_CRAWL_S = 90.0

Get = Callable[[str], str]

pytestmark = pytest.mark.demo_world


@pytest.fixture(scope="module")
def get(deployment: Deployment, pool: requests.Session, farm: Farm) -> Get:
    """Asks the pool for a proxy that is always up, so that what follows depends on no chance.

    A fresh deployment needs a moment for its first crawl and checks.
    """
    deadline = time.monotonic() + FIRST_CRAWL_S

    def ask(query: str) -> str:
        while True:
            answer = pool.get(deployment.pool("/get/" + query), timeout=TIMEOUT_S)
            assert answer.status_code == 200, answer.text
            if "proxy" in answer.json():
                proxy = str(answer.json()["proxy"])
                if farm.truth(proxy)["steady"]:
                    return proxy
            assert time.monotonic() < deadline, (
                f"no such proxy in the pool after {FIRST_CRAWL_S:.0f} s: {answer.text}; "
                "look at `docker-compose logs proxy_pool_scheduler proxy_pool_checker`"
            )
            time.sleep(0.5)

    return ask


def test_the_other_side_sees_the_proxy_and_not_us(
    deployment: Deployment, http: requests.Session, farm: Farm, get: Get
) -> None:
    ours = http.get(deployment.check(), timeout=TIMEOUT_S).text.strip()
    proxy = get("")
    through = http.get(
        "http://check.test:8001/check/",
        proxies={"http": f"http://{as_reached_from_here(deployment, proxy)}"},
        timeout=TIMEOUT_S,
    )
    assert through.status_code == 200, through.text
    seen = through.text.strip()
    assert ipaddress.ip_address(seen) != ipaddress.ip_address(ours)
    assert seen == farm.truth(proxy)["exit_ip"]


def test_a_proxy_for_https_leaves_encrypted_connections_alone(
    deployment: Deployment, farm: Farm, get: Get
) -> None:
    proxy = get("?type=https")
    status, text = ask_judge_by_tunnel(
        as_reached_from_here(deployment, proxy), judge_context(deployment), "/check/?format=json"
    )
    assert status == 200, text
    assert json.loads(text)["ip"] == farm.truth(proxy)["exit_ip"]
    assert farm.truth(proxy)["https"] is True


def test_only_working_proxies_are_handed_out(
    deployment: Deployment, pool: requests.Session, farm: Farm, get: Get
) -> None:
    get("")
    handed_out = pool.get(deployment.pool("/all/"), timeout=TIMEOUT_S).json()
    assert handed_out
    unusable = [entry["proxy"] for entry in handed_out if not farm.truth(entry["proxy"])["usable"]]
    assert unusable == [], "handed out, but planted as unusable"


def test_what_the_pool_says_of_a_proxy_is_so(
    deployment: Deployment, pool: requests.Session, farm: Farm, get: Get
) -> None:
    get("")
    for entry in pool.get(deployment.pool("/all/"), timeout=TIMEOUT_S).json():
        truth = farm.truth(entry["proxy"])
        if truth["steady"]:
            said = {"anonymous": entry["anonymous"], "exit_ip": entry["exit_ip"]}
            assert said == {"anonymous": truth["anonymity"], "exit_ip": truth["exit_ip"]}, entry
            assert set(entry["protocols"]) <= set(truth["protocols"]), entry
            assert truth["https"] or not entry["https"], entry
