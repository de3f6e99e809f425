"""Sessions and connection pools: which requests share a connection, and what takes one away.

会话与连接池：哪些请求共用一条连接，什么情况会占住连接。
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests
from addresses import Addresses, lab_addresses
from requests.adapters import HTTPAdapter

TIMEOUT_S = (1, 5)
THREADS, ROOM = 6, 2


def connections(get: Callable[..., requests.Response], url: str, times: int = 3) -> int:
    """How many connections so many requests took: the lab says by which one each came."""
    return len({get(url, timeout=TIMEOUT_S).json()["connection"] for _ in range(times)})


def crowd(session: requests.Session, url: str) -> tuple[int, int]:
    """Two rounds of requests, all at the same time: connections in all, and those of the first
    round that the second one found again."""
    start = threading.Barrier(THREADS)

    def ask(_: int) -> int:
        start.wait()
        return int(session.get(url, timeout=TIMEOUT_S).json()["connection"])

    with ThreadPoolExecutor(THREADS) as threads:
        first, second = (set(threads.map(ask, range(THREADS))) for _ in range(2))
    return len(first | second), len(first & second)


def pools(at: Addresses) -> None:
    """More threads than the pool has room for."""
    url = at.lab("/silence/late?ms=100")
    # Each time it warns: "Connection pool is full, discarding connection".
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for waits in (False, True):
        with requests.Session() as session:
            # pool_connections is how many hosts are remembered, pool_maxsize how many connections
            # to each. With pool_block=False more are opened, and thrown away after use.
            adapter = HTTPAdapter(pool_connections=10, pool_maxsize=ROOM, pool_block=waits)
            session.mount("http://", adapter)
            opened, kept = crowd(session, url)
        print(
            f"2 x {THREADS} threads, pool_maxsize={ROOM}, pool_block={waits!s:<6} "
            f"{opened:>2} connections, {kept} used again"
        )


def unread(at: Addresses) -> None:
    """An answer that is not read to its end keeps its connection."""
    url = at.lab("/seen/connection")
    with requests.Session() as session:
        first = session.get(url, stream=True, timeout=TIMEOUT_S)
        second = session.get(url, stream=True, timeout=TIMEOUT_S)
        print("2 answers of stream=True, none read:", len({first.json()["connection"],
              second.json()["connection"]}), "connections")  # fmt: skip
        same = []
        for _ in range(2):
            # `with` gives it back in any case: unread to the system, read to the pool.
            with session.get(url, stream=True, timeout=TIMEOUT_S) as answer:
                same.append(answer.json()["connection"])
        print("2 answers of stream=True, each read in a with:", len(set(same)), "connection")


def main() -> None:
    """Count connections, and look at what else a session carries."""
    at = lab_addresses(__doc__)
    url = at.lab("/seen/connection")
    print("3 x requests.get:", connections(requests.get, url), "connections")
    with requests.Session() as session:
        print("3 x session.get:", connections(session.get, url), "connection")
    pools(at)
    unread(at)
    with requests.Session() as session:
        # Sent with every request of the session, to every host: put no secret there.
        session.headers["User-Agent"] = "lab/1.0"
        session.get(at.lab("/seen/cookie?value=abc"), timeout=TIMEOUT_S)
        seen = session.get(at.lab("/seen/headers"), timeout=TIMEOUT_S).json()
        print(f"a session sends: User-Agent {seen['user-agent']}, Cookie {seen['cookie']}")


if __name__ == "__main__":
    main()
