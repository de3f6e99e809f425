"""A proxy from the pool carries a request, and it is the proxy that the other side sees."""

from __future__ import annotations

import ipaddress
import time

import pytest
import requests
from deployment import TIMEOUT_S, Deployment

FIRST_CRAWL_S = 90.0

pytestmark = pytest.mark.demo_world


@pytest.fixture(scope="module")
def proxy(deployment: Deployment, http: requests.Session) -> str:
    """The address of a proxy from the pool, as this machine reaches it.

    A fresh deployment needs a moment for its first crawl and checks.
    """
    deadline = time.monotonic() + FIRST_CRAWL_S
    while True:
        answer = http.get(deployment.pool("/get/"), timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        if "proxy" in answer.json():
            break
        assert time.monotonic() < deadline, (
            f"no proxy in the pool after {FIRST_CRAWL_S:.0f} s: {answer.text}; "
            "look at `docker-compose logs proxy_pool_scheduler proxy_pool_checker`"
        )
        time.sleep(1)
    port = answer.json()["proxy"].rsplit(":", 1)[1]
    # The farm's own address is one of the deployment's inner network; the edge publishes its ports.
    host = f"[{deployment.host}]" if ":" in deployment.host else deployment.host
    return f"http://{host}:{port}"


def test_the_other_side_sees_the_proxy_and_not_us(
    deployment: Deployment, http: requests.Session, proxy: str
) -> None:
    ours = http.get(deployment.check(), timeout=TIMEOUT_S).text.strip()
    through = http.get("http://check.test:8001/check/", proxies={"http": proxy}, timeout=TIMEOUT_S)
    assert through.status_code == 200, through.text
    seen = through.text.strip()
    assert ipaddress.ip_address(seen) != ipaddress.ip_address(ours)
    farm = http.get(deployment.demo("/farm/"), timeout=TIMEOUT_S).json()
    planted = {str(entry["port"]): entry.get("exit_ip") for entry in farm["proxies"]}
    assert seen == planted[proxy.rsplit(":", 1)[1]]


def test_only_working_proxies_are_handed_out(
    deployment: Deployment, http: requests.Session
) -> None:
    farm = http.get(deployment.demo("/farm/"), timeout=TIMEOUT_S).json()
    usable = {
        str(entry["port"]) for entry in farm["proxies"] if entry["behaviour"] in ("good", "slow")
    }
    handed_out = http.get(deployment.pool("/all/"), timeout=TIMEOUT_S).json()
    ports = {entry["proxy"].rsplit(":", 1)[1] for entry in handed_out}
    assert ports
    assert ports <= usable, f"handed out, but planted as unusable: {sorted(ports - usable)}"
