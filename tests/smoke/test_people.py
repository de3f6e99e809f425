"""Somebody registers, logs in and leaves; the demo world's SMS provider brings the codes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from deployment import TIMEOUT_S, Deployment

pytestmark = pytest.mark.demo_world

# A new one for each run: a phone is texted once a minute.
PHONE = f"138{secrets.randbelow(10**8):08}"
PASSWORD = secrets.token_urlsafe(16)


class Browser:
    """Keeps the cookies of the site, and the access token that it gave."""

    def __init__(self, deployment: Deployment) -> None:
        self._site = deployment
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept-Language"] = "en"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = self._session.request(
            method, self._site.site(f"/api/v1/user/{path}"), timeout=TIMEOUT_S, **options
        )
        if answer.ok and "token" in answer.json():
            self._session.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return answer

    def code(self, purpose: str) -> str:
        """The code that the site texts."""
        sent = self.ask("POST", "send/send_message/", json={"phone": PHONE, "purpose": purpose})
        assert sent.status_code == 200, sent.text
        inbox = self._session.get(
            self._site.demo("/sms/inbox/"),
            params={"phone": PHONE, "format": "json"},
            timeout=TIMEOUT_S,
        )
        assert inbox.status_code == 200, inbox.text
        return str(inbox.json()["messages"][0]["params"]["code"])

    def close(self) -> None:
        self._session.close()


@pytest.fixture
def browser(deployment: Deployment) -> Iterator[Browser]:
    browser = Browser(deployment)
    yield browser
    browser.close()


def test_somebody_registers_logs_in_and_leaves(browser: Browser) -> None:
    form = {"mobile": PHONE, "password": PASSWORD}
    registered = browser.ask("POST", "register/", json={**form, "code": browser.code("register")})
    assert registered.status_code == 200, registered.text
    login = browser.ask("POST", "login/mul_login/", json={"username": PHONE, "password": PASSWORD})
    assert login.status_code == 200, login.text
    profile = browser.ask("GET", "profile/")
    assert profile.json()["result"]["mobile"] == PHONE, profile.text
    refreshed = browser.ask("POST", "token/refresh/")
    assert refreshed.status_code == 200, refreshed.text
    # Nothing of the test stays.
    left = browser.ask("DELETE", "account/", json={"password": PASSWORD})
    assert left.status_code == 200, left.text
    assert browser.ask("GET", "profile/").status_code == 401


def test_a_wrong_code_registers_nobody(browser: Browser) -> None:
    refused = browser.ask(
        "POST", "register/", json={"mobile": "13800000000", "password": PASSWORD, "code": "000000"}
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "wrong_code")
