"""gateway.do: who asks is verified, then the cashier is opened or the method answered."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo.bodies import BadBodyError, read_form
from demo.payment.answers import RefusedError, as_text, failed, invalid, missing
from demo.payment.cashier import Cashier
from demo.payment.faults import Chosen, Fault, Faults
from demo.payment.methods import Methods
from demo.payment.parameters import (
    MAX_BYTES,
    BizContent,
    read_parameters,
    read_time,
    read_url,
)
from demo.payment.signing import Signer, signed_text, verify
from demo.payment.trades import Ledger, Order
from demo.settings import Settings

log = logging.getLogger(__name__)

PAGE_PAY = "alipay.trade.page.pay"
_PRODUCT_CODE = "FAST_INSTANT_TRADE_PAY"
_UNKNOWN = "error_response"
_SHOWN_CHARACTERS = 2000
_REQUIRED = {
    "sign": ("isv.missing-signature", "缺少签名参数"),
    "sign_type": ("isv.missing-signature-type", "缺少签名类型参数"),
    "timestamp": ("isv.missing-timestamp", "缺少时间戳参数"),
    "version": ("isv.missing-version", "缺少版本参数"),
    "charset": ("isv.missing-charset", "缺少字符集参数"),
    "biz_content": ("isv.missing-parameter", "缺少参数 biz_content"),
}


class Gateway:
    """The one address that merchants ask."""

    def __init__(
        self,
        settings: Settings,
        signer: Signer,
        ledger: Ledger,
        methods: Methods,
        cashier: Cashier,
        faults: Faults,
    ) -> None:
        self._settings = settings
        self._signer = signer
        self._ledger = ledger
        self._methods = methods
        self._cashier = cashier
        self._faults = faults

    async def serve(self, request: Request) -> Response:
        """Answer people with a page and merchants with signed JSON, of status 200 as Alipay's."""
        values: Mapping[str, str] = {}
        try:
            try:
                body = await read_form(request, MAX_BYTES)
            except BadBodyError as error:
                raise invalid("isv.invalid-parameter", f"expected {error}") from error
            query = request.scope["query_string"]
            if len(query) > MAX_BYTES:
                raise invalid("isv.invalid-parameter", f"expected at most {MAX_BYTES} bytes")
            values = read_parameters(query, body)
            self._check(values)
            method = values["method"]
            content = BizContent(values["biz_content"])
            if method == PAGE_PAY:
                return self._open_cashier(values, content)
        except RefusedError as error:
            method = values.get("method", "")
            log.info("%s refused: %s", method[:100] or "a request", error)
            if method == PAGE_PAY:
                return self._cashier.refusal(request, error)
            # An application that Alipay does not know gets no signature.
            is_signed = values.get("app_id") == self._settings.payment_app_id
            return self._answer(method, error.as_answer(), is_signed=is_signed)
        return await self._do(method, content)

    async def _do(self, method: str, content: BizContent) -> Response:
        chosen = self._faults.next(of_payments=False)
        try:
            if chosen.fault is Fault.ANSWER_FAILS:
                raise RefusedError("20000", "isp.unknown-error", "系统繁忙")
            answer = await self._methods.by_name[method](content)
        except RefusedError as error:
            log.info("%s refused: %s", method, error)
            answer = error.as_answer()
        if chosen.fault is Fault.ANSWER_HANGS:
            await asyncio.sleep(chosen.seconds)
        return self._answer(method, answer, chosen)

    def _answer(
        self,
        method: str,
        answer: dict[str, Any],
        chosen: Chosen | None = None,
        *,
        is_signed: bool = True,
    ) -> Response:
        known = method in self._methods.by_name
        name = f"{method.replace('.', '_')}_response" if known else _UNKNOWN
        text = as_text(name, answer, self._signer if is_signed else None)
        if chosen is not None and chosen.fault is Fault.ANSWER_WRONG_SIGNATURE:
            text = f'{text.rpartition(",")[0]},"sign":"{self._signer.sign("another text")}"}}'
        return Response(text, media_type="application/json; charset=utf-8")

    def _check(self, values: Mapping[str, str]) -> None:
        """Verify what every request has. Raises RefusedError."""
        if not values.get("app_id"):
            raise missing("isv.missing-app-id", "缺少AppID参数")
        if values["app_id"] != self._settings.payment_app_id:
            raise invalid("isv.invalid-app-id", "无效的AppID参数")
        method = values.get("method", "")
        if not method:
            raise missing("isv.missing-method", "缺少方法名参数")
        if method != PAGE_PAY and method not in self._methods.by_name:
            raise invalid("isv.invalid-method", "不存在的方法名")
        for name, (sub_code, sub_msg) in _REQUIRED.items():
            if not values.get(name):
                raise missing(sub_code, sub_msg)
        if values["sign_type"] != "RSA2":
            raise invalid("isv.invalid-signature-type", "无效的签名类型，只支持 RSA2")
        if values["charset"].lower() != "utf-8":
            raise invalid("isv.invalid-charset", "字符集错误，请使用 utf-8")
        key = self._settings.payment_merchant_public_key
        if key is None:
            raise missing("isv.missing-signature-key", "缺少签名配置")
        text = signed_text(values, with_sign_type=True)
        if not verify(key, text, values["sign"]):
            log.warning(
                "a signature does not match the merchant's public key; what was verified: %r",
                text[:_SHOWN_CHARACTERS],
            )
            raise invalid(
                "isv.invalid-signature", "验签出错，请检查签名字符串或签名私钥与应用公钥是否匹配"
            )
        _check_version_and_time(values)

    def _open_cashier(self, values: Mapping[str, str], content: BizContent) -> Response:
        """Send a person to the page of the order. Raises RefusedError."""
        if content.text("product_code", 64) != _PRODUCT_CODE:
            raise failed("ACQ.INVALID_PARAMETER", f"参数无效：product_code 应为 {_PRODUCT_CODE}")
        order = Order(
            content.number("out_trade_no"),
            content.fen("total_amount"),
            content.text("subject"),
            content.text("body", 128, ""),
            content.text("passback_params", 512, ""),
        )
        expires_in_s = content.expires_in_s(self._settings.payment_trade_expires_s)
        notify_url, return_url = values.get("notify_url", ""), values.get("return_url", "")
        self._check_urls(notify_url, return_url)
        trade = self._ledger.open(order, notify_url, return_url, expires_in_s)
        return RedirectResponse(f"cashier/{trade.token}", 302)

    def _check_urls(self, notify_url: str, return_url: str) -> None:
        """No open relay: only the merchant's hosts are told. Raises RefusedError."""
        for name, text in (("notify_url", notify_url), ("return_url", return_url)):
            try:
                url = read_url(text) if text else None
            except ValueError as error:
                raise invalid("isv.invalid-parameter", f"{name} 不是合法的地址") from error
            if url is None or name != "notify_url":
                continue
            host = (url.hostname or "").rstrip(".")
            port = url.port or (443 if url.scheme == "https" else 80)
            allowed = self._settings.payment_notify_hosts
            if host not in allowed and f"{host}:{port}" not in allowed:
                raise invalid(
                    "isv.invalid-parameter",
                    f"notify_url: expected a host of PAYMENT_NOTIFY_HOSTS; found {host}:{port}",
                )


def _check_version_and_time(values: Mapping[str, str]) -> None:
    if values["version"] != "1.0":
        raise invalid("isv.invalid-version", "版本错误，应为 1.0")
    if values.get("format", "JSON").upper() != "JSON":
        raise invalid("isv.invalid-format", "无效的数据格式，只支持 JSON")
    try:
        read_time(values["timestamp"])
    except ValueError as error:
        raise invalid("isv.invalid-timestamp", "时间戳格式应为 yyyy-MM-dd HH:mm:ss") from error
