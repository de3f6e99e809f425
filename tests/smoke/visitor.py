"""A person at the site: a browser's cookies and tokens, a phone, and money at the demo world."""

from __future__ import annotations

import secrets
from types import TracebackType
from typing import Any, Self

import requests
from deployment import TIMEOUT_S, Deployment

PASSWORD = secrets.token_urlsafe(16)


class Visitor:
    """Keeps the cookies of the site, and the access token that it gave. Use it in a `with`."""

    def __init__(self, deployment: Deployment) -> None:
        # A new one for each: a phone is texted once a minute.
        self.phone = f"138{secrets.randbelow(10**8):08}"
        self._site = deployment
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept-Language"] = "en"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request to the API; a token in the answer is kept."""
        answer = self._session.request(
            method, self._site.site(f"/api/v1/{path}"), timeout=TIMEOUT_S, **options
        )
        if answer.ok and "token" in (found := answer.json()):
            self._session.headers["Authorization"] = f"Bearer {found['token']}"
        return answer

    def fetch(self, address: str, **options: Any) -> requests.Response:
        """GET what lies at an address, with the cookies of this browser."""
        return self._session.get(address, timeout=TIMEOUT_S, **options)

    def code(self, purpose: str) -> str:
        """The code that the site texts."""
        form = {"phone": self.phone, "purpose": purpose}
        sent = self.ask("POST", "user/send/send_message/", json=form)
        assert sent.status_code == 200, sent.text
        query = {"phone": self.phone, "format": "json"}
        inbox = self.fetch(self._site.demo("/sms/inbox/"), params=query)
        assert inbox.status_code == 200, inbox.text
        return str(inbox.json()["messages"][0]["params"]["code"])

    def register(self) -> None:
        """Register and log in."""
        form = {"mobile": self.phone, "password": PASSWORD, "code": self.code("register")}
        registered = self.ask("POST", "user/register/", json=form)
        assert registered.status_code == 200, registered.text
        form = {"username": self.phone, "password": PASSWORD}
        login = self.ask("POST", "user/login/mul_login/", json=form)
        assert login.status_code == 200, login.text

    def renew(self) -> None:
        """Have a new access token, as a page does before the old one ends (after ten minutes)."""
        self._session.headers.pop("Authorization", None)
        answer = self.ask("POST", "user/token/refresh/")
        assert answer.status_code == 200, f"renew: {answer.status_code} {answer.text[:200]}"

    def leave(self) -> None:
        """Delete the account."""
        left = self.ask("DELETE", "user/account/", json={"password": PASSWORD})
        assert left.status_code == 200, left.text

    def pay(self, pay_url: str) -> requests.Response:
        """Press the button of the cashier; where it sends the browser to is not followed."""
        cashier = self.fetch(pay_url)
        assert cashier.status_code == 200, cashier.text
        return self._session.post(f"{cashier.url}/pay", timeout=TIMEOUT_S, allow_redirects=False)
