"""alipay.trade.* as a merchant asks it through the SDK, which verifies every answer."""

import asyncio
import itertools

import httpx
import pytest
from alipay.exceptions import AliPayException, AliPayValidationError

from tests.merchant import Merchant, new_key, pay, public_pem

NUMBERS = itertools.count(1)


@pytest.fixture
async def paid(browser: httpx.AsyncClient, merchant: Merchant) -> str:
    """The number of a paid order of 100.00."""
    number = f"paid-{next(NUMBERS)}"
    await pay(browser, merchant.order(number, "100.00"))
    await merchant.wait_for(1)
    merchant.notified.clear()
    return number


async def test_an_order_is_not_there_until_its_page_was_opened(merchant: Merchant) -> None:
    answer = await merchant.ask("query", out_trade_no="nobody-came")
    assert (answer["code"], answer["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")
    assert answer["out_trade_no"] == "nobody-came"


async def test_a_paid_order_is_told_by_either_number(paid: str, merchant: Merchant) -> None:
    answer = await merchant.ask("query", out_trade_no=paid)
    assert (answer["code"], answer["msg"]) == ("10000", "Success")
    assert answer["trade_status"] == "TRADE_SUCCESS"
    assert answer["total_amount"] == answer["receipt_amount"] == "100.00"
    assert answer["send_pay_date"]
    by_number = await merchant.ask("query", trade_no=answer["trade_no"], out_trade_no="other")
    assert by_number["out_trade_no"] == paid


async def test_parts_are_refunded_once_each_and_never_more_than_was_paid(
    paid: str, merchant: Merchant
) -> None:
    first = await merchant.ask("refund", out_trade_no=paid, refund_amount=30, out_request_no="r1")
    assert (first["code"], first["fund_change"], first["refund_fee"]) == ("10000", "Y", "30.00")
    again = await merchant.ask(
        "refund", out_trade_no=paid, refund_amount="30.00", out_request_no="r1"
    )
    assert (again["fund_change"], again["refund_fee"]) == ("N", "30.00")
    other = await merchant.ask("refund", out_trade_no=paid, refund_amount="31", out_request_no="r1")
    assert other["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    more = await merchant.ask(
        "refund", out_trade_no=paid, refund_amount="70.01", out_request_no="r2"
    )
    assert more["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    without = await merchant.ask("refund", out_trade_no=paid, refund_amount="1")
    assert without["sub_code"] == "ACQ.INVALID_PARAMETER"
    rest = await merchant.ask(
        "refund", out_trade_no=paid, refund_amount="70.00", out_request_no="r2"
    )
    assert (rest["fund_change"], rest["refund_fee"]) == ("Y", "100.00")
    assert (await merchant.ask("query", out_trade_no=paid))["trade_status"] == "TRADE_CLOSED"
    told = await merchant.wait_for(2)
    assert [(one["refund_fee"], one["trade_status"]) for one in told] == [
        ("30.00", "TRADE_SUCCESS"),
        ("100.00", "TRADE_CLOSED"),
    ]
    assert [one["out_biz_no"] for one in told] == ["r1", "r2"]
    assert all(merchant.is_genuine(one) for one in told)


async def test_refunds_at_once_are_never_more_than_was_paid(paid: str, merchant: Merchant) -> None:
    answers = await asyncio.gather(
        *(
            merchant.ask(
                "refund", out_trade_no=paid, refund_amount="40.00", out_request_no=f"at-once-{at}"
            )
            for at in range(6)
        )
    )
    assert sorted(answer["code"] for answer in answers) == ["10000"] * 2 + ["40004"] * 4


async def test_everything_is_refunded_without_a_number(paid: str, merchant: Merchant) -> None:
    answer = await merchant.ask("refund", out_trade_no=paid, refund_amount="100.00")
    assert answer["fund_change"] == "Y"
    again = await merchant.ask("refund", out_trade_no=paid, refund_amount="100.00")
    assert again["fund_change"] == "N"
    found = await merchant.ask("fastpay.refund.query", out_trade_no=paid, out_request_no=paid)
    assert found["refund_status"] == "REFUND_SUCCESS"
    assert found["refund_amount"] == "100.00"


async def test_a_refund_is_found_by_its_number_alone(paid: str, merchant: Merchant) -> None:
    await merchant.ask("refund", out_trade_no=paid, refund_amount="0.01", out_request_no="r1")
    found = await merchant.ask("fastpay.refund.query", out_trade_no=paid, out_request_no="r1")
    assert (found["refund_amount"], found["total_amount"]) == ("0.01", "100.00")
    none = await merchant.ask("fastpay.refund.query", out_trade_no=paid, out_request_no="r2")
    assert none == {"code": "10000", "msg": "Success"}
    wrong = await merchant.ask("fastpay.refund.query", out_trade_no=paid)
    assert wrong["sub_code"] == "ACQ.INVALID_PARAMETER"


async def test_what_was_not_paid_is_not_refunded(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await browser.get(merchant.order("unpaid-1"))
    fields = {"out_trade_no": "unpaid-1", "refund_amount": "39.90"}
    assert (await merchant.ask("refund", **fields))["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert (await merchant.ask("close", out_trade_no="unpaid-1"))["code"] == "10000"
    assert (await merchant.ask("refund", **fields))["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


async def test_only_waiting_orders_are_closed(paid: str, merchant: Merchant) -> None:
    answer = await merchant.ask("close", out_trade_no=paid)
    assert answer["sub_code"] == "ACQ.REASON_TRADE_STATUS_INVALID"
    nobody = await merchant.ask("close", out_trade_no="nobody-came")
    assert nobody["sub_code"] == "ACQ.TRADE_NOT_EXIST"


async def test_cancelling_closes_or_refunds_and_may_be_repeated(
    paid: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    answer = await merchant.ask("cancel", out_trade_no=paid)
    assert (answer["action"], answer["retry_flag"]) == ("refund", "N")
    assert "action" not in await merchant.ask("cancel", out_trade_no=paid)
    await browser.get(merchant.order("cancelled-1"))
    assert (await merchant.ask("cancel", out_trade_no="cancelled-1"))["action"] == "close"
    nobody = await merchant.ask("cancel", out_trade_no="nobody-came")
    assert (nobody["code"], nobody.get("action")) == ("10000", None)
    (told,) = await merchant.wait_for(1)
    assert told["refund_fee"] == "100.00"


async def test_what_was_partly_refunded_is_not_cancelled(paid: str, merchant: Merchant) -> None:
    await merchant.ask("refund", out_trade_no=paid, refund_amount="1", out_request_no="r1")
    answer = await merchant.ask("cancel", out_trade_no=paid)
    assert answer["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"


@pytest.mark.parametrize("amount", ["0", "0.00", "-1", "1.001", "1e2", "x", "", None, [], True])
async def test_bad_amounts_are_refused(amount: object, paid: str, merchant: Merchant) -> None:
    answer = await merchant.ask(
        "refund", out_trade_no=paid, refund_amount=amount, out_request_no="r1"
    )
    assert answer["sub_code"] == "ACQ.INVALID_PARAMETER"


@pytest.mark.parametrize("fields", [{}, {"out_trade_no": ""}, {"out_trade_no": "a b"}])
async def test_a_trade_must_be_named(fields: dict[str, str], merchant: Merchant) -> None:
    for method in ("query", "refund", "close", "cancel", "fastpay.refund.query"):
        answer = await merchant.ask(method, **fields)
        assert answer["sub_code"] == "ACQ.INVALID_PARAMETER"


async def test_another_merchants_key_is_refused(merchant: Merchant) -> None:
    merchant.sdk = Merchant(public_pem(new_key()), new_key()).sdk
    with pytest.raises(AliPayValidationError):  # nor does it know the gateway's key
        await merchant.ask("query", out_trade_no="x")


async def test_a_wrong_signature_is_told_with_a_right_one(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    pem = (await browser.get("/alipay/key.pem")).text
    merchant.sdk = Merchant(pem, new_key()).sdk
    answer = await merchant.ask("query", out_trade_no="x")
    assert (answer["code"], answer["sub_code"]) == ("40002", "isv.invalid-signature")


async def test_another_application_gets_no_signature(merchant: Merchant) -> None:
    merchant.sdk._appid = "9021000100000002"
    with pytest.raises(AliPayException, match=r"isv\.invalid-app-id"):
        await merchant.ask("query", out_trade_no="x")


async def test_the_fault_that_an_answer_hangs_comes_after_the_deed(
    paid: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    armed = {"fault": "answer-hangs", "count": "1", "seconds": "4"}
    assert (await browser.post("/alipay/faults/", data=armed)).status_code == 303
    fields = {"out_trade_no": paid, "refund_amount": "5", "out_request_no": "r1"}
    with pytest.raises(TimeoutError):
        await merchant.ask("refund", **fields)
    assert (await merchant.ask("refund", **fields))["fund_change"] == "N"


async def test_the_faults_of_answers(
    paid: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await browser.post("/alipay/faults/", data={"fault": "answer-wrong-signature", "count": "1"})
    assert "answer-wrong-signature" in (await browser.get("/alipay/faults/")).text
    with pytest.raises(AliPayValidationError):
        await merchant.ask("query", out_trade_no=paid)
    await browser.post("/alipay/faults/", data={"fault": "answer-fails", "count": "2"})
    told = (await browser.get("/alipay/faults/?format=json")).json()
    assert told == {"armed": [{"fault": "answer-fails", "count": 2, "seconds": 10.0}]}
    fields = {"out_trade_no": paid, "refund_amount": "5", "out_request_no": "r1"}
    for _ in range(2):
        answer = await merchant.ask("refund", **fields)
        assert (answer["code"], answer["sub_code"]) == ("20000", "isp.unknown-error")
    assert (await merchant.ask("refund", **fields))["fund_change"] == "Y"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"fault": "x"},
        {"fault": "answer-hangs", "count": "-1"},
        {"fault": "answer-hangs", "count": "101"},
        {"fault": "answer-hangs", "count": "٣"},
        {"fault": "answer-hangs", "seconds": "inf"},
        {"fault": "answer-hangs", "seconds": "121"},
        {"fault": "x" * 2000},
    ],
)
async def test_bad_faults_are_told(form: dict[str, str], browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/alipay/faults/", data=form)
    assert answer.status_code == 400
    assert answer.text.startswith("expected ")
