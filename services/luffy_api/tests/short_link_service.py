"""A short-link service on loopback that answers as the bundle's own does (services/shortlink)."""

import base64
import json
import time

from luffy.environment import ShortLinkSettings
from tests.loopback import Played, QuietHandler


class ShortLinkService(Played):
    """Keeps what it was asked for; `answer` and `delay_s` make it misbehave."""

    password = "password-of-the-test"
    site_url = "https://shop.example"

    def __init__(self) -> None:
        self.reset()
        service = self

        class Handler(QuietHandler):
            def post(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = service.take(self.path, self.headers["Authorization"], body)
                time.sleep(service.delay_s)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        super().__init__(Handler)

    def reset(self) -> None:
        self.links: dict[str, str] = {}
        """Codes, by the address that they lead to."""
        self.made = 0
        self.public_url = "http://s.example:8002"
        self.asked = 0
        self.answer: tuple[int, bytes] | None = None
        self.delay_s = 0.0

    def settings(self) -> ShortLinkSettings:
        return ShortLinkSettings(self.origin, "luffy", self.password, self.site_url)

    def take(self, path: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.answer is not None:
            return self.answer
        account = base64.b64encode(f"luffy:{self.password}".encode()).decode()
        if path != "/api/links/":
            return 404, b'{"name": "path"}'
        if authorization != f"Basic {account}":
            return 401, b'{"name": "credentials"}'
        url = json.loads(body)["url"]
        status = 200 if url in self.links else 201
        if url not in self.links:
            self.made += 1
            self.links[url] = f"code{self.made}"
        short_url = f"{self.public_url}/{self.links[url]}"
        return status, json.dumps({"short_url": short_url, "url": url}).encode()
