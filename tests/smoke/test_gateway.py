"""One address is a proxy for HTTP, CONNECT and SOCKS5, for those who have an account."""

from __future__ import annotations

import time

import pytest
import requests
from deployment import TIMEOUT_S, Deployment
from farm import Farm, ask_judge_by_socks5, ask_judge_by_tunnel, judge_context

FIRST_CRAWL_S = 90.0
JUDGE_URL = "http://check.test:8001/check/"


def ask(
    deployment: Deployment, http: requests.Session, account: tuple[str, str] | None, url: str
) -> requests.Response:
    """Ask for `url` through the gateway."""
    proxies = {"http": deployment.gateway(account)}
    return http.get(url, proxies=proxies, timeout=(3.05, 60.0))


def with_filters(account: tuple[str, str] | None, filters: str) -> tuple[str, str]:
    """The account with filters in its name; where none is needed, they are the name."""
    return (f"{account[0]}-{filters}", account[1]) if account else (filters, "none")


@pytest.fixture(scope="module")
def filled(deployment: Deployment, http: requests.Session, pool: requests.Session) -> None:
    """The pool has proxies for http and https, and in SOCKS5."""
    deadline = time.monotonic() + FIRST_CRAWL_S
    wanted = {"protocol=http", "protocol=socks5", "protocol=connect&https=true"}
    while wanted:
        query = next(iter(wanted))
        answer = pool.get(deployment.pool(f"/api/v2/proxies?{query}&limit=1"), timeout=TIMEOUT_S)
        assert answer.status_code == 200, answer.text
        if answer.json()["total"]:
            wanted.remove(query)
            continue
        assert time.monotonic() < deadline, f"none in the pool after {FIRST_CRAWL_S} s: {query}"
        time.sleep(0.5)


@pytest.mark.demo_world
@pytest.mark.usefixtures("filled")
def test_it_answers_by_way_of_a_proxy_and_names_it(
    deployment: Deployment, http: requests.Session, farm: Farm
) -> None:
    answer = ask(deployment, http, deployment.account, JUDGE_URL)
    assert answer.status_code == 200, answer.text
    assert answer.text.strip() == farm.truth(answer.headers["X-Proxy-Upstream"])["exit_ip"]


@pytest.mark.demo_world
@pytest.mark.usefixtures("filled")
def test_a_session_keeps_its_exit(deployment: Deployment, http: requests.Session) -> None:
    account = with_filters(deployment.account, "anonymity-elite-session-smoke")
    seen = {ask(deployment, http, account, JUDGE_URL).text.strip() for _ in range(4)}
    assert len(seen) == 1, seen


@pytest.mark.demo_world
@pytest.mark.usefixtures("filled")
def test_it_opens_tunnels_that_leave_encryption_alone(deployment: Deployment, farm: Farm) -> None:
    proxy = deployment.gateway(deployment.account).partition("//")[2]
    status, text = ask_judge_by_tunnel(proxy, judge_context(deployment))
    assert status == 200, text
    assert text.strip() in farm.usable_exits


@pytest.mark.demo_world
@pytest.mark.usefixtures("filled")
def test_it_speaks_socks5(deployment: Deployment, farm: Farm) -> None:
    address = (deployment.host, deployment.gateway_port)
    answer = ask_judge_by_socks5(address, deployment.account)
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert answer.partition(b"\r\n\r\n")[2].decode().strip() in farm.usable_exits


def test_without_an_account_it_serves_nobody_elsewhere(
    deployment: Deployment, http: requests.Session
) -> None:
    answer = ask(deployment, http, None, JUDGE_URL)
    if deployment.trusts_us:
        # The operator may want one of this host, too.
        assert answer.status_code != 403, answer.text
    else:
        assert answer.status_code == 407, answer.text
        assert answer.headers["Proxy-Authenticate"].startswith("Basic")


def test_a_wrong_secret_is_refused(deployment: Deployment, http: requests.Session) -> None:
    answer = ask(deployment, http, ("pool", "not-the-secret"), JUDGE_URL)
    assert answer.status_code == 407, answer.text


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "redis:6379"]
)
def test_it_leads_to_no_private_destination(
    deployment: Deployment, http: requests.Session, host: str
) -> None:
    answer = ask(deployment, http, deployment.account, f"http://{host}/")
    assert answer.status_code == 403, answer.text
