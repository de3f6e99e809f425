"""The API slow, failing and gone: the page says so, and goes on when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Route, expect

from tests.browser.luffycity import stack
from tests.browser.luffycity.browsing import Window, settle
from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Learner, Person
from tests.browser.luffycity.visit import Visit
from tests.local_deployment import containers, docker, health

API = "**/api/v1/**"
FAILED = ("500 (Internal Server Error)", "503 (Service Unavailable)", "net::ERR_")
TOO_LONG = "01:00"
"""Minutes and seconds: longer than the site waits."""
PAGES = {
    "home": ("/", "**/course/actual/**"),
    "courses": ("/courses", "**/course/actual/**"),
    "search": ("/search?search=Python", "**/course/search/**"),
    "course": ("/courses/{course}", "**/course/actual/*/"),
    "lesson": ("/learn/{course}/{section}", "**/learning/section/*/"),
    "certificate": ("/certificate/{certificate}", "**/learning/certificate/**"),
    "cart": ("/cart", "**/cart/"),
    "checkout": ("/checkout?courses={wanted}", "**/order/quote/"),
    "my-courses": ("/my/courses", "**/learning/courses/**"),
    "my-orders": ("/my/orders", "**/order/?**"),
    "order": ("/my/orders/{order}", "**/order/{order}/"),
    "profile": ("/my/profile", "**/user/profile/"),
}
"""Of each page: its address, and what it asks the API for."""
FORGET = """new MutationObserver(() => document.getElementById('first-answers')?.remove())
  .observe(document, { childList: true, subtree: true })"""
BROKEN = {"code": 500, "error": "internal", "msg": "A test.", "request_id": "a-test"}


@dataclass
class Outage:
    """The API while it does not answer, and then while it answers that it has a mistake."""

    held: list[Route] = field(default_factory=list)
    failing: bool = False

    def answer(self, route: Route) -> None:
        """Answer a request, or hold it back."""
        if self.failing:
            route.fulfill(status=500, json=BROKEN)
        else:
            self.held.append(route)

    def fail(self) -> None:
        """From now on, and what was held back too."""
        self.failing = True
        for route in self.held:
            self.answer(route)


def ask_for_everything(window: Window) -> None:
    """Have pages come without the answers to their first questions, as when these are late."""
    window.context.add_init_script(FORGET)


@pytest.mark.parametrize("name", PAGES)
def test_slow_answers_are_waited_for_and_failed_ones_tried_again(
    open_window: OpenWindow, learner: Learner, name: str
) -> None:
    path, asked = (text.format(**learner.names) for text in PAGES[name])
    window = open_window(person=learner.person, expected=FAILED)
    ask_for_everything(window)
    api = Outage()
    window.context.route(asked, api.answer)
    visit = Visit(window, window.context.new_page())
    visit.page.goto(window.site.url + path)
    expect(visit.page.locator("main [aria-busy=true], main .skeleton").first).to_be_attached()
    api.fail()
    settle(visit.page)
    alert = visit.page.get_by_role("alert").filter(has=visit.button("error.retry"))
    expect(alert.first).to_be_visible()
    window.context.unroute(asked)
    for _panel in range(alert.count()):  # a page may have more than one part
        if alert.first.is_visible():
            alert.first.get_by_role("button").click()
            settle(visit.page)
    expect(alert).to_have_count(0)


def test_what_is_too_slow_is_given_up(open_window: OpenWindow) -> None:
    window = open_window()
    window.context.clock.install()
    ask_for_everything(window)
    window.context.route("**/course/actual/**", lambda _route: None)
    page = window.context.new_page()
    page.goto(f"{window.site.url}/courses")
    expect(page.locator("main [aria-busy=true]").first).to_be_attached()
    window.context.clock.fast_forward(TOO_LONG)
    visit = Visit(window, page)
    expect(visit.text("error.timeout")).to_be_visible()
    window.context.unroute("**/course/actual/**")
    visit.button("error.retry").first.click()
    settle(page)
    expect(visit.button("error.retry")).to_have_count(0)


@contextmanager
def api_gone() -> Iterator[None]:
    """The API's container is stopped, and back in the end."""
    api = stack.container("luffy_api")
    docker("stop", "--time", "5", api)
    try:
        yield
    finally:
        docker("start", api)
        deadline = time.monotonic() + 120
        while health(containers(stack.NAME)["luffy_api"]) != "healthy":
            assert time.monotonic() < deadline, "the API is not back"
            time.sleep(0.5)


def test_without_the_api_nobody_is_logged_out(open_window: OpenWindow, newcomer: Person) -> None:
    window = open_window(person=newcomer, expected=FAILED)
    guest = Visit.at(open_window(expected=FAILED), "/courses")
    member = Visit.at(window, "/my/orders")
    retry = [visit.button("error.retry").first for visit in (guest, member)]
    with api_gone():
        guest.page.reload()
        member.page.reload()
        for button in retry:
            expect(button).to_be_visible()
        assert member.path == "/my/orders", "who cannot be asked for is not sent away"
    for visit, button in zip((guest, member), retry, strict=True):
        button.click()
        settle(visit.page)
        expect(button).to_be_hidden()
    member.expect_signed_in()
    assert member.path == "/my/orders"


def test_a_device_without_network_is_told_so(open_window: OpenWindow) -> None:
    window = open_window(expected=FAILED)
    visit = Visit.at(window, "/courses")
    window.context.set_offline(True)
    expect(visit.text("network.offline")).to_be_visible()
    window.context.set_offline(False)
    expect(visit.text("network.offline")).to_be_hidden()
