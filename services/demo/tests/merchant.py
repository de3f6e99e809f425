"""A merchant: asks the payment gateway through python-alipay-sdk, and takes its notifications."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from alipay import AliPay
from alipay.utils import AliPayConfig
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

APP_ID = "9021000100000001"
SELLER_ID = "2088000000000011"
GATEWAY = "http://127.0.0.1:8009/alipay/gateway.do"
NOTIFY_PORT = 18201
NOTIFY_URL = f"http://127.0.0.1:{NOTIFY_PORT}/notify?from=alipay"
RETURN_URL = f"http://127.0.0.1:{NOTIFY_PORT}/paid?shop=1#thanks"
Form = dict[str, str]


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


MERCHANTS_KEY = new_key()


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Settings of a gateway that knows the merchant, and tells of payments quickly."""
    path = folder / "merchant.pem"
    path.write_text(public_pem(MERCHANTS_KEY))
    return {
        "PAYMENT_APP_ID": APP_ID,
        "PAYMENT_SELLER_ID": SELLER_ID,
        "PAYMENT_MERCHANT_PUBLIC_KEY_FILE": str(path),
        "PAYMENT_NOTIFY_HOSTS": f"127.0.0.1:{NOTIFY_PORT}",
        "PAYMENT_NOTIFY_INTERVALS": "0.1,0.2,0.3,0.4",
        "PAYMENT_NOTIFY_TIMEOUT": "1",
        **changes,
    }


class Merchant:
    """The merchant's side; `answers` are given to notifications in turn, the last one forever."""

    def __init__(self, gateway_pem: str, key: rsa.RSAPrivateKey = MERCHANTS_KEY) -> None:
        self.sdk = AliPay(
            appid=APP_ID,
            app_notify_url=None,
            app_private_key_string=private_pem(key),
            alipay_public_key_string=gateway_pem,
            config=AliPayConfig(timeout=3),
        )
        self.sdk._gateway = GATEWAY
        self.notified: list[Form] = []
        self.heads: list[str] = []
        self.answers = ["success"]
        self.times: list[float] = []

    def order(self, out_trade_no: str, total_amount: str = "39.90", **more: object) -> str:
        """The path that a buyer's browser is sent to."""
        urls = {"notify_url": NOTIFY_URL, "return_url": RETURN_URL}
        fields = {"subject": "课程 & <b>Python</b>", **urls, **more}
        signed = self.sdk.api_alipay_trade_page_pay(
            out_trade_no=out_trade_no, total_amount=total_amount, **fields
        )
        return f"/alipay/gateway.do?{signed}"

    async def ask(self, method: str, **fields: object) -> dict[str, Any]:
        """A method of alipay.trade.*, its answer verified."""
        answer: dict[str, Any] = await asyncio.to_thread(
            self.sdk.server_api, f"alipay.trade.{method}", dict(fields)
        )
        return answer

    def is_genuine(self, values: Form) -> bool:
        """Whether a notification or a return is signed by the gateway."""
        data = dict(values)
        return bool(self.sdk.verify(data, data.pop("sign")))

    async def wait_for(self, count: int) -> list[Form]:
        """The notifications, once there are `count`."""
        async with asyncio.timeout(10):
            while len(self.notified) < count:
                await asyncio.sleep(0.02)
        return self.notified

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        match = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(match[1]) if match else 0)
        number = len(self.notified)
        self.heads.append(head)
        self.times.append(asyncio.get_running_loop().time())
        self.notified.append(dict(parse_qsl(body.decode(), strict_parsing=True)))
        answer = self.answers[min(number, len(self.answers) - 1)]
        if answer != "hang":
            status, _, text = answer.rpartition("|")
            writer.write(
                f"HTTP/1.1 {status or '200 OK'}\r\nContent-Length: {len(text.encode())}\r\n"
                f"Location: /elsewhere\r\n\r\n{text}".encode()
            )
            await writer.drain()
        else:
            await asyncio.sleep(3)
        writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Merchant"]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", NOTIFY_PORT)
        try:
            yield self
        finally:
            server.close()
            server.close_clients()
            await server.wait_closed()


async def pay(client: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    """Open the cashier and press the button."""
    page = await client.get(path, follow_redirects=True)
    assert page.status_code == 200, page.text
    action = re.search(r'action="([^"]+/pay[^"]*)"', page.text)
    assert action is not None, page.text
    return await client.post(str(page.url.join(action[1].replace("&amp;", "&"))), data=form)


async def events(browser: httpx.AsyncClient, out_trade_no: str) -> list[str]:
    """What the gateway notes of a trade's notifications."""
    told = await browser.get("/alipay/", params={"format": "json", "out_trade_no": out_trade_no})
    (trade,) = told.json()["trades"]
    found: list[str] = trade["events"]
    return found
