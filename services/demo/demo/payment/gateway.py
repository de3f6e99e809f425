"""gateway.do: who asks is verified, then the cashier is opened or the method answered."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from demo.bodies import BadBodyError, read_form
from demo.payment.answers import RefusedError, as_text, failed, invalid
from demo.payment.cashier import Cashier
from demo.payment.faults import Chosen, Fault, Faults
from demo.payment.methods import Methods
from demo.payment.parameters import MAX_BYTES, BizContent, read_parameters
from demo.payment.signing import Signer
from demo.payment.trades import Ledger, Order
from demo.payment.verification import check_addresses, check_request
from demo.settings import Settings

log = logging.getLogger(__name__)

PAGE_PAY = "alipay.trade.page.pay"
_PRODUCT_CODE = "FAST_INSTANT_TRADE_PAY"
_UNKNOWN = "error_response"


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
            check_request(values, self._settings, {PAGE_PAY, *self._methods.by_name})
            method = values["method"]
            content = BizContent(values["biz_content"])
            if method == PAGE_PAY:
                return self._open_cashier(values, content)
        except RefusedError as error:
            method = values.get("method", "")
            log.info("%r refused: %r", method[:100], str(error))
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
            log.info("%r refused: %r", method, str(error))
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
        check_addresses(notify_url, return_url, self._settings.payment_notify_hosts)
        trade = self._ledger.open(order, notify_url, return_url, expires_in_s)
        return RedirectResponse(f"cashier/{trade.token}", 302)
