"""Somebody registers, buys, watches, leaves; the demo world brings codes and takes the money."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from deployment import TIMEOUT_S, Deployment
from visitor import PASSWORD, Visitor

pytestmark = pytest.mark.demo_world

PAID_WITHIN_S = 20
VIDEO = 2
"""As `section_type` says it."""


@pytest.fixture
def visitor(deployment: Deployment) -> Iterator[Visitor]:
    with Visitor(deployment) as visitor:
        yield visitor


def test_somebody_registers_logs_in_and_leaves(visitor: Visitor) -> None:
    visitor.register()
    profile = visitor.ask("GET", "user/profile/")
    assert profile.json()["result"]["mobile"] == visitor.phone, profile.text
    refreshed = visitor.ask("POST", "user/token/refresh/")
    assert refreshed.status_code == 200, refreshed.text
    visitor.leave()
    assert visitor.ask("GET", "user/profile/").status_code == 401


def test_a_wrong_code_registers_nobody(visitor: Visitor) -> None:
    form = {"mobile": visitor.phone, "password": PASSWORD, "code": "000000"}
    refused = visitor.ask("POST", "user/register/", json=form)
    assert (refused.status_code, refused.json()["error"]) == (400, "wrong_code")


@pytest.mark.sample_data
def test_somebody_buys_a_course_and_watches_it(
    visitor: Visitor, deployment: Deployment, http: requests.Session
) -> None:
    courses = visitor.ask("GET", "course/actual/", params={"free": "false"}).json()["results"]
    assert courses, "no course has a price: was the sample data loaded, or are all hidden?"
    course = courses[0]
    visitor.register()
    order = {
        "subject": course["name"],
        "total_amount": course["price"],
        "pay_type": 1,
        "courses": [course["id"]],
    }
    placed = visitor.ask("POST", "order/pay/", json=order)
    assert placed.status_code == 200, placed.text
    number = placed.json()["out_trade_no"]
    paid = visitor.pay(placed.json()["pay_url"])
    assert paid.status_code == 303, paid.text
    back = dict(parse_qsl(urlsplit(paid.headers["Location"]).query))
    assert back["out_trade_no"] == number
    assert Decimal(back["total_amount"]) == Decimal(course["price"])
    # The gateway tells the site at the same time; the way back alone makes nothing paid.
    deadline = time.monotonic() + PAID_WITHIN_S
    while (state := visitor.ask("GET", "order/success/", params=back)).json()["code"] != 100:
        assert state.status_code == 200, state.text
        assert time.monotonic() < deadline, f"not paid within {PAID_WITHIN_S} s: {state.text}"
        time.sleep(0.5)
    chapters = visitor.ask("GET", "course/chapter/", params={"course_id": course["id"]}).json()
    sections = [section for chapter in chapters for section in chapter["coursesections"]]
    films = [one for one in sections if one["section_type"] == VIDEO and not one["free_trail"]]
    assert films, "no section of the course is a video that has to be bought"
    assert {film["section_link"] for film in films} == {None}, "what is sold is not given away"
    section = visitor.ask("GET", f"learning/section/{films[0]['id']}/")
    assert section.status_code == 200, section.text
    address = deployment.site(section.json()["result"]["section_link"])
    part = visitor.fetch(address, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp"), part.headers
    assert http.get(address, timeout=TIMEOUT_S).status_code == 403, "it is the buyer's alone"
    visitor.leave()
