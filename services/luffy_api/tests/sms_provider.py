"""An SMS provider on loopback that checks what it is sent as Alibaba Cloud's does."""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
from datetime import UTC, datetime

from tests.loopback import Played, QuietHandler


class SmsProvider(Played):
    """Keeps what was sent; `answer` and `delay_s` make it misbehave."""

    key_id = "key-id-of-the-test"
    key_secret = "key-secret-of-the-test"

    def __init__(self) -> None:
        self._nonces: set[str] = set()
        self.reset()
        provider = self

        class Handler(QuietHandler):
            def post(self) -> None:
                length = int(self.headers["Content-Length"])
                provider.asked += 1
                status, body = provider.take(self.path, self.rfile.read(length).decode())
                time.sleep(provider.delay_s)
                if provider.hangs_up:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                for start in range(0, len(body), 16):
                    self.wfile.write(body[start : start + 16])
                    self.wfile.flush()
                    time.sleep(provider.drip_s)

        super().__init__(Handler)
        self.url = f"{self.origin}/"

    def reset(self) -> None:
        self.inbox: list[tuple[str, str]] = []
        self.asked = 0
        self.answer: tuple[int, bytes] | None = None
        self.delay_s = 0.0
        self.drip_s = 0.0
        self.hangs_up = False

    def code(self, phone: str) -> str:
        """The code that was last sent to `phone`."""
        return [code for number, code in self.inbox if number == phone][-1]

    def take(self, path: str, body: str) -> tuple[int, bytes]:
        if self.answer is not None:
            return self.answer
        form = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
        refusal = self._refusal(path, form)
        if refusal:
            return 400, json.dumps({"Code": refusal, "Message": "no"}).encode()
        self._nonces.add(form["SignatureNonce"])
        self.inbox.append((form["PhoneNumbers"], json.loads(form["TemplateParam"])["code"]))
        return 200, json.dumps({"Code": "OK", "Message": "OK", "BizId": "1"}).encode()

    def _refusal(self, path: str, form: dict[str, str]) -> str:
        expected = {
            "Action": "SendSms",
            "Version": "2017-05-25",
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "AccessKeyId": self.key_id,
            "SignName": "路飞学城",
            "TemplateCode": "SMS_100",
        }
        for name, value in expected.items():
            if form.get(name) != value:
                return f"Invalid{name}"
        moment = datetime.strptime(form["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs((datetime.now(UTC) - moment).total_seconds()) > 900:
            return "InvalidTimeStamp.Expired"
        if form["SignatureNonce"] in self._nonces:
            return "SignatureNonceUsed"
        if path != "/" or not hmac.compare_digest(self._signed(form), form["Signature"]):
            return "SignatureDoesNotMatch"
        return ""

    def _signed(self, form: dict[str, str]) -> str:
        # Written from the provider's documentation, apart from the code that it checks.
        names = sorted(name for name in form if name != "Signature")
        query = urllib.parse.urlencode(
            [(name, form[name]) for name in names], quote_via=urllib.parse.quote, safe="~"
        )
        text = "POST&%2F&" + urllib.parse.quote(query, safe="~")
        key = f"{self.key_secret}&".encode()
        return base64.b64encode(hmac.new(key, text.encode(), hashlib.sha1).digest()).decode()
