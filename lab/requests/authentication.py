"""Basic and token authentication: what is sent, a token that is renewed, and who must not get it.

Basic 与令牌认证：实际发送了什么、如何自动更新令牌、以及哪些主机不该收到它。
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import requests
from addresses import Addresses, lab_addresses
from requests.auth import AuthBase

# The lab's, for everybody to read. Yours belong into a file or a secret store, not into a program.
CREDENTIALS = ("learner", "open sesame")
TIMEOUT_S = (1, 5)


class RenewedToken(AuthBase):
    """Sends a Bearer token (RFC 6750), and gets a new one when the server says that it ended."""

    def __init__(self, token_url: str, credentials: tuple[str, str]) -> None:
        self._token_url = token_url
        self._credentials = credentials
        self._token = ""
        self.renewed = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called for each request just before it is sent."""
        request.headers["Authorization"] = f"Bearer {self._token or self._renew()}"
        request.register_hook("response", self._again)
        return request

    def _again(self, answer: requests.Response, **options: Any) -> requests.Response:
        invalid = 'error="invalid_token"' in answer.headers.get("WWW-Authenticate", "")
        # Once: a server that refuses every token must not be asked for ever.
        if answer.status_code != requests.codes.unauthorized or not invalid or answer.history:
            return answer
        _ = answer.content  # read, so that its connection can be used again
        request = answer.request.copy()
        request.headers["Authorization"] = f"Bearer {self._renew()}"
        again = answer.connection.send(request, **options)
        again.history.append(answer)
        again.request = request
        return again

    def _renew(self) -> str:
        answer = requests.post(self._token_url, auth=self._credentials, timeout=TIMEOUT_S)
        answer.raise_for_status()
        self._token = answer.json()["access_token"]
        self.renewed += 1
        return self._token


def basic(at: Addresses) -> None:
    """Name and password with each request."""
    url = at.lab("/auth/basic")
    without = requests.get(url, timeout=TIMEOUT_S)
    print(f"no credentials     {without.status_code} {without.headers['WWW-Authenticate']}")
    wrong = requests.get(url, auth=("learner", "wrong"), timeout=TIMEOUT_S)
    print(f"a wrong password   {wrong.status_code}")
    right = requests.get(url, auth=CREDENTIALS, timeout=TIMEOUT_S)
    print(f"the right one      {right.status_code} {right.json()}")
    # Base64 hides nothing: without TLS everybody on the way can read the password.
    sent = right.request.headers["Authorization"]
    print(f"what was sent      {sent} = {b64decode(sent.removeprefix('Basic ')).decode()}")


def token(at: Addresses) -> None:
    """A password once, and then a token that ends soon."""
    with requests.Session() as session:
        session.auth = auth = RenewedToken(at.lab("/auth/token"), CREDENTIALS)
        url = at.lab("/auth/private")
        statuses = [session.get(url, timeout=TIMEOUT_S).status_code for _ in range(5)]
    print(f"5 requests, tokens that are good for 2: {statuses}, {auth.renewed} tokens")


def main() -> None:
    """Show both, and what becomes of them in a redirect."""
    at = lab_addresses(__doc__)
    basic(at)
    token(at)
    # In a redirect to another host requests drops the header; one that you put into
    # session.headers as X-API-Key goes along, since nobody knows that it is a secret.
    with requests.Session() as session:
        for to in ("https://shop.example/b", "https://evil.example/", "http://shop.example/"):
            dropped = session.should_strip_auth("https://shop.example/a", to)
            print(f"https://shop.example/a -> {to:<23} {'dropped' if dropped else 'sent along'}")


if __name__ == "__main__":
    main()
