"""Notifications: what they say, when they come again, and how they go wrong on purpose."""

import asyncio
import re

import httpx
import pytest

from tests.merchant import APP_ID, NOTIFY_PORT, SELLER_ID, Merchant, events, pay


async def test_a_notification_tells_all_and_is_signed(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await pay(
        browser, merchant.order("notify-1", "12.30", body="两门课程", passback_params="a=1&b")
    )
    (told,) = await merchant.wait_for(1)
    assert merchant.is_genuine(told)
    head = merchant.heads[0].lower()
    assert head.startswith("post /notify?from=alipay http/1.1")
    assert "content-type: application/x-www-form-urlencoded; charset=utf-8" in head
    expected = {
        "notify_type": "trade_status_sync",
        "app_id": APP_ID,
        "auth_app_id": APP_ID,
        "seller_id": SELLER_ID,
        "charset": "utf-8",
        "version": "1.0",
        "sign_type": "RSA2",
        "out_trade_no": "notify-1",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "12.30",
        "receipt_amount": "12.30",
        "subject": "课程 & <b>Python</b>",
        "body": "两门课程",
        "passback_params": "a=1&b",
    }
    assert {name: told[name] for name in expected} == expected
    assert re.fullmatch(r"2088\d{12}", told["buyer_id"])
    for name in ("notify_time", "gmt_create", "gmt_payment"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", told[name])
    await asyncio.sleep(0.5)
    assert len(merchant.notified) == 1
    assert "'200 success'" in (await events(browser, "notify-1"))[0]


@pytest.mark.parametrize(
    "answer",
    ['"success"', "failed", "success\n", "Success", "", "500 No|success", "302 Found|success"],
)
async def test_all_but_the_bare_word_is_told_again(
    answer: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    merchant.answers = [answer, answer, "success"]
    number = f"again-{abs(hash(answer))}"
    await pay(browser, merchant.order(number))
    told = await merchant.wait_for(3)
    await asyncio.sleep(0.6)
    assert len(told) == 3
    assert len({one["notify_id"] for one in told}) == 1
    assert all(merchant.is_genuine(one) for one in told)
    waits = [
        later - sooner for sooner, later in zip(merchant.times, merchant.times[1:], strict=False)
    ]
    assert waits[0] >= 0.1
    assert waits[1] >= 0.2
    assert "'200 success'" in (await events(browser, number))[-1]


async def test_a_merchant_who_is_away_or_hangs_is_told_later(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    merchant.answers = ["hang", "success"]
    await pay(browser, merchant.order("hang-1"))
    await merchant.wait_for(2)
    assert "Timeout" in (await events(browser, "hang-1"))[0]


async def test_it_is_given_up_after_the_last_interval(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    merchant.answers = ["no"]
    await pay(browser, merchant.order("never-1"))
    await merchant.wait_for(5)
    await asyncio.sleep(0.7)
    assert len(merchant.notified) == 5
    assert (await events(browser, "never-1"))[-1].startswith("given up")


async def test_a_long_answer_is_not_read_to_its_end(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    merchant.answers = ["success" * 100_000, "success"]
    await pay(browser, merchant.order("long-1"))
    await merchant.wait_for(2)
    assert len((await events(browser, "long-1"))[0]) < 2000


@pytest.mark.parametrize(
    ("fault", "field", "right"),
    [
        ("notify-wrong-amount", "total_amount", "39.90"),
        ("notify-wrong-app", "app_id", APP_ID),
        ("notify-wrong-seller", "seller_id", SELLER_ID),
    ],
)
async def test_wrong_notifications_are_rightly_signed(
    fault: str, field: str, right: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await pay(browser, merchant.order(fault), fault=fault)
    (told,) = await merchant.wait_for(1)
    assert merchant.is_genuine(told)
    assert told[field] != right
    assert (await merchant.ask("query", out_trade_no=fault))["total_amount"] == "39.90"


async def test_a_wrong_signature_is_one(browser: httpx.AsyncClient, merchant: Merchant) -> None:
    await pay(browser, merchant.order("unsigned-1"), fault="notify-wrong-signature")
    (told,) = await merchant.wait_for(1)
    assert not merchant.is_genuine(told)


async def test_a_notification_comes_twice_late_or_never(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await pay(browser, merchant.order("two-1"), fault="notify-twice")
    first, second = await merchant.wait_for(2)
    assert first["notify_id"] == second["notify_id"]
    await pay(browser, merchant.order("never-2"), fault="notify-never")
    await pay(browser, merchant.order("late-1"), fault="notify-late", seconds="0.7")
    await asyncio.sleep(0.4)
    assert len(merchant.notified) == 2
    assert (await merchant.wait_for(3))[2]["out_trade_no"] == "late-1"
    assert "nobody is told" in (await events(browser, "never-2"))[0]


async def test_a_notification_comes_before_the_return(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    answer = await pay(browser, merchant.order("before-1"), fault="notify-before-return")
    assert answer.status_code == 303
    assert [one["out_trade_no"] for one in merchant.notified] == ["before-1"]


async def test_faults_are_armed_for_the_next_payments(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await browser.post("/alipay/faults/", data={"fault": "notify-wrong-app", "count": "1"})
    await pay(browser, merchant.order("armed-1"))
    await merchant.wait_for(1)
    await pay(browser, merchant.order("armed-2"))
    told = await merchant.wait_for(2)
    assert [one["app_id"] == APP_ID for one in told] == [False, True]


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/notify",
        f"http://localhost:{NOTIFY_PORT}/notify",
        "http://127.0.0.1:8009/",
        f"http://someone@127.0.0.1:{NOTIFY_PORT}/",
        f"ftp://127.0.0.1:{NOTIFY_PORT}/",
        f"http://127.0.0.1:{NOTIFY_PORT}.example.com/",
        f"http://127.0.0.1:{NOTIFY_PORT}/a b",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "notify",
    ],
)
async def test_it_is_no_open_relay(
    url: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    answer = await browser.get(merchant.order("relay-1", notify_url=url))
    assert answer.status_code == 400
    assert "isv.invalid-parameter" in answer.text
