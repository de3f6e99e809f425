"""Somebody of the staff in the administration, with a phone for the second step of the login."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.luffycity import stack
from tests.browser.luffycity.browsing import Window
from tests.local_deployment import docker

STEP_S = 30
PASSWORD_FILE = Path("/etc") / stack.NAME / "secrets/luffy_api_admin_password"


def shown_by_phone(secret: str, at_s: float) -> str:
    """The six digits that an authenticator app shows for a Base32 secret (RFC 6238)."""
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, struct.pack(">Q", int(at_s) // STEP_S), hashlib.sha1)
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"


@dataclass
class Staff:
    """The user `admin`, in a window of their own."""

    window: Window
    page: Page

    @classmethod
    def log_in(cls, window: Window) -> Staff:
        """Log in for the first time, and set the phone up that this takes."""
        # An earlier run on this deployment may have set one up.
        docker("exec", stack.container("luffy_api"), "luffy", "reset_two_factor", "admin")
        staff = cls(window, window.context.new_page())
        page = staff.page
        page.goto(f"{window.site.url}/admin/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill(read_password())
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("The picture cannot be taken?").click()
        secret = page.locator("details code").inner_text()
        page.get_by_label("Code").fill(shown_by_phone(secret, time.time()))
        page.get_by_role("button", name="Set up").click()
        page.get_by_role("link", name="I have kept them: go on").click()
        page.wait_for_url(re.compile("/admin/$"))
        return staff

    def make_coupon(self, code: str, percent: int) -> None:
        """Make a coupon that anybody may use once."""
        page = self.page
        page.goto(f"{self.window.site.url}/admin/shop/coupon/add/")
        page.get_by_label("Code", exact=False).first.fill(code)
        page.get_by_label("Name", exact=False).first.fill(f"{percent} % off")
        page.get_by_label("Value", exact=False).first.fill(str(percent))
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("link", name=code, exact=True).first).to_be_visible()

    def refund(self, order: str, reason: str) -> None:
        """Give the money of a whole order back."""
        page = self.page
        page.goto(f"{self.window.site.url}/admin/shop/order/?q={order}")
        page.get_by_role("link", name=order, exact=True).first.click()
        page.get_by_role("link", name="Refund", exact=True).click()
        page.get_by_label("Reason").fill(reason)
        page.get_by_role("button", name="Give the money back").click()
        expect(page.get_by_text(re.compile(r"was given back\."))).to_be_visible()


def read_password() -> str:
    """The password that the deployment made for `admin`."""
    return PASSWORD_FILE.read_text().strip()
