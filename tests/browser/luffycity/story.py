"""What a person does at the site, from the first visit to the refund, step by step."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Response, expect

from tests.browser.luffycity.browsing import settle
from tests.browser.luffycity.visit import Visit, named, ok

LEFT_AT_S = 4
ALMOST_AT_THE_END = """(video) => {
  video.currentTime = video.duration - 0.5
  return video.play()
}"""
WITHOUT_PLAYING = "() => addEventListener('play', (event) => event.target.pause(), true)"
NAME = "示例学员 Sample Learner"
REVIEW = "示例评价。A sample review."


def says_done(lesson: int) -> Callable[[Response], bool]:
    """Whether an answer is that to the report that a lesson is done."""

    def told(answer: Response) -> bool:
        if not answer.url.endswith(f"/section/{lesson}/progress/"):
            return False
        return bool((answer.request.post_data_json or {}).get("done"))

    return told


def nothing() -> None:
    """What happens in the middle of a step, if nothing else is said."""


@dataclass
class Story:
    """A person, the course that they want, and how far they are."""

    visit: Visit
    course: dict[str, Any]
    lessons: list[dict[str, Any]]
    coupon: str
    percent: int
    """What the coupon takes off."""
    meanwhile: Callable[[], None] = nothing
    """Happens in the middle of each step."""
    phone: str = field(default_factory=lambda: f"139{secrets.randbelow(10**8):08}")
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    question: str = field(default_factory=lambda: f"示例问题？A sample, {secrets.token_hex(4)}?")
    order: str = ""

    @property
    def price(self) -> Decimal:
        """What it costs with the coupon."""
        cents = Decimal("0.01")
        return (Decimal(self.course["price"]) * (100 - self.percent) / 100).quantize(cents)

    def register(self) -> None:
        """By a code that the demo world's inbox shows."""
        visit = self.visit
        visit.page.get_by_role("banner").get_by_role("link", name=named("nav.login")).click()
        visit.link("account.login.toRegister").click()
        visit.type(account__phone=self.phone)
        code = visit.receive_code(self.phone)
        self.meanwhile()
        expect(visit.field("account.field.phone")).to_have_value(self.phone)
        visit.type(account__code=code, account__password=self.password)
        visit.button("account.register.submit").click()
        visit.expect_signed_in()

    def find_the_course(self) -> None:
        """By the search."""
        visit = self.visit
        field_ = visit.page.get_by_role("combobox", name=named("nav.search"))
        if not field_.is_visible():
            visit.link("nav.search").click()
            field_ = visit.page.get_by_role("main").get_by_role("combobox")
        field_.fill("Python")
        field_.press("Enter")
        visit.page.wait_for_url("**/search?search=Python")
        self.meanwhile()
        link = visit.page.get_by_role("main").get_by_role("link", name=self.course["name"])
        link.first.click()
        visit.page.wait_for_url(f"**/courses/{self.course['id']}")
        expect(visit.page.get_by_role("heading", level=1)).to_have_text(self.course["name"])
        self.meanwhile()

    def check_out_with_the_coupon(self) -> None:
        """The price falls by what the coupon says."""
        visit = self.visit
        visit.link("shop.offer.buy").click()
        visit.field("shop.coupon.label").fill(self.coupon.lower())
        visit.button("shop.coupon.apply").click()
        applied = visit.text("shop.coupon.applied", code=self.coupon, begins=True)
        expect(applied).to_be_visible()
        self.meanwhile()
        expect(applied).to_be_visible()
        expect(visit.button("shop.checkout.pay")).to_contain_text(str(self.price))

    def pay(self) -> None:
        """At the demo world's cashier, which sends the browser back."""
        visit = self.visit
        visit.button("shop.checkout.pay").click()
        visit.page.wait_for_url(f"{visit.window.site.demo_url}/alipay/cashier/**")
        if self.meanwhile is not nothing:
            visit.page.reload()
        visit.page.get_by_role("button", name=re.compile(rf"^Pay ¥{self.price}$")).click()
        visit.page.wait_for_url("**/pay/success?**")
        [self.order] = parse_qs(urlsplit(visit.page.url).query)["out_trade_no"]
        self.meanwhile()
        expect(visit.heading("shop.result.paid.title")).to_be_visible()

    def begin_to_learn(self) -> None:
        """The video plays, and goes on where it was left."""
        visit = self.visit
        visit.link("shop.result.learn", begins=True).click()
        visit.page.wait_for_url(f"**/learn/{self.course['id']}/*")
        settle(visit.page)
        video = visit.page.locator("video")
        expect(video).to_have_js_property("paused", True)
        video.evaluate("(video) => video.play()")
        visit.page.wait_for_function("() => document.querySelector('video').currentTime > 0.3")
        with visit.page.expect_response("**/progress/") as saved:
            video.evaluate(f"(video) => {{ video.currentTime = {LEFT_AT_S}; video.pause() }}")
        ok(saved.value)
        visit.reload()
        expect(visit.text("learning.video.resumed", begins=True)).to_be_visible()
        at_s = video.evaluate("(video) => video.currentTime")
        assert LEFT_AT_S - 1 <= at_s <= LEFT_AT_S + 1, "the video does not go on where it was left"

    def finish(self) -> None:
        """The first lesson by seeing it to its end, all others by saying so."""
        visit = self.visit
        visit.page.locator("video").evaluate(ALMOST_AT_THE_END)
        # The next one begins by itself, and would lead on while it is looked at here.
        visit.button("learning.upNext.now").click()
        visit.page.evaluate(WITHOUT_PLAYING)
        self.expect_done(1)
        self.meanwhile()
        for number, lesson in enumerate(self.lessons[1:], start=2):
            title = visit.page.get_by_role("heading", level=1, name=lesson["name"], exact=True)
            expect(title).to_be_visible()
            with visit.page.expect_response(says_done(lesson["id"])) as saved:
                visit.button("learning.player.markDone").click()
            ok(saved.value)
            self.expect_done(number)
            if lesson is not self.lessons[-1]:
                visit.link("learning.player.next", begins=True).click()
        expect(visit.text("learning.player.last")).to_be_visible()

    def expect_done(self, number: int) -> None:
        """So many lessons are done, as the page says."""
        progress = self.visit.text("learning.player.progress", done=number, count=len(self.lessons))
        expect(progress).to_be_visible()

    def get_the_certificate(self) -> str:
        """It wants a name first; its code."""
        visit = self.visit
        visit.button("learning.certificate.get").click()
        visit.page.get_by_role("dialog").get_by_role(
            "link", name=named("learning.certificate.toProfile")
        ).click()
        settle(visit.page)
        visit.type(account__name=NAME)
        visit.button("account.person.submit").click()
        expect(visit.text("account.person.saved")).to_be_visible()
        self.meanwhile()
        visit.go("/my/courses")
        visit.button("learning.certificate.get").click()
        visit.page.wait_for_url(re.compile(r"/certificate/\w{20}$"))
        return visit.page.url.rpartition("/")[2]

    def ask_a_question(self) -> None:
        """Under a lesson; the page of the course shows it too, with the way to that lesson."""
        visit = self.visit
        lesson = f"/learn/{self.course['id']}/{self.lessons[0]['id']}"
        asked = visit.page.get_by_role("article").filter(has_text=self.question)
        visit.go(lesson)
        visit.button("learning.questions.ask").click()
        visit.field("learning.questions.text").fill(self.question)
        visit.button("learning.questions.send").click()
        expect(asked).to_be_visible()
        visit.go(f"/courses/{self.course['id']}")
        visit.tab("learning.tabs.questions").click()
        expect(asked.get_by_role("link")).to_have_attribute("href", lesson)
        self.meanwhile()
        expect(asked).to_be_visible()

    def write_a_review(self) -> None:
        """Everybody who looks at the course sees it."""
        visit = self.visit
        visit.go(f"/courses/{self.course['id']}")
        visit.tab("learning.tabs.reviews", begins=True).click()
        visit.button("learning.reviews.write").click()
        visit.page.get_by_role("radio").nth(3).check(force=True)
        visit.field("learning.reviews.text").fill(REVIEW)
        visit.button("learning.reviews.send").click()
        expect(visit.heading("learning.reviews.own")).to_be_visible()
        self.meanwhile()
        visit.tab("learning.tabs.reviews", begins=True).click()
        expect(visit.page.get_by_text(REVIEW).first).to_be_visible()

    def see_the_money_come_back(self) -> None:
        """After staff gave it back, the order says so and the course is closed."""
        visit = self.visit
        visit.go(f"/my/orders/{self.order}")
        expect(visit.text("shop.state.refunded")).to_be_visible()
        self.meanwhile()
        visit.go("/my/courses")
        expect(visit.text("learning.courses.empty")).to_be_visible()
        # One that is not free to try.
        visit.go(f"/learn/{self.course['id']}/{self.lessons[-1]['id']}")
