"""Somebody at the site: what they see, press and type, by the names that they read, in English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, Response, expect

from tests.browser.luffycity.browsing import Window, settle
from tests.browser.luffycity.words import pattern


def named(key: str, *, begins: bool = False, **values: Any) -> re.Pattern[str]:
    """The name of a control. `begins`: more may stand behind it."""
    found = pattern(key, **values)
    return re.compile(found.pattern.removesuffix("$")) if begins else found


@dataclass
class Visit:
    """A page, and how a person gets on in it."""

    window: Window
    page: Page

    @classmethod
    def at(cls, window: Window, path: str = "/") -> Visit:
        """Begin at an address."""
        return cls(window, window.open(path))

    def go(self, path: str) -> None:
        """Type an address."""
        self.window.go(self.page, path)

    def reload(self) -> None:
        """Load the page anew."""
        self.page.reload()
        settle(self.page)

    def turn_to(self) -> None:
        """Make this the tab that is looked at. Playwright lets every tab think that it is."""
        self.page.bring_to_front()
        self.page.evaluate("() => dispatchEvent(new Event('focus'))")

    @property
    def path(self) -> str:
        """The address, without the site."""
        return self.page.url.removeprefix(self.window.site.url)

    def button(self, key: str, **values: Any) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=named(key, **values))

    def link(self, key: str, **values: Any) -> Locator:
        """A link by its name, the first where there are several."""
        return self.page.get_by_role("link", name=named(key, **values)).first

    def heading(self, key: str, **values: Any) -> Locator:
        """A heading by its words."""
        return self.page.get_by_role("heading", name=named(key, **values)).first

    def tab(self, key: str, **values: Any) -> Locator:
        """One of the tabs of a page."""
        return self.page.get_by_role("tab", name=named(key, **values))

    def field(self, key: str) -> Locator:
        """A field of a form by its label, the last where a dialog has one over that of the page."""
        typed_into = self.page.locator("input:visible, textarea:visible")
        return typed_into.and_(self.page.get_by_label(named(key))).last

    def text(self, key: str, **values: Any) -> Locator:
        """What stands on the page."""
        return self.page.get_by_text(named(key, **values)).first

    def type(self, **fields: str) -> None:
        """Fill fields: `account__phone="…"` is the one with the text `account.field.phone`."""
        for name, value in fields.items():
            area, _, field = name.partition("__")
            self.field(f"{area}.field.{field}").fill(value)

    def inbox_code(self, phone: str) -> str:
        """The code that was texted, as the inbox of the demo world shows it."""
        inbox = self.window.context.new_page()
        inbox.goto(f"{self.window.site.demo_url}/sms/inbox/?phone={quote(phone)}")
        code = re.search(r"\d{6}", inbox.locator(".message .text").first.inner_text())
        assert code, "the message has no code of six digits"
        inbox.close()
        return code[0]

    def receive_code(self, phone: str) -> str:
        """Ask for a code, and read it."""
        with self.page.expect_response("**/user/send/send_message/") as sent:
            self.button("account.code.send").click()
        ok(sent.value)
        return self.inbox_code(phone)

    def expect_signed_in(self) -> None:
        """The menu of the account is there."""
        expect(self.account_menu()).to_be_visible()

    def expect_guest(self) -> None:
        """There is a way to log in."""
        banner = self.page.get_by_role("banner")
        expect(banner.get_by_role("link", name=named("nav.login"))).to_be_visible()

    def account_menu(self) -> Locator:
        """The button that opens it."""
        return self.page.get_by_role("button", name=named("nav.account", begins=True))

    def sign_out(self) -> None:
        """By the menu."""
        self.account_menu().click()
        self.page.get_by_role("button", name=named("nav.signOut")).click()
        self.expect_guest()


def ok(answer: Response) -> None:
    """Fails with what the API said where it refused."""
    assert answer.ok, f"{answer.url}: {answer.status} {answer.text()}"


def expect_wrong(field: Locator, why: re.Pattern[str], *, focused: bool = False) -> None:
    """A field says that it is wrong, and why; the first one has the focus."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(why)
    if focused:
        expect(field).to_be_focused()
