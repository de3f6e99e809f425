"""A person from the first visit to the refund: in a wide window, in a narrow one, and with a reload
in the middle of each step."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.luffycity import browsing
from tests.browser.luffycity.browsing import DESKTOP, PHONE
from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Person, catalogue, sections_of
from tests.browser.luffycity.site import Site
from tests.browser.luffycity.staff import Staff
from tests.browser.luffycity.story import NAME, Story
from tests.browser.luffycity.visit import Visit

PERCENT = 10
# A name that is missing, a review that is not there yet, a course that is closed after the refund.
REFUSED = tuple(f"status of {status} " for status in (400, 403, 404, 409))


@pytest.fixture(scope="module")
def staff(browser: Browser, site: Site) -> Iterator[Staff]:
    with browsing.window(browser, site) as window:
        yield Staff.log_in(window)


@pytest.mark.parametrize(
    ("width", "reloads"),
    [(DESKTOP, False), (PHONE, False), (DESKTOP, True)],
    ids=["desktop", "phone", "reloads"],
)
def test_from_registering_to_the_refund(
    open_window: OpenWindow, staff: Staff, newcomer: Person, width: int, reloads: bool
) -> None:
    coupon = f"TEST-{secrets.token_hex(4).upper()}"
    staff.make_coupon(coupon, PERCENT)
    visit = Visit.at(open_window(width=width, expected=REFUSED))
    [course, *_others] = sorted(
        catalogue(newcomer, free="false"), key=lambda course: float(course["price"])
    )
    story = Story(visit, course, sections_of(newcomer, course["id"]), coupon, PERCENT)
    if reloads:
        story.meanwhile = visit.reload
    story.register()
    story.find_the_course()
    story.check_out_with_the_coupon()
    story.pay()
    story.begin_to_learn()
    story.finish()
    certificate = story.get_the_certificate()

    anybody = Visit.at(open_window(width=width), "/certificate")
    anybody.field("learning.certificate.code").fill(certificate.lower())
    anybody.button("learning.certificate.check").click()
    expect(anybody.heading("learning.certificate.genuine")).to_be_visible()
    expect(anybody.page.get_by_text(NAME)).to_be_visible()

    story.ask_a_question()
    story.write_a_review()
    staff.refund(story.order, "A test.")
    story.see_the_money_come_back()
    expect(visit.heading("learning.closed.title")).to_be_visible()
