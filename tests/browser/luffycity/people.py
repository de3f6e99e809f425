"""People at the site, whom the API made before the browser looks: what they have is known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from visitor import PASSWORD, Visitor

from tests.browser.luffycity.site import Site

PAID_WITHIN_S = 30


class Person(Visitor):
    """Somebody with an account."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.deployment)
        self.site = site

    def result(self, method: str, path: str, **options: Any) -> Any:
        """What the API answers, where it does what it was asked for."""
        answer = self.ask(method, path, **options)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json().get("result")

    def log_in(self) -> requests.cookies.RequestsCookieJar:
        """Log in once more, and give the cookies of that: each is one browser's alone."""
        form = {"username": self.phone, "password": PASSWORD}
        answer = self.ask("POST", "user/login/mul_login/", json=form)
        assert answer.status_code == 200, answer.text
        return answer.cookies

    def order(self, course: dict[str, Any]) -> tuple[str, str]:
        """Place an order of one course: its number, and where it is paid."""
        form = {
            "subject": course["name"],
            "total_amount": course["price"],
            "pay_type": 1,
            "courses": [course["id"]],
        }
        placed = self.ask("POST", "order/pay/", json=form)
        assert placed.status_code == 200, placed.text
        return placed.json()["out_trade_no"], placed.json()["pay_url"]

    def buy(self, course: dict[str, Any]) -> str:
        """Buy one course at the cashier: the order's number, once the site knows of the money."""
        number, pay_url = self.order(course)
        assert self.pay(self.site.reachable(pay_url)).status_code == 303
        query = {"out_trade_no": number}
        deadline = time.monotonic() + PAID_WITHIN_S
        while self.ask("GET", "order/success/", params=query).json()["code"] != 100:
            assert time.monotonic() < deadline, f"{number} was not paid within {PAID_WITHIN_S} s"
            time.sleep(0.5)
        return number

    def finish(self, sections: list[int]) -> None:
        """Mark sections as done."""
        for section in sections:
            form = {"position": 0, "duration": 0, "done": True, "at": int(time.time() * 1000)}
            self.result("PUT", f"learning/section/{section}/progress/", json=form)


@dataclass
class Learner:
    """Somebody who has something on every page, and what that is."""

    person: Person
    names: dict[str, str] = field(default_factory=dict)
    """What stands for `{course}`, `{section}`, `{order}` and the like in addresses."""


def catalogue(person: Person, **filters: Any) -> list[dict[str, Any]]:
    """The courses on offer."""
    answer = person.ask("GET", "course/actual/", params={"page_size": 50, **filters})
    courses: list[dict[str, Any]] = answer.json()["results"]
    return courses


def sections_of(person: Person, course: int) -> list[dict[str, Any]]:
    """A course's sections in their order."""
    chapters = person.ask("GET", "course/chapter/", params={"course_id": course}).json()
    return [section for chapter in chapters for section in chapter["coursesections"]]


@contextmanager
def newcomer(site: Site) -> Iterator[Person]:
    """Somebody who has just registered; gone in the end."""
    with Person(site) as person:
        person.register()
        yield person
        person.leave()


@contextmanager
def learner(site: Site) -> Iterator[Learner]:
    """Somebody who finished one course, has a certificate of it, and is at work in the shop."""
    with newcomer(site) as person:
        person.result("PATCH", "user/profile/", json={"name": "示例学员 Sample Learner"})
        finished, waiting, wanted, *_rest = sorted(
            catalogue(person, free="false"), key=lambda course: float(course["price"])
        )
        order = person.buy(finished)
        sections = sections_of(person, finished["id"])
        person.finish([section["id"] for section in sections])
        certificate = person.result(
            "POST", "learning/certificate/", json={"course": finished["id"]}
        )
        review = {"rating": 5, "text": "示例评价。A sample review."}
        person.result("PUT", f"learning/course/{finished['id']}/review/", json=review)
        first = sections[0]["id"]
        question = {"text": "示例问题？A sample question?"}
        asked = person.result("POST", f"learning/section/{first}/questions/", json=question)
        unpaid, _pay_url = person.order(waiting)
        person.result("POST", "cart/", json={"course": wanted["id"]})
        yield Learner(
            person,
            {
                "course": str(finished["id"]),
                "section": str(first),
                "order": order,
                "unpaid": unpaid,
                "wanted": str(wanted["id"]),
                "certificate": certificate["code"],
            },
        )
        person.result("DELETE", f"learning/question/{asked['id']}/")
        person.result("DELETE", f"learning/course/{finished['id']}/review/")
