"""The cashier: what people see, and where they go."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from demo.payment.faults import EXPLAINED

from tests.merchant import APP_ID, RETURN_URL, SELLER_ID, Merchant, pay

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
README = Path(__file__).parent.parent / "README.md"


async def test_a_person_pays_and_returns_with_signed_parameters(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    answer = await pay(browser, merchant.order("pay-1"))
    assert answer.status_code == 303
    url = urlsplit(answer.headers["location"])
    assert (url.path, url.fragment) == ("/paid", "thanks")
    values = dict(parse_qsl(url.query, strict_parsing=True))
    assert values.pop("shop") == "1"
    assert merchant.is_genuine(values)
    assert values["out_trade_no"] == "pay-1"
    assert values["total_amount"] == "39.90"
    assert values["method"] == "alipay.trade.page.pay.return"
    assert (values["app_id"], values["seller_id"]) == (APP_ID, SELLER_ID)
    assert re.fullmatch(r"\d{28}", values["trade_no"])
    (told,) = await merchant.wait_for(1)
    assert told["trade_no"] == values["trade_no"]
    values["total_amount"] = "0.01"
    assert not merchant.is_genuine(values)


async def test_the_page_tells_what_is_paid_to_whom(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    page = await browser.get(
        merchant.order("page-1", "1234.5"),
        follow_redirects=True,
        headers={"Accept-Language": "en-US,en;q=0.9,zh;q=0.5"},
    )
    assert '<html lang="en">' in page.text
    assert "¥1234.50" in page.text
    assert "Luffy" in page.text
    assert "page-1" in page.text
    assert "课程 &amp; &lt;b&gt;Python&lt;/b&gt;" in page.text
    assert 'name="viewport" content="width=device-width' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accepted", "query", "button"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "确认付款"),
        ("en;q=0.2, zh;q=0.9", "", "确认付款"),
        ("fr,en;q=0.5", "", "Pay ¥"),
        ("fr", "", "确认付款"),
        ("", "", "确认付款"),
        (";;,=;q=x,en;q", "", "Pay ¥"),
        ("zh", "?lang=en", "Pay ¥"),
        ("en", "?lang=zh", "确认付款"),
        ("en", "?lang=xx", "Pay ¥"),
    ],
)
async def test_it_speaks_the_language_of_the_person(
    accepted: str, query: str, button: str, browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    page = await browser.get(merchant.order("language-1"), follow_redirects=True)
    answer = await browser.get(f"{page.url.path}{query}", headers={"Accept-Language": accepted})
    assert button in answer.text


async def test_cancelling_tells_nobody_and_the_order_can_still_be_paid(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    page = await browser.get(merchant.order("cancel-1"), follow_redirects=True)
    answer = await browser.post(f"{page.url.path}/cancel?lang=en", follow_redirects=True)
    assert answer.status_code == 200
    assert "You cancelled" in answer.text
    assert RETURN_URL in answer.text
    assert "<script" not in answer.text
    assert (await merchant.ask("query", out_trade_no="cancel-1"))["trade_status"] == (
        "WAIT_BUYER_PAY"
    )
    assert merchant.notified == []
    assert (await browser.post(f"{page.url.path}/pay")).status_code == 303
    await merchant.wait_for(1)


async def test_paying_twice_is_paying_once(browser: httpx.AsyncClient, merchant: Merchant) -> None:
    page = await browser.get(merchant.order("twice-1"), follow_redirects=True)
    for _ in range(3):
        answer = await browser.post(f"{page.url.path}/pay")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("http://127.0.0.1:18201/paid?shop=1&")
    assert len(await merchant.wait_for(1)) == 1
    shown = await browser.get(f"{page.url.path}?lang=en")
    assert "This order is paid." in shown.text
    assert "/pay" not in shown.text


async def test_the_same_order_is_the_same_trade_and_a_paid_one_says_so(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    first = await browser.get(merchant.order("same-1"))
    assert first.status_code == 302
    again = await browser.get(merchant.order("same-1"))
    assert again.headers["location"] == first.headers["location"]
    other = await browser.get(merchant.order("same-1", "39.91"))
    assert other.status_code == 400
    assert "ACQ.CONTEXT_INCONSISTENT" in other.text
    await pay(browser, merchant.order("same-1"))
    paid = await browser.get(merchant.order("same-1"), headers={"Accept-Language": "en"})
    assert paid.status_code == 409
    assert "This order is paid." in paid.text
    assert "ACQ.TRADE_HAS_SUCCESS" in paid.text
    await merchant.wait_for(1)


async def test_an_order_without_addresses_is_paid_on_the_page(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    path = merchant.order("quiet-1", return_url=None, notify_url=None)
    answer = await pay(browser, path)
    assert answer.status_code == 303
    shown = await browser.get(str(answer.url.join(answer.headers["location"])))
    assert shown.status_code == 200
    assert "该订单已付款" in shown.text or "This order is paid" in shown.text
    assert (await merchant.ask("query", out_trade_no="quiet-1"))["trade_status"] == "TRADE_SUCCESS"


async def test_an_order_that_was_closed_cannot_be_paid(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    page = await browser.get(merchant.order("closed-1"), follow_redirects=True)
    await merchant.ask("close", out_trade_no="closed-1")
    answer = await browser.post(f"{page.url.path}/pay", follow_redirects=True)
    assert answer.status_code == 409
    assert (await browser.get(page.url.path)).status_code == 409
    again = await browser.get(merchant.order("closed-1"))
    assert again.status_code == 409
    assert "ACQ.TRADE_HAS_CLOSE" in again.text
    assert merchant.notified == []


@pytest.mark.parametrize("path", ["", "/pay", "/cancel"])
async def test_an_unknown_page_of_the_cashier_is_404(path: str, browser: httpx.AsyncClient) -> None:
    method = "POST" if path else "GET"
    answer = await browser.request(method, f"/alipay/cashier/nobodys{path}")
    assert answer.status_code == 404
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    "form", [{"fault": "x"}, {"fault": "notify-late", "seconds": "nan"}, {"fault": "answer-hangs"}]
)
async def test_an_unknown_fault_pays_nothing(
    form: dict[str, str], browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    answer = await pay(browser, merchant.order("fault-0"), **form)
    assert answer.status_code == 400
    assert (await merchant.ask("query", out_trade_no="fault-0"))["trade_status"] == (
        "WAIT_BUYER_PAY"
    )


async def test_the_front_page_leads_to_the_gateway_and_the_inbox(
    browser: httpx.AsyncClient, merchant: Merchant
) -> None:
    await browser.get(merchant.order("listed-1"))
    front = (await browser.get("/")).text
    assert 'href="alipay/"' in front
    assert 'href="sms/inbox/"' in front
    page = await browser.get("/alipay/")
    assert "listed-1" in page.text
    assert "<script" not in page.text
    assert "127.0.0.1:18201" in page.text
    told = (await browser.get("/alipay/?format=json&out_trade_no=listed-1")).json()
    assert [trade["status"] for trade in told["trades"]] == ["WAIT_BUYER_PAY"]


def test_the_readme_names_every_fault() -> None:
    readme = README.read_text(encoding="utf-8")
    for fault, explained in EXPLAINED.items():
        assert f"| `{fault}` | {explained} |" in readme


@pytest.mark.parametrize("query", ["%ff", "a=%00", "=&&=", "phone=%ED%A0%80", "x=" + "y" * 900])
@pytest.mark.parametrize("host", ["shop", "[", "a b", "%"])
async def test_strange_questions_find_no_500(
    query: str, host: str, browser: httpx.AsyncClient
) -> None:
    names = ("lang", "out_trade_no", "format", "phone", "fault", "cancelled")
    text = "&".join([query, *(f"{name}={query}" for name in names)])
    paths = ["/alipay/", "/alipay/gateway.do", "/alipay/key.pem", "/alipay/faults/", "/sms/"]
    for path in [*paths, "/sms/inbox/", f"/alipay/cashier/{query}", f"/alipay/{query}"]:
        for method in ("GET", "POST", "HEAD", "PUT"):
            answer = await browser.request(
                method, f"{path}?{text}", headers={"Host": host, **FORM}, content=text.encode()
            )
            assert answer.status_code < 500, (method, path)
