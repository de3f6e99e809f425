"""Proxies: from the pool, through its gateway, over SOCKS, and a session that does it all.

代理：从代理池取用、经由网关、使用 SOCKS，以及一个全部代劳的会话。
"""

from __future__ import annotations

import ipaddress
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import requests
from addresses import UNAVAILABLE, USAGE, Addresses, end, expect, read_addresses

TIMEOUT_S = (5, 15)
ATTEMPTS = 5
# A name that the demo world's proxies alone resolve; the page says where a request came from.
JUDGE = "http://check.test:8001/check/"
Account = tuple[str, str] | None


def read_account() -> Account:
    """From other machines pool and gateway want an account: the file's first line, NAME:SECRET."""
    file = os.environ.get("POOL_ACCOUNT_FILE")
    if not file:
        return None
    try:
        name, _, secret = Path(file).read_text().partition("\n")[0].partition(":")
    except OSError as error:
        end(USAGE, "POOL_ACCOUNT_FILE", "a file", str(error), "name one, with a line NAME:SECRET")
    return name, secret.strip()


def from_here(at: Addresses, proxy: str) -> str:
    """A proxy of the demo world has an inner address; the bundle publishes its port."""
    credentials, sign, place = proxy.rpartition("@")
    host, _, port = place.rpartition(":")
    inner = ipaddress.ip_address(host).is_private
    return f"{credentials}{sign}{at.url_host if inner else host}:{port}"


def by_the_pool(at: Addresses, account: Account, path: str, scheme: str) -> None:
    """Take a proxy, and another one where it fails: free proxies do, all the time."""
    for _ in range(ATTEMPTS):
        record = requests.get(at.pool(path), auth=account, timeout=TIMEOUT_S).json()
        if "exit_ip" not in record:
            end(UNAVAILABLE, path, "a proxy", "none that fits", "wait until the pool has some")
        proxy = f"{scheme}://{from_here(at, record['proxy'])}"
        try:
            # Each scheme of a URL has its own: with "http" alone https:// would go without a proxy.
            seen = requests.get(JUDGE, proxies={"http": proxy, "https": proxy}, timeout=TIMEOUT_S)
            seen.raise_for_status()
        except requests.RequestException:
            continue  # ProxyError, timeouts, answers that are none: it is the proxy's fault
        same = seen.text.strip() == record["exit_ip"]
        print(f"{scheme + '://':<11} anonymity {record['anonymous']}, seen as its exit: {same}")
        return
    end(UNAVAILABLE, JUDGE, "an answer", f"none in {ATTEMPTS} attempts", "look at the dashboard")


def gateway(at: Addresses, account: Account, filters: str, scheme: str = "http") -> str:
    """The gateway's URL: it picks a proxy for each request, and filters stand in the user name."""
    # Where no account is needed the filters are the name, and any word is the password.
    name, secret = (f"{account[0]}-{filters}", account[1]) if account else (filters, "none")
    return f"{scheme}://{quote(name)}:{quote(secret)}@{at.url_host}:{at.gateway_port}"


def through(proxy: str) -> requests.Response:
    """Ask the judge through the gateway, which may have to try several proxies meanwhile.

    Over SOCKS it does so while we connect: the first timeout has to last for that.
    """
    return requests.get(JUDGE, proxies={"http": proxy, "https": proxy}, timeout=(30, 60))


def by_the_gateway(at: Addresses, account: Account) -> None:
    """One address for all of the pool's proxies."""
    answer = through(gateway(at, account, "anonymity-elite"))
    named = "X-Proxy-Upstream" in answer.headers
    print(f"gateway     {answer.status_code}, names its upstream: {named}")
    kept = gateway(at, account, "anonymity-elite-session-lab")
    print("gateway     a session's exits:", len({through(kept).text for _ in range(3)}))
    # socks5h resolves the name at the far end; socks5 does here, where it may not exist, and tells
    # your resolver which sites you visit.
    for scheme in ("socks5h", "socks5"):
        try:
            said = str(through(gateway(at, account, "anonymity-elite", scheme)).status_code)
        except requests.ConnectionError as error:
            said = type(error).__name__
        print(f"gateway     {scheme + '://':<10} {said}")


def pooled(at: Addresses, account: Account) -> None:
    """The pool's own client is a requests.Session that retries, reports and rotates by itself."""
    # Here from the sources; elsewhere: pip install './services/proxy_pool[socks]'
    sys.path.insert(0, str(Path(__file__).parents[2] / "services/proxy_pool"))
    from proxypool.client import PooledSession

    way = f"http://{at.url_host}:{at.gateway_port}"
    with PooledSession(at.pool(""), gateway=way, auth=account, anonymity="elite") as session:
        answer = session.get(JUDGE)
    print(f"PooledSession {answer.status_code}")


def main() -> None:
    """The same page, by each way."""
    # HTTP_PROXY and its like are obeyed by requests unless session.trust_env is False.
    at, account = read_addresses(__doc__), read_account()
    if find_spec("socks") is None:
        do = "run scripts/up again, or: pip install 'requests[socks]'"
        end(UNAVAILABLE, "PySocks", "a requests that speaks SOCKS", "none of it", do)
    expect(at.pool("/readyz"), "ok", "run scripts/up, or give --host and --proxy-pool-port")
    for protocol, scheme in (("http", "http"), ("socks5", "socks5h")):
        wanted = f"protocol={protocol}&anonymity=elite"
        by_the_pool(at, account, f"/api/v2/proxies/random?{wanted}", scheme)
    by_the_gateway(at, account)
    pooled(at, account)


if __name__ == "__main__":
    main()
