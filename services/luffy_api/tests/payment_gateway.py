"""A payment gateway on loopback that signs and checks as Alipay does.

Written from Alipay's documentation, apart from the code that it tests: its signatures are made by
`cryptography`, not by the SDK.
"""

import base64
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from luffy.environment import AlipaySettings
from tests.loopback import Played, QuietHandler

APP_ID = "9021000100000001"
SELLER_ID = "2088000000000011"


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, form).decode()


def signature(key: rsa.RSAPrivateKey, text: str) -> str:
    signed = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signed).decode()


def joined(values: dict[str, str], *without: str) -> str:
    return "&".join(
        f"{name}={value}" for name, value in sorted(values.items()) if name not in without
    )


@dataclass
class Deal:
    """A trade at the gateway."""

    total: str
    state: str = "WAIT_BUYER_PAY"
    trade_no: str = field(default_factory=lambda: f"2026112822{secrets.randbelow(10**18):018}")
    refunds: dict[str, str] = field(default_factory=dict)

    @property
    def refunded(self) -> Decimal:
        return sum(map(Decimal, self.refunds.values()), Decimal(0))


class PaymentGateway(Played):
    """Keeps trades. What makes it misbehave: `answer` (status and body of every answer, nothing
    is done), `delay_s`, `hangs_up`, `lies` (fields of signed answers), `forges`, `loses` (methods
    that are done and not answered), `refuses` (sub_codes by method)."""

    def __init__(self) -> None:
        self.merchant_key, self.key = new_key(), new_key()
        self.reset()
        gateway = self

        class Handler(QuietHandler):
            def post(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
                gateway.asked.append(form["method"])
                status, text = gateway.answer or (200, gateway.serve(form))
                time.sleep(gateway.delay_s)
                if gateway.hangs_up or form["method"] in gateway.loses:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        super().__init__(Handler)
        self.url = f"{self.origin}/gateway.do"

    def reset(self) -> None:
        self.deals: dict[str, Deal] = {}
        self.asked: list[str] = []
        self._lock = threading.Lock()
        self.reset_faults()

    def reset_faults(self) -> None:
        """Behave from now on."""
        self.answer: tuple[int, bytes] | None = None
        self.delay_s = 0.0
        self.hangs_up = False
        self.forges = False
        self.lies: dict[str, str] = {}
        self.loses: set[str] = set()
        self.refuses: dict[str, str] = {}

    def settings(self, **changes: str) -> AlipaySettings:
        """How a merchant of this gateway is set up."""
        usual = {
            "gateway_url": self.url,
            "page_url": self.url,
            "app_id": APP_ID,
            "seller_id": SELLER_ID,
            "private_key": private_pem(self.merchant_key),
            "public_key": public_pem(self.key),
            "notify_url": "http://shop.example/api/v1/order/success/",
            "return_url": "http://shop.example/pay/success",
        }
        return AlipaySettings(**(usual | changes))

    # --- what a buyer does ------------------------------------------------------------------------

    def open(self, pay_url: str) -> dict[str, Any]:
        """Open the page to pay, and return what it is about; a wrong request is an error."""
        form = dict(parse_qsl(urlsplit(pay_url).query, strict_parsing=True))
        assert form["method"] == "alipay.trade.page.pay"
        assert self._refusal(form) == "", form
        content: dict[str, Any] = json.loads(form["biz_content"])
        assert content["product_code"] == "FAST_INSTANT_TRADE_PAY"
        self.deals.setdefault(content["out_trade_no"], Deal(content["total_amount"]))
        return content | {"return_url": form["return_url"], "notify_url": form["notify_url"]}

    def pay(self, pay_url: str) -> str:
        """Open the page and pay; the order's number."""
        number = str(self.open(pay_url)["out_trade_no"])
        assert self.deals[number].state == "WAIT_BUYER_PAY", "the cashier takes no money for it"
        self.deals[number].state = "TRADE_SUCCESS"
        return number

    # --- what it tells ----------------------------------------------------------------------------

    def notification(self, number: str, **changes: str) -> dict[str, str]:
        """The form that tells of a payment, signed."""
        deal = self.deals[number]
        values = {
            "notify_time": "2026-11-28 12:00:00",
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(17),
            "app_id": APP_ID,
            "charset": "utf-8",
            "version": "1.0",
            "trade_no": deal.trade_no,
            "out_trade_no": number,
            "trade_status": deal.state,
            "total_amount": deal.total,
            "seller_id": SELLER_ID,
            "subject": "课程 & more",
            "fund_bill_list": '[{"amount":"1.00","fundChannel":"ALIPAYACCOUNT"}]',
        } | changes
        return self.signed(values)

    def returned(self, number: str, **changes: str) -> dict[str, str]:
        """The parameters that the buyer comes back with, signed."""
        deal = self.deals[number]
        return self.signed(
            {
                "charset": "utf-8",
                "out_trade_no": number,
                "method": "alipay.trade.page.pay.return",
                "total_amount": deal.total,
                "trade_no": deal.trade_no,
                "auth_app_id": APP_ID,
                "version": "1.0",
                "app_id": APP_ID,
                "seller_id": SELLER_ID,
                "timestamp": "2026-11-28 12:00:00",
            }
            | changes
        )

    def signed(self, values: dict[str, str]) -> dict[str, str]:
        text = joined(values, "sign", "sign_type")
        return {"sign_type": "RSA2"} | values | {"sign": signature(self.key, text)}

    # --- what it is asked -------------------------------------------------------------------------

    def serve(self, form: dict[str, str]) -> bytes:
        method = form["method"]
        name = f"{method.replace('.', '_')}_response"
        refusal = self._refusal(form)
        if refusal:
            answer = {"code": "40002", "msg": "Invalid Arguments", "sub_code": refusal}
            return json.dumps({name: answer}).encode()
        content = json.loads(form["biz_content"])
        with self._lock:
            answer = self._done(method, content)
        text = json.dumps(answer | self.lies, ensure_ascii=False)
        key = self.merchant_key if self.forges else self.key
        return f'{{"{name}":{text},"sign":"{signature(key, text)}"}}'.encode()

    def _refusal(self, form: dict[str, str]) -> str:
        expected = {"app_id": APP_ID, "sign_type": "RSA2", "charset": "utf-8", "version": "1.0"}
        for name, value in expected.items():
            if form.get(name) != value:
                return f"isv.invalid-{name}"
        datetime.strptime(form["timestamp"], "%Y-%m-%d %H:%M:%S")
        try:
            self.merchant_key.public_key().verify(
                base64.b64decode(form["sign"]),
                joined(form, "sign").encode(),
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except InvalidSignature:
            return "isv.invalid-signature"
        return ""

    def _done(self, method: str, content: dict[str, Any]) -> dict[str, Any]:
        number = content["out_trade_no"]
        deal = self.deals.get(number)
        if method in self.refuses:
            return _refused(self.refuses[method])
        if deal is None:
            return _refused("ACQ.TRADE_NOT_EXIST")
        done: dict[str, Any] = {"code": "10000", "msg": "Success", "out_trade_no": number}
        done["trade_no"] = deal.trade_no
        if method == "alipay.trade.query":
            # A brace in a text: who counts them to find the object's end is lost.
            shown = {"total_amount": deal.total, "trade_status": deal.state, "subject": "} 课"}
            return done | shown
        if method == "alipay.trade.close":
            if deal.state != "WAIT_BUYER_PAY":
                return _refused("ACQ.REASON_TRADE_STATUS_INVALID")
            deal.state = "TRADE_CLOSED"
            return done
        if method == "alipay.trade.refund":
            return done | self._refund(deal, content)
        assert method == "alipay.trade.fastpay.refund.query", method
        request_no = content["out_request_no"]
        if request_no not in deal.refunds:
            return {"code": "10000", "msg": "Success"}
        amount = deal.refunds[request_no]
        state = {"refund_status": "REFUND_SUCCESS", "refund_amount": amount}
        return done | state | {"out_request_no": request_no}

    def _refund(self, deal: Deal, content: dict[str, Any]) -> dict[str, str]:
        request_no, amount = content["out_request_no"], content["refund_amount"]
        if deal.refunds.get(request_no) == amount:
            return {"fund_change": "N", "refund_fee": str(deal.refunded)}
        if request_no in deal.refunds:
            return _refused("ACQ.DISCORDANT_REPEAT_REQUEST")
        if deal.state != "TRADE_SUCCESS":
            return _refused("ACQ.TRADE_STATUS_ERROR")
        if deal.refunded + Decimal(amount) > Decimal(deal.total):
            return _refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        deal.refunds[request_no] = amount
        if deal.refunded == Decimal(deal.total):
            deal.state = "TRADE_CLOSED"
        return {"fund_change": "Y", "refund_fee": str(deal.refunded)}


def _refused(sub_code: str) -> dict[str, str]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": sub_code}
