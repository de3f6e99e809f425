"""The shop under load while its database and its Redis are restarted.

No paid order is lost, and what cannot be answered meanwhile is a clean 503.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from visitor import Visitor

from tests.local_deployment import SITE, containers, docker, url, wait_until_healthy
from tests.playbook import PlaybookResult

BUYERS, READERS = 6, 3
QUIET_S = 4
"""Of load, before, between and behind the restarts."""
PAID_WITHIN_S = 150
"""The gateway tells again after 4, 14, 24 and 84 seconds, and the worker asks after a minute."""


@dataclass
class Load:
    """What was asked for, and how it was answered."""

    over: threading.Event = field(default_factory=threading.Event)
    statuses: Counter[int] = field(default_factory=Counter)
    unclean: list[str] = field(default_factory=list)

    def ask(self, send: Callable[[], requests.Response]) -> requests.Response | None:
        """One request; nothing where it was answered by a clean 503."""
        try:
            answer = send()
        except requests.RequestException as error:
            self.unclean.append(repr(error))
            return None
        self.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            return answer
        if answer.status_code != 503 or not is_clean(answer):
            self.unclean.append(f"{answer.url}: {answer.status_code} {answer.text[:300]}")
        time.sleep(0.3)
        return None


def is_clean(answer: requests.Response) -> bool:
    """Whether a 503 is the service's own, or the edge's while the service is out of rotation."""
    if answer.headers["Content-Type"].startswith("application/json"):
        return {"code", "error", "msg", "request_id"} <= set(answer.json())
    return "Traceback" not in answer.text and "X-Request-ID" in answer.headers


@dataclass
class Buyer:
    """A visitor who buys one course after the other."""

    visitor: Visitor
    placed: set[str] = field(default_factory=set)
    paid: set[str] = field(default_factory=set)
    """Orders that the cashier took the money for."""

    def buy(self, load: Load, course: dict[str, Any]) -> None:
        """Place an order and pay it; asked again until it is done, under the same key."""
        order = {
            "subject": course["name"],
            "total_amount": course["price"],
            "pay_type": 1,
            "courses": [course["id"]],
        }
        key = {"Idempotency-Key": uuid.uuid4().hex}
        while not load.over.is_set():
            answer = load.ask(
                lambda: self.visitor.ask("POST", "order/pay/", json=order, headers=key)
            )
            if answer is not None:
                number = answer.json()["out_trade_no"]
                self.placed.add(number)
                assert self.visitor.pay(answer.json()["pay_url"]).status_code == 303
                self.paid.add(number)
                return


def read_on(load: Load, course_id: int) -> None:
    """Ask for what visitors look at."""
    paths = ("course/actual/", f"course/actual/{course_id}/", "course/search/?search=a")
    with requests.Session() as session:
        session.trust_env = False
        while not load.over.is_set():
            for path in paths:
                address = url("site", f"/api/v1/{path}")
                load.ask(lambda address=address: session.get(address, timeout=20))  # type: ignore[misc]


def restart(service: str) -> None:
    """Stop and start a container, as an upgrade of the engine does."""
    docker("restart", "--time", "20", containers()[service]["Id"])


@pytest.fixture
def buyers(deployed: PlaybookResult) -> list[Buyer]:
    wait_until_healthy()
    found = [Buyer(Visitor(SITE)) for _number in range(BUYERS)]
    for buyer in found:
        buyer.visitor.register()
    return found


def test_no_paid_order_is_lost(buyers: list[Buyer]) -> None:
    listed = buyers[0].visitor.ask("GET", "course/actual/", params={"free": "false"}).json()
    courses = listed["results"]
    assert courses
    load = Load()

    def buy_all(buyer: Buyer) -> None:
        for course in courses:
            buyer.buy(load, course)
            time.sleep(1)

    with ThreadPoolExecutor(BUYERS + READERS) as pool:
        work = [pool.submit(buy_all, buyer) for buyer in buyers]
        work += [pool.submit(read_on, load, courses[0]["id"]) for _number in range(READERS)]
        try:
            time.sleep(QUIET_S)
            for service in ("mariadb", "redis"):
                restart(service)
                wait_until_healthy()
                time.sleep(QUIET_S)
        finally:
            load.over.set()
        for one in work:
            one.result()

    assert load.unclean == []
    assert load.statuses[503] > 0, "the restarts were not felt"
    assert load.statuses[200] > 100
    assert all(buyer.paid for buyer in buyers)
    deadline = time.monotonic() + PAID_WITHIN_S
    for buyer in buyers:
        for number in buyer.paid:
            query = {"out_trade_no": number}
            while buyer.visitor.ask("GET", "order/success/", params=query).json()["code"] != 100:
                assert time.monotonic() < deadline, f"{number} was paid and is not known to be"
                time.sleep(1)
        # Asking again under the same key has placed nothing twice.
        known = buyer.visitor.ask("GET", "order/", params={"page_size": 50}).json()["result"]
        assert {order["out_trade_no"] for order in known["results"]} == buyer.placed
        assert known["count"] == len(buyer.placed)
        buyer.visitor.leave()
