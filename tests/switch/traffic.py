"""Steady traffic of all kinds at a deployment: who was failed, and how long the longest wait was.

Visitors read and follow short links, buyers order, the proxy pool is asked, its gateway carries
requests and tunnels, and somebody downloads slowly from the demo world. Each is a thread with
connections of its own; every one ends by itself.
"""

from __future__ import annotations

import http.client
import json
import math
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from deployment import Deployment
from farm import JUDGE, JUDGE_PORT, JUDGE_TLS_PORT, judge_context
from visitor import Visitor

READERS, BUYERS, POOL_CALLERS, GATEWAY_CALLERS, TUNNELS = 3, 4, 3, 2, 3
TIMEOUT_S = 20
LONGEST_S = 900
"""No traffic lasts longer, whatever becomes of the test."""
RENEW_EVERY_S = 300
TUNNEL_ASKS, TUNNEL_EVERY_S = 30, 1
"""So long a tunnel is kept: shorter than an edge that was configured anew lets go on what it had,
and with as many as there are one is always in its middle."""
TUNNEL_UPSTREAMS = "protocol-connect-https"
FIRST_CRAWL_S = 90
LINK_MADE_WITHIN_S = 60
ORDER_EVERY_S = 5
"""Who places many and pays none is refused by the shop."""


@dataclass
class Kind:
    """What became of one kind of traffic."""

    answered: int = 0
    answered_at: float = 0.0
    longest_gap_s: float = 0.0
    """The longest in which none of those who ask was answered."""
    longest_gap_at: str = ""
    """When it ended, and what was answered then."""
    slowest_s: float = 0.0
    """The longest that one of them waited for an answer."""
    failures: list[str] = field(default_factory=list)


@dataclass
class Buyer:
    """A visitor who orders one course after the other."""

    visitor: Visitor
    placed: list[str] = field(default_factory=list)
    renew_at: float = field(default_factory=lambda: time.monotonic() + RENEW_EVERY_S)


