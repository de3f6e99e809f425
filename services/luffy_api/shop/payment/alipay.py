"""Alipay's page pay: python-alipay-sdk makes and verifies the signatures, our client asks.

https://opendocs.alipay.com/open/270/105898 and the pages of the alipay.trade.* methods.
"""

import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from alipay import AliPay, AliPayException
from alipay.exceptions import AliPayValidationError
from django.utils import timezone

from luffy.environment import AlipaySettings
from luffy.outside.circuit import Circuit
from luffy.outside.client import Answer, OutsideClient
from luffy.outside.failures import BadAnswerError, RefusedError
from shop.payment.provider import Bill, NotGenuineError, Notification, Trade, TradeState

SIGN_TYPE = "RSA2"
CHARSET = "utf-8"
DONE = "10000"
OF_THE_ORDER = "40004"
ABSENT = "ACQ.TRADE_NOT_EXIST"
# Its own faults come as refusals of the order: what was asked may be done all the same.
_ITS_OWN_FAULT = frozenset({"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "SYSTEM_ERROR"})
_STATES = {
    "WAIT_BUYER_PAY": TradeState.WAITING,
    "TRADE_SUCCESS": TradeState.PAID,
    "TRADE_FINISHED": TradeState.PAID,
    "TRADE_CLOSED": TradeState.CLOSED,
}
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?\Z")
_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
# Alipay refuses these in a subject.
_NOT_IN_A_SUBJECT = str.maketrans(dict.fromkeys('/=&<>"\\', " "))
# Alipay takes no end of a trade that is nearer.
SHORTEST_TRADE = timedelta(minutes=1)
_CHINA = ZoneInfo("Asia/Shanghai")

# Three failures and it is left alone for half a minute: buyers are told at once meanwhile.
alipay_circuit = Circuit(failures=3, open_s=30)
alipay_client = OutsideClient("alipay", alipay_circuit, connect_timeout_s=2, read_timeout_s=5)


class Alipay:
    """A merchant's side of Alipay; implements `shop.payment.provider.Provider`."""

    def __init__(self, settings: AlipaySettings) -> None:
        self._settings = settings
        self._sdk = _Sdk(settings)

    def pay_url(self, bill: Bill) -> str:
        """Where the buyer's browser goes to pay."""
        ends = max(bill.expires, timezone.now() + SHORTEST_TRADE)
        signed = self._sdk.api_alipay_trade_page_pay(
            subject=bill.subject.translate(_NOT_IN_A_SUBJECT),
            out_trade_no=bill.out_trade_no,
            total_amount=f"{bill.amount:.2f}",
            return_url=self._settings.return_url,
            notify_url=self._settings.notify_url,
            time_expire=_china_time(ends),
        )
        return f"{self._settings.page_url}?{signed}"

    def trade(self, out_trade_no: str) -> Trade:
        """What Alipay knows of an order: nothing before its page was opened."""
        try:
            found = self._sdk.api_alipay_trade_query(out_trade_no=out_trade_no)
        except RefusedError as refusal:
            if refusal.code == ABSENT:
                return Trade(TradeState.ABSENT)
            raise
        _expect(found, "out_trade_no", out_trade_no)
        try:
            return _trade(found)
        except NotGenuineError as error:
            raise BadAnswerError(str(error)) from None

    def close(self, out_trade_no: str) -> None:
        """Close a trade that waits; one that is absent has nothing to close."""
        try:
            found = self._sdk.api_alipay_trade_close(out_trade_no=out_trade_no)
        except RefusedError as refusal:
            if refusal.code != ABSENT:
                raise
        else:
            _expect(found, "out_trade_no", out_trade_no)

    def refund(self, out_trade_no: str, out_request_no: str, amount: Decimal, reason: str) -> None:
        """Give money back.

        Only `fund_change` Y says that money moved. Without it, as when the same was asked before,
        Alipay is asked what became of it.
        """
        found = self._sdk.api_alipay_trade_refund(
            refund_amount=f"{amount:.2f}",
            out_trade_no=out_trade_no,
            out_request_no=out_request_no,
            refund_reason=reason,
        )
        _expect(found, "out_trade_no", out_trade_no)
        if found.get("fund_change") == "Y":
            return
        found = self._sdk.api_alipay_trade_fastpay_refund_query(
            out_request_no=out_request_no, out_trade_no=out_trade_no
        )
        _expect(found, "out_request_no", out_request_no)
        _expect(found, "refund_status", "REFUND_SUCCESS")
        _expect(found, "refund_amount", f"{amount:.2f}")

    def notification(self, values: Mapping[str, str]) -> Notification:
        """Verify a notification, in the order in which it could be wrong."""
        self._verify(values)
        out_trade_no = values.get("out_trade_no", "")
        if not _NUMBER.match(out_trade_no):
            raise NotGenuineError("the out_trade_no is none of ours")
        is_of_refund = bool(values.get("refund_fee") or values.get("out_biz_no"))
        return Notification(out_trade_no, _trade(values), is_of_refund)

    def check_return(self, values: Mapping[str, str]) -> None:
        """Verify what a buyer came back with. It has no state: it never says that it was paid."""
        self._verify(values)

    def _verify(self, values: Mapping[str, str]) -> None:
        if values.get("sign_type") != SIGN_TYPE:
            raise NotGenuineError("the sign_type is not RSA2")
        if not self._sdk.is_signed(values):
            raise NotGenuineError("the signature is not the gateway's")
        if values.get("charset", "").lower() != CHARSET:
            raise NotGenuineError("the charset is not utf-8")
        if values.get("app_id") != self._settings.app_id:
            raise NotGenuineError("the app_id is not ours")
        if values.get("seller_id") != self._settings.seller_id:
            raise NotGenuineError("the seller_id is not ours")


class _Sdk(AliPay):  # type: ignore[misc]  # it has no types
    """python-alipay-sdk, asking through our client: its own has neither a limit of size, nor of
    the whole time, nor a circuit."""

    def __init__(self, settings: AlipaySettings) -> None:
        super().__init__(
            appid=settings.app_id,
            app_private_key_string=settings.private_key,
            alipay_public_key_string=settings.public_key,
            sign_type=SIGN_TYPE,
        )
        self._gateway = settings.gateway_url

    def build_body(self, method: str, biz_content: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The parameters of a request. Alipay reads its time as China's, wherever we are."""
        body: dict[str, Any] = super().build_body(method, biz_content, **kwargs)
        return body | {"timestamp": _china_time(timezone.now())}

    def verified_sync_response(self, data: dict[str, Any], response_type: str) -> dict[str, Any]:
        """Ask, and return the object of the answer once its signature is verified.

        As the body of a POST: a query would end in the logs of proxies.
        """
        form = dict(parse_qsl(self.sign_data(data), keep_blank_values=True))
        found: dict[str, Any] = {}

        def check(answer: Answer) -> None:
            found.update(self._checked(answer, response_type))

        alipay_client.call("POST", self._gateway, form, check)
        return found

    def is_signed(self, values: Mapping[str, str]) -> bool:
        """Whether the gateway signed the parameters of a notification or a return."""
        parameters = dict(values)
        try:
            return bool(self.verify(parameters, parameters.pop("sign", "")))
        except (AliPayException, binascii.Error, ValueError):
            return False

    def _checked(self, answer: Answer, response_type: str) -> dict[str, Any]:
        try:
            text = answer.body.decode()
            found = self._verify_and_return_sync_response(text, response_type)
            code, sub_code = str(found["code"]), str(found.get("sub_code", ""))
        except AliPayException:
            # It knows no such application, or not our key: then it does not sign.
            raise BadAnswerError(f"refused without a signature: {_sub_code(text)}") from None
        except AliPayValidationError:
            raise BadAnswerError("the signature is not the gateway's") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BadAnswerError(f"HTTP {answer.status} without a signed object") from None
        if code == DONE:
            return dict(found)
        if code == OF_THE_ORDER and sub_code not in _ITS_OWN_FAULT:
            raise RefusedError(_shown(sub_code))
        raise BadAnswerError(f"refused with {_shown(code)} {_shown(sub_code)}")

    def _get_string_to_be_signed(self, raw_string: str, response_type: str) -> str:
        """The text of the object that is signed. The SDK's own counts braces in texts too."""
        start = raw_string.index("{", raw_string.index(f'"{response_type}"'))
        _object, end = json.JSONDecoder().raw_decode(raw_string, start)
        return raw_string[start:end]


def _trade(values: Mapping[str, Any]) -> Trade:
    """A trade's state, number and amount.

    Raises:
        NotGenuineError: one of them is none.
    """
    state = _STATES.get(str(values.get("trade_status")))
    trade_no, amount = str(values.get("trade_no")), str(values.get("total_amount"))
    if state is None:
        raise NotGenuineError("the trade_status is unknown")
    if not _NUMBER.match(trade_no):
        raise NotGenuineError("the trade_no is none")
    if not _AMOUNT.match(amount):
        raise NotGenuineError("the total_amount is none")
    return Trade(state, trade_no, Decimal(amount))


def _expect(found: Mapping[str, Any], name: str, value: str) -> None:
    """See that an answer is of what was asked: a signed one could be another's.

    Raises:
        BadAnswerError: it is not.
    """
    if found.get(name) != value:
        raise BadAnswerError(f"the answer's {name} is not the one that was asked for")


def _sub_code(text: str) -> str:
    found: Any = json.loads(text)
    for answer in found.values():
        if isinstance(answer, dict):
            return _shown(str(answer.get("sub_code")))
    return "no reason"


def _shown(text: str) -> str:
    # Printable and short, whoever wrote it: it goes into the log.
    return ascii(text[:80])[1:-1]


def _china_time(moment: datetime) -> str:
    return moment.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M:%S")
