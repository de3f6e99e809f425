"""Basic and token authentication: what is sent, a token that is renewed, and who must not get it.

Basic 与令牌认证：实际发送了什么、如何自动更新令牌、以及哪些主机不该收到它。
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import requests
from addresses import Addresses, lab_addresses
from requests.auth import AuthBase

# The lab's, for everybody to read. Yours belong into a file or a secret store, not into a program.
CREDENTIALS = ("learner", "open sesame")
TIMEOUT_S = (1, 5)


def origin(url: str | None) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what is the same server, and nobody else's (RFC 6454)."""
    parts = urlsplit(url or "")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


class RenewedToken(AuthBase):
    """Sends a Bearer token (RFC 6750), and gets a new one when the server says that it ended.

    The token is for the origin of `for_url`; nobody else is ever sent one.
    """

    def __init__(self, token_url: str, credentials: tuple[str, str], for_url: str) -> None:
        self._token_url = token_url
        self._credentials = credentials
        self._origin = origin(for_url)
        self._token = ""
        self.renewed = 0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Called for each request just before it is sent, though not in a redirect."""
        if origin(request.url) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token or self._renew()}"
            request.register_hook("response", self._again)
        return request

    def _again(self, answer: requests.Response, **options: Any) -> requests.Response:
        # In a redirect requests drops the header and keeps this hook: whoever is led to would only
        # have to say that the token has ended, to be sent a new one.
        if origin(answer.request.url) != self._origin:
            return answer
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
        url = at.lab("/auth/private")
        session.auth = auth = RenewedToken(at.lab("/auth/token"), CREDENTIALS, url)
        statuses = [session.get(url, timeout=TIMEOUT_S).status_code for _ in range(5)]
    print(f"5 requests, tokens that are good for 2: {statuses}, {auth.renewed} tokens")


@contextmanager
def host(status: int, header: str, value: str) -> Iterator[tuple[str, list[str]]]:
    """A host with one answer for everybody: its URL, and the credentials that it was sent."""
    sent: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Note what was sent, and answer."""
            sent.append(self.headers.get("Authorization", "nothing"))
            self.send_response(status)
            self.send_header(header, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", sent
        finally:
            server.shutdown()
            thread.join()


def redirected(at: Addresses) -> None:
    """A server that is trusted leads to one that is not, which asks for a new token."""
    wants_one = 'Bearer error="invalid_token"'
    with (
        host(requests.codes.unauthorized, "WWW-Authenticate", wants_one) as (evil, it_was_sent),
        host(requests.codes.found, "Location", evil) as (shop, _),
        requests.Session() as session,
    ):
        session.auth = auth = RenewedToken(at.lab("/auth/token"), CREDENTIALS, shop)
        status = session.get(shop, timeout=TIMEOUT_S).status_code
    print(f"redirected to who says invalid_token: {status}, sent {it_was_sent}, ", end="")
    print(f"{auth.renewed} token")


def main() -> None:
    """Show both, and what becomes of them in a redirect."""
    at = lab_addresses(__doc__)
    basic(at)
    token(at)
    redirected(at)
    # In a redirect to another host requests drops the header; one that you put into
    # session.headers as X-API-Key goes along, since nobody knows that it is a secret.
    with requests.Session() as session:
        for to in ("https://shop.example/b", "https://evil.example/", "http://shop.example/"):
            dropped = session.should_strip_auth("https://shop.example/a", to)
            print(f"https://shop.example/a -> {to:<23} {'dropped' if dropped else 'sent along'}")


if __name__ == "__main__":
    main()