class Traffic:
    """All of it, for as long as the `with` lasts.

    Who reads or asks the pool does so every `every_s`, one after the other within that time; who
    was answered too late for that asks again at once.
    """

    def __init__(self, site: Deployment, readers: int = READERS, every_s: float = 0.08) -> None:
        self.site, self._every_s = site, every_s
        self.kinds: dict[str, Kind] = {}
        self.downloads: Counter[str] = Counter()
        self._readers = readers
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.buyers = [Buyer(Visitor(site)) for _number in range(BUYERS)]
        self._courses: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        for buyer in self.buyers:
            buyer.visitor.register()
        listed = self.buyers[0].visitor.ask("GET", "course/actual/", params={"free": "false"})
        self._courses = listed.json()["results"]
        assert self._courses
        often = self._every_s
        readers = [self._reader(first) for first in range(self._readers)]
        self._threads = [
            *self._callers("read", readers, often),
            *self._callers("order", [self._buyer(each) for each in self.buyers], ORDER_EVERY_S),
            *self._callers("pool", [self._pool_caller() for _number in range(POOL_CALLERS)], often),
            *self._callers("gateway", [self._gateway_caller] * GATEWAY_CALLERS, 2 * often),
            *self._callers("tunnel", self._tunnels(), TUNNEL_EVERY_S),
            *self._callers("link", [self._link_follower()], 2 * often),
        ]
        self._threads.append(threading.Thread(target=self._download))
        self._ends = time.monotonic() + LONGEST_S
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def answered(self) -> int:
        """How many requests were answered as they should be."""
        return sum(kind.answered for kind in self.kinds.values())

    @property
    def failures(self) -> list[str]:
        """What was not, with the time and why."""
        return [f"{name} {each}" for name, kind in self.kinds.items() for each in kind.failures]

    @property
    def longest_gap_s(self) -> float:
        """The longest in which nobody who reads was answered."""
        return self.kinds["read"].longest_gap_s

    @property
    def longest_gap_at(self) -> str:
        """When that was, and what was answered in the end."""
        return self.kinds["read"].longest_gap_at

    @property
    def slowest_s(self) -> float:
        """The longest that one of those who read waited for an answer."""
        return self.kinds["read"].slowest_s

    def wait_for(self, requests: int) -> None:
        """Go on until so many requests were answered; not longer than all traffic lasts."""
        while self.answered < requests and time.monotonic() < self._ends:
            time.sleep(0.1)

    def lost_orders(self) -> list[str]:
        """Orders that were confirmed and are not there, and those that are there unasked."""
        wrong = []
        for buyer in self.buyers:
            query = {"page_size": 50}
            known: list[str] = []
            page = 1
            while True:
                found = buyer.visitor.ask("GET", "order/", params={**query, "page": page}).json()
                known += [order["out_trade_no"] for order in found["result"]["results"]]
                if len(known) >= found["result"]["count"]:
                    break
                page += 1
            wrong += sorted(set(buyer.placed) ^ set(known))
            wrong += [number for number, count in Counter(known).items() if count > 1]
        return wrong

    def leave(self) -> None:
        """The buyers delete their accounts."""
        for buyer in self.buyers:
            buyer.visitor.leave()

    def _callers(
        self, name: str, turns: Sequence[Callable[[], str]], every_s: float
    ) -> list[threading.Thread]:
        """A thread for each, evenly spread: all at once would wait for each other, then rest."""
        return [
            threading.Thread(target=self._go_on, args=(name, turn, every_s, number / len(turns)))
            for number, turn in enumerate(turns)
        ]

    def _go_on(self, name: str, turn: Callable[[], str], every_s: float, phase: float) -> None:
        with self._lock:
            kind = self.kinds.setdefault(name, Kind())
        due = began = time.monotonic() + phase * every_s
        time.sleep(phase * every_s)
        while not self._over.is_set() and time.monotonic() < self._ends:
            asked_at = time.monotonic()
            try:
                asked = turn()
            except (OSError, http.client.HTTPException, AssertionError, KeyError) as error:
                with self._lock:
                    kind.failures.append(f"{time.strftime('%T')} {type(error).__name__}: {error}")
                time.sleep(0.2)
                continue
            now = time.monotonic()
            with self._lock:
                kind.answered += 1
                kind.slowest_s = max(kind.slowest_s, now - asked_at)
                gap_s = now - max(kind.answered_at, began)
                if gap_s > kind.longest_gap_s:
                    kind.longest_gap_s = gap_s
                    kind.longest_gap_at = f"{time.strftime('%T')} {asked}"
                kind.answered_at = now
            due += every_s
            if due < now:
                # As late as that, and in its own place among the others all the same.
                due += every_s * math.floor((now - due) / every_s)
            time.sleep(max(0.0, due - now))

    def _reader(self, first: int) -> Callable[[], str]:
        """Who asks for one page after the other; each begins with another one."""
        course = self._courses[0]["id"]
        paths = [
            (self.site.site_port, "/", 'id="app"'),
            (self.site.api_port, "/api/v1/course/actual/", '"results"'),
            (self.site.site_port, f"/api/v1/course/actual/{course}/", '"name"'),
            (self.site.api_port, "/api/v1/home/banner/", "["),
        ]
        connections = {port: self._connection(port) for port, _path, _has in paths}
        turns = count(first)

        def turn() -> str:
            port, path, has = paths[next(turns) % len(paths)]
            status, text = exchange(connections[port], path)
            assert status == 200, f"{path}: {status} {text[:200]}"
            assert has in text, f"{path}: 200 without {has}: {text[:200]}"
            return f":{port}{path}"

        return turn

    def _pool_caller(self) -> Callable[[], str]:
        connection = self._connection(self.site.proxy_pool_port)

        def turn() -> str:
            status, text = exchange(connection, "/count/")
            assert status == 200, f"/count/: {status} {text[:200]}"
            assert "count" in json.loads(text)
            return "/count/"

        return turn

    def _gateway_caller(self) -> str:
        judge = f"{JUDGE}:{JUDGE_PORT}"
        connection = self._connection(self.site.gateway_port)
        try:
            connection.request("GET", f"http://{judge}/check/", headers={"Host": judge})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == 200, f"gateway: {answer.status} {text[:200]}"
        return judge

    def _tunnels(self) -> list[Callable[[], str]]:
        """As many as there are, each begun as far in its time as it is from the first."""
        self._wait_for_upstreams()
        context = judge_context(self.site)
        return [self._tunnel(context, TUNNEL_ASKS * number // TUNNELS) for number in range(TUNNELS)]

    def _tunnel(self, context: ssl.SSLContext, asked: int) -> Callable[[], str]:
        """Who asks the judge over TLS in one tunnel (CONNECT), and then in another one.

        The judge may end it with an answer, as an edge does that is configured anew; nobody else.
        """
        account = b64encode(f"{TUNNEL_UPSTREAMS}:none".encode()).decode()
        turns = count(asked)
        tunnel: http.client.HTTPSConnection | None = None

        def turn() -> str:
            nonlocal tunnel
            if tunnel is None:
                tunnel = http.client.HTTPSConnection(
                    self.site.host, self.site.gateway_port, timeout=TIMEOUT_S, context=context
                )
                headers = {"Proxy-Authorization": f"Basic {account}"}
                tunnel.set_tunnel(JUDGE, JUDGE_TLS_PORT, headers)
            try:
                answer, text = asked_for(tunnel, "/check/")
                # From here on one that is cut is not opened again unnoticed.
                tunnel.auto_open = 0
                assert answer.status == 200, f"tunnel: {answer.status} {text[:200]}"
            except (OSError, http.client.HTTPException, AssertionError):
                tunnel.close()
                tunnel = None
                raise
            if answer.will_close or (next(turns) + 1) % TUNNEL_ASKS == 0:
                tunnel.close()
                tunnel = None
            return f"{JUDGE}:{JUDGE_TLS_PORT}"

        return turn

    def _wait_for_upstreams(self) -> None:
        """A pool that was just begun has to find who carries tunnels."""
        connection = self._connection(self.site.proxy_pool_port)
        query = "/api/v2/proxies?protocol=connect&https=true&limit=1"
        deadline = time.monotonic() + FIRST_CRAWL_S
        while True:
            status, text = exchange(connection, query)
            assert status == 200, f"{query}: {status} {text[:200]}"
            if json.loads(text)["total"]:
                connection.close()
                return
            assert time.monotonic() < deadline, f"nobody carries tunnels after {FIRST_CRAWL_S} s"
            time.sleep(0.5)

    def _link_follower(self) -> Callable[[], str]:
        """Who asks for a course's short link, and does not go where it leads."""
        page = f"/courses/{self._courses[0]['id']}"
        link = urlsplit(self._short_url(self._courses[0]["id"]))
        connection = self._connection(self.site.shortlink_port)

        def turn() -> str:
            answer, text = asked_for(connection, link.path, {"Host": link.netloc})
            assert answer.status == 302, f"{link.path}: {answer.status} {text[:200]}"
            assert str(answer.headers["Location"]).endswith(page), answer.headers["Location"]
            return f":{self.site.shortlink_port}{link.path}"

        return turn

    def _short_url(self, course: int) -> str:
        """The short link to its page; the site has it made soon after it begins."""
        deadline = time.monotonic() + LINK_MADE_WITHIN_S
        while True:
            answer = self.buyers[0].visitor.ask("GET", f"course/actual/{course}/")
            if short_url := answer.json()["short_url"]:
                return str(short_url)
            assert time.monotonic() < deadline, f"no short link within {LINK_MADE_WITHIN_S} s"
            time.sleep(0.5)

    def _buyer(self, buyer: Buyer) -> Callable[[], str]:
        turns = count()

        def turn() -> str:
            number = next(turns)
            course = self._courses[number % len(self._courses)]
            order = {
                "subject": course["name"],
                "total_amount": course["price"],
                "pay_type": 1,
                "courses": [course["id"]],
            }
            if time.monotonic() > buyer.renew_at:
                buyer.visitor.renew()
                buyer.renew_at = time.monotonic() + RENEW_EVERY_S
            key = {"Idempotency-Key": f"{buyer.visitor.phone}-{number}"}
            answer = buyer.visitor.ask("POST", "order/pay/", json=order, headers=key)
            assert answer.status_code == 200, f"order: {answer.status_code} {answer.text[:200]}"
            buyer.placed.append(answer.json()["out_trade_no"])
            return "order/pay/"

        return turn

    def _download(self) -> None:
        """A line a second for a minute, again and again."""
        with self._lock:
            kind = self.kinds.setdefault("download", Kind())
        while not self._over.is_set() and time.monotonic() < self._ends:
            connection = http.client.HTTPConnection(
                self.site.host, self.site.demo_port, timeout=TIMEOUT_S
            )
            try:
                status, text = exchange(connection, "/lists/faults/slow", closed=True)
                assert status == 200, f"download: {status} {text[:200]}"
                assert len(text.splitlines()) == 60, f"download: cut after {len(text)} bytes"
            except (OSError, http.client.HTTPException, AssertionError) as error:
                with self._lock:
                    kind.failures.append(f"{time.strftime('%T')} {type(error).__name__}: {error}")
                time.sleep(0.2)
            else:
                kind.answered += 1
            finally:
                connection.close()

    def _connection(self, port: int) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.site.host, port, timeout=TIMEOUT_S)


def exchange(
    connection: http.client.HTTPConnection, path: str, closed: bool = False
) -> tuple[int, str]:
    """One GET on a connection that is kept; status and body."""
    answer, text = asked_for(connection, path, {"Connection": "close"} if closed else {})
    return answer.status, text


def asked_for(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, str]:
    """The same; the answer that was read, and its body."""
    try:
        connection.request("GET", path, headers=headers or {})
        if connection.sock:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    except (OSError, http.client.HTTPException):
        connection.close()
        raise
