"""What the gateway answers is believed only if all of it is right; each failure has its name."""

import json
import logging
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from luffy.outside.client import OutsideClient
from luffy.outside.failures import (
    BadAnswerError,
    CircuitOpenError,
    NoAnswerError,
    NotReachedError,
    OutsideError,
    RefusedError,
)
from shop.payment import alipay
from shop.payment.alipay import Alipay
from shop.payment.provider import Bill, TradeState
from tests.payment_gateway import Deal, PaymentGateway, new_key, private_pem, public_pem

NUMBER = "a" * 32


@pytest.fixture
def merchant(gateway: PaymentGateway) -> Alipay:
    """The site's side, and a trade that waits."""
    gateway.deals[NUMBER] = Deal("39.00")
    return Alipay(gateway.settings())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that waits for a moment only."""
    client = OutsideClient("alipay", alipay.alipay_circuit, 0.5, 0.3, most_bytes=4096)
    monkeypatch.setattr(alipay, "alipay_client", client)


def test_a_trade_in_each_state(merchant: Alipay, gateway: PaymentGateway) -> None:
    deal = gateway.deals[NUMBER]
    assert merchant.trade("b" * 32).state == TradeState.ABSENT
    for state, expected in (
        ("WAIT_BUYER_PAY", TradeState.WAITING),
        ("TRADE_SUCCESS", TradeState.PAID),
        ("TRADE_FINISHED", TradeState.PAID),
        ("TRADE_CLOSED", TradeState.CLOSED),
    ):
        deal.state = state
        trade = merchant.trade(NUMBER)
        assert (trade.state, trade.trade_no, trade.amount) == (
            expected,
            deal.trade_no,
            Decimal("39.00"),
        )


def test_a_trade_is_closed_once_unless_it_was_paid(
    merchant: Alipay, gateway: PaymentGateway
) -> None:
    merchant.close("b" * 32)
    merchant.close(NUMBER)
    assert gateway.deals[NUMBER].state == "TRADE_CLOSED"
    gateway.deals[NUMBER].state = "TRADE_SUCCESS"
    with pytest.raises(RefusedError, match=r"ACQ\.REASON_TRADE_STATUS_INVALID"):
        merchant.close(NUMBER)


def test_a_refund_is_done_once_however_often_it_is_asked(
    merchant: Alipay, gateway: PaymentGateway
) -> None:
    gateway.deals[NUMBER].state = "TRADE_SUCCESS"
    for _time in range(3):
        merchant.refund(NUMBER, "r1", Decimal("9.00"), "Wrong course")
    assert gateway.deals[NUMBER].refunds == {"r1": "9.00"}
    with pytest.raises(RefusedError, match=r"ACQ\.REFUND_AMT_NOT_EQUAL_TOTAL"):
        merchant.refund(NUMBER, "r2", Decimal("30.01"), "Too much")


def test_a_refund_that_the_gateway_does_not_confirm_is_not_done(
    merchant: Alipay, gateway: PaymentGateway
) -> None:
    gateway.deals[NUMBER].state = "TRADE_SUCCESS"
    gateway.lies = {"fund_change": "N", "refund_status": ""}
    with pytest.raises(BadAnswerError, match="refund_status"):
        merchant.refund(NUMBER, "r1", Decimal("9.00"), "")


def test_a_page_never_ends_sooner_than_alipay_takes(
    merchant: Alipay, gateway: PaymentGateway
) -> None:
    del gateway.deals[NUMBER]
    bill = Bill(NUMBER, "Knots", Decimal("39"), timezone.now() + timedelta(seconds=5))
    content = gateway.open(merchant.pay_url(bill))
    assert content["total_amount"] == "39.00"
    soonest = timezone.localtime(timezone.now() + timedelta(seconds=55))
    assert content["time_expire"] > soonest.strftime("%Y-%m-%d %H:%M:%S")


def test_browsers_may_be_led_elsewhere_than_we_ask(gateway: PaymentGateway) -> None:
    page = "https://cashier.example/gateway.do"
    merchant = Alipay(gateway.settings(page_url=page))
    bill = Bill(NUMBER, "Knots", Decimal("39"), timezone.now() + timedelta(hours=1))
    assert merchant.pay_url(bill).startswith(f"{page}?")
    assert merchant.trade(NUMBER).state == TradeState.ABSENT


def test_times_are_chinas_wherever_we_are(gateway: PaymentGateway, settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    moment = datetime.fromisoformat("2026-11-28T23:30:00+00:00")
    assert alipay._china_time(moment) == "2026-11-29 07:30:00"


# --- silent, slow, nonsense, wrong ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ((500, b"{}"), "HTTP 500"),
        ((302, b"{}"), "HTTP 302"),
        ((200, b"<html>"), "without a signed object"),
        ((200, b""), "without a signed object"),
        ((200, b"\xff\xfe"), "without a signed object"),
        ((200, b"[]"), "without a signed object"),
        ((200, b"null"), "without a signed object"),
        ((200, b'{"sign": "AAAA"}'), "without a signed object"),
        ((200, b'{"alipay_trade_query_response": null}'), "without a signed object"),
        ((200, b'{"alipay_trade_query_response": {"code": "10000"}, "sign": 7}'), "without"),
        ((200, b'{"alipay_trade_query_response": {"code": "10000"}, "sign": "x"}'), "without"),
        ((200, b'{"alipay_trade_query_response": {"code": "10000"}, "sign": "AAAA"}'), "signature"),
        (
            (200, b'{"error_response": {"code": "40002", "sub_code": "isv.invalid-app-id"}}'),
            "isv.invalid-app-id",
        ),
        ((200, b"[" * 3000), "without a signed object"),
        ((200, b"x" * 5000), "longer than 4096 bytes"),
    ],
)
def test_nonsense_is_no_answer(
    merchant: Alipay,
    gateway: PaymentGateway,
    impatient: None,
    answer: tuple[int, bytes],
    found: str,
) -> None:
    gateway.answer = answer
    with pytest.raises(BadAnswerError, match=found):
        merchant.trade(NUMBER)


def test_an_answer_that_another_signed_is_none(merchant: Alipay, gateway: PaymentGateway) -> None:
    gateway.deals[NUMBER].state = "TRADE_SUCCESS"
    gateway.forges = True
    with pytest.raises(BadAnswerError, match="signature"):
        merchant.trade(NUMBER)


@pytest.mark.parametrize(
    "lies",
    [
        {"out_trade_no": "b" * 32},
        {"trade_status": "TRADE_MAYBE"},
        {"total_amount": "much"},
        {"trade_no": ""},
        {"code": "20000", "sub_code": "isp.unknown-error"},
        {"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"},
    ],
)
def test_a_signed_answer_of_something_else_is_none(
    merchant: Alipay, gateway: PaymentGateway, lies: dict[str, str]
) -> None:
    gateway.lies = lies
    with pytest.raises(BadAnswerError):
        merchant.trade(NUMBER)


def test_a_gateway_that_is_silent_or_slow_costs_a_moment(
    merchant: Alipay, gateway: PaymentGateway, impatient: None
) -> None:
    began = time.monotonic()
    gateway.hangs_up = True
    with pytest.raises(NoAnswerError):
        merchant.trade(NUMBER)
    gateway.hangs_up, gateway.delay_s = False, 1.0
    with pytest.raises(NoAnswerError):
        merchant.trade(NUMBER)
    assert gateway.asked == ["alipay.trade.query"] * 2, "what may have been done is asked once"
    assert time.monotonic() - began < 3


def test_after_failures_in_a_row_it_is_left_alone(
    merchant: Alipay, gateway: PaymentGateway
) -> None:
    gateway.answer = (500, b"")
    for error in (BadAnswerError, BadAnswerError, BadAnswerError, CircuitOpenError):
        with pytest.raises(error):
            merchant.trade(NUMBER)
    assert len(gateway.asked) == 3


def test_a_gateway_that_is_not_there_is_not_reached(gateway: PaymentGateway) -> None:
    merchant = Alipay(gateway.settings(gateway_url="http://127.0.0.1:9/gateway.do"))
    with pytest.raises(NotReachedError):
        merchant.trade(NUMBER)


def test_refusals_of_an_order_open_no_circuit(merchant: Alipay, gateway: PaymentGateway) -> None:
    for _time in range(5):
        assert merchant.trade("b" * 32).state == TradeState.ABSENT
    assert merchant.trade(NUMBER).state == TradeState.WAITING


def test_another_key_than_the_gateway_knows_is_told(gateway: PaymentGateway) -> None:
    merchant = Alipay(gateway.settings(private_key=private_pem(new_key())))
    with pytest.raises(BadAnswerError, match=r"isv\.invalid-signature"):
        merchant.trade(NUMBER)
    merchant = Alipay(gateway.settings(public_key=public_pem(new_key())))
    gateway.deals[NUMBER] = Deal("39.00")
    with pytest.raises(BadAnswerError, match="signature is not the gateway's"):
        merchant.trade(NUMBER)


def test_nothing_secret_is_in_the_log_or_the_settings_text(
    merchant: Alipay, gateway: PaymentGateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    merchant.trade(NUMBER)
    gateway.answer = (500, b"")
    with pytest.raises(OutsideError):
        merchant.trade(NUMBER)
    logged = json.dumps(
        [{**record.__dict__, "args": str(record.args)} for record in caplog.records], default=str
    )
    assert "luffy.outside.client" in logged
    assert NUMBER not in logged
    assert "sign=" not in logged
    assert "PRIVATE KEY" not in repr(gateway.settings())
