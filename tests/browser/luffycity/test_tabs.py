"""Two tabs of one browser know the same of who is logged in, and do not end each other's login."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from visitor import PASSWORD

from tests.browser.luffycity.browsing import settle
from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Person
from tests.browser.luffycity.visit import Visit, ok

# The API refuses a cookie that another tab has just exchanged (the site then asks once more), and
# it says of a course that somebody does not take it.
REFUSED = ("401 (Unauthorized)", "403 (Forbidden)")


@pytest.fixture
def tabs(open_window: OpenWindow, newcomer: Person) -> tuple[Visit, Visit]:
    """Two, in which nobody is logged in."""
    window = open_window(expected=REFUSED)
    return Visit.at(window, "/login"), Visit.at(window, "/courses")


def test_login_and_logout_are_seen_in_the_other(
    tabs: tuple[Visit, Visit], newcomer: Person
) -> None:
    one, other = tabs
    one.field("account.field.username").fill(newcomer.phone)
    one.field("account.field.password").fill(PASSWORD)
    one.page.keyboard.press("Enter")
    one.expect_signed_in()
    other.expect_signed_in()
    one.go("/my/orders")
    other.sign_out()
    one.expect_guest()
    one.page.wait_for_url("**/login?next=/my/orders")


def test_both_refresh_at_once(open_window: OpenWindow, newcomer: Person) -> None:
    window = open_window(expected=REFUSED, person=newcomer)
    both = [Visit.at(window, "/my/courses"), Visit.at(window, "/my/orders")]
    for _time in range(3):
        for visit in both:
            visit.page.evaluate("() => { setTimeout(() => location.reload(), 50) }")
        for visit in both:
            visit.page.wait_for_timeout(60)
            visit.page.wait_for_load_state()
            settle(visit.page)
            visit.expect_signed_in()
    assert [visit.path for visit in both] == ["/my/courses", "/my/orders"]


def test_the_cart_is_the_same_in_both(open_window: OpenWindow, newcomer: Person) -> None:
    window = open_window(expected=REFUSED, person=newcomer)
    one, other = Visit.at(window, "/courses/1"), Visit.at(window, "/cart")
    expect(other.text("shop.cart.empty")).to_be_visible()
    with one.page.expect_response("**/api/v1/cart/") as added:
        one.button("shop.offer.addToCart").click()
    ok(added.value)
    other.turn_to()
    remove = other.button("shop.cart.remove", begins=True)
    expect(remove).to_be_visible()
    with other.page.expect_response("**/api/v1/cart/1/") as removed:
        remove.click()
    ok(removed.value)
    one.turn_to()
    expect(one.button("shop.offer.addToCart")).to_be_visible()
