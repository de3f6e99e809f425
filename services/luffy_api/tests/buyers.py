"""Buyers of the tests: what they do in the shop."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User
from course.models import Course
from shop.models import Coupon, Order
from tests.people import Person


@dataclass
class Buyer:
    """Somebody who is logged in."""

    user: User
    token: str
    address: str = "203.0.113.5"

    @classmethod
    def of(cls, person: Person, address: str = "203.0.113.5") -> "Buyer":
        return cls(person.user, str(AccessToken.for_user(person.user)), address)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        client = Client(headers={"Accept-Language": "en", "X-Forwarded-For": self.address})
        options: dict[str, Any] = {}
        if body is not None:
            options = {"data": json.dumps(body), "content_type": "application/json"}
        if self.token:
            headers = {"Authorization": f"jwt {self.token}"} | headers
        return client.generic(method, f"/api/v1/{path}", headers=headers, **options)

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, **body: Any) -> Any:
        return self.ask("POST", path, body)

    def order(self, *courses: Course, total: str = "", key: str = "", **fields: Any) -> Any:
        """Place an order of courses, having seen today's sum or `total`."""
        seen = total or str(sum((Decimal(course.price) for course in courses), Decimal(0)))
        body = {"subject": "", "total_amount": seen, "pay_type": 1}
        headers = {"Idempotency-Key": key} if key else {}
        ids = [course.pk for course in courses]
        return self.ask("POST", "order/pay/", body | {"courses": ids} | fields, **headers)

    def pay_url(self, *courses: Course, **fields: Any) -> str:
        """The same, and where it is paid."""
        answer = self.order(*courses, **fields)
        assert answer.status_code == 200, answer.content
        return str(answer.json()["pay_url"])


def notify(form: dict[str, str]) -> str:
    """Post a notification as the gateway does, and return the bare answer."""
    answer = Client().post(
        "/api/v1/order/success/",
        urlencode(form),
        content_type="application/x-www-form-urlencoded; charset=utf-8",
    )
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.content.decode()


def coupon(code: str = "AUTUMN", **fields: Any) -> Coupon:
    """A coupon of ten percent, if nothing else is said."""
    usual = {"name": "Autumn", "kind": Coupon.Kind.PERCENT, "value": Decimal(10)}
    return Coupon.objects.create(code=code, **(usual | fields))


def state(number: str) -> str:
    return Order.Status(Order.objects.get(out_trade_no=number).order_status).name


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned, or raised, all begun at the same moment in threads of their own."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait(20)
            outcomes[number] = call()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcomes[number] = error
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def people(count: int) -> Iterable[Person]:
    """So many people, each with an account."""
    return [Person.make(f"139{number:08}") for number in range(count)]
