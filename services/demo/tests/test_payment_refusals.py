"""Requests that no merchant should send, made by hand: each is refused by its name, not a 500."""

import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from demo.key_files import read_public_key
from demo.pages import build_app
from demo.payment.parameters import CHINA
from demo.payment.signing import Signer, signed_text, verify

from tests.conftest import MakeSettings
from tests.merchant import APP_ID, MERCHANTS_KEY, NOTIFY_URL, RETURN_URL, environment

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.fixture
def client(make_settings: MakeSettings, tmp_path: Path) -> httpx.AsyncClient:
    app = build_app(make_settings(**environment(tmp_path)))
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8009")


ORDER = {
    "out_trade_no": "order-1",
    "total_amount": "10.00",
    "subject": "x",
    "product_code": "FAST_INSTANT_TRADE_PAY",
}


def request(
    method: str = "alipay.trade.query",
    content: object = None,
    key: rsa.RSAPrivateKey = MERCHANTS_KEY,
    **changes: str | None,
) -> dict[str, str]:
    """A signed request; what is changed to None is left out."""
    fields = {"out_trade_no": "order-1"} if content is None else content
    values: dict[str, str | None] = {
        "app_id": APP_ID,
        "method": method,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": "2026-11-28 12:00:00",
        "version": "1.0",
        "biz_content": fields if isinstance(fields, str) else json.dumps(fields),
        **changes,
    }
    there = {name: value for name, value in values.items() if value is not None}
    text = signed_text(there, with_sign_type=True)
    return {"sign": Signer(key).sign(text), **there}


def page_pay(**changes: object) -> dict[str, str]:
    fields = {name: value for name, value in {**ORDER, **changes}.items() if value is not None}
    return request("alipay.trade.page.pay", fields, notify_url=NOTIFY_URL, return_url=RETURN_URL)


async def ask(client: httpx.AsyncClient, values: Mapping[str, str]) -> dict[str, object]:
    """The object of an answer whose signature is right, or that has none."""
    answer = await client.post("/alipay/gateway.do", data=dict(values))
    assert answer.status_code == 200
    text = answer.text
    told = answer.json()
    (name,) = [name for name in told if name != "sign"]
    if "sign" in told:
        signed = text.removeprefix(f'{{"{name}":').rpartition(',"sign":')[0]
        assert verify(await key_of(client), signed, told["sign"])
    return {"name": name, "is_signed": "sign" in told, **told[name]}


async def key_of(client: httpx.AsyncClient) -> rsa.RSAPublicKey:
    key = load_pem_public_key((await client.get("/alipay/key.pem")).content)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@pytest.mark.parametrize(
    ("changes", "code", "sub_code"),
    [
        ({"method": None}, "40001", "isv.missing-method"),
        ({"method": "alipay.trade.everything"}, "40002", "isv.invalid-method"),
        ({"app_id": None}, "40001", "isv.missing-app-id"),
        ({"app_id": "1"}, "40002", "isv.invalid-app-id"),
        ({"sign_type": None}, "40001", "isv.missing-signature-type"),
        ({"sign_type": "RSA"}, "40002", "isv.invalid-signature-type"),
        ({"charset": None}, "40001", "isv.missing-charset"),
        ({"charset": "gbk"}, "40002", "isv.invalid-charset"),
        ({"timestamp": None}, "40001", "isv.missing-timestamp"),
        ({"timestamp": "2026-11-28T12:00:00"}, "40002", "isv.invalid-timestamp"),
        ({"timestamp": "2026-02-30 12:00:00"}, "40002", "isv.invalid-timestamp"),
        ({"version": None}, "40001", "isv.missing-version"),
        ({"version": "2.0"}, "40002", "isv.invalid-version"),
        ({"format": "XML"}, "40002", "isv.invalid-format"),
        ({"biz_content": None}, "40001", "isv.missing-parameter"),
        ({"biz_content": "x"}, "40002", "isv.invalid-parameter"),
        ({"biz_content": "[]"}, "40002", "isv.invalid-parameter"),
        ({"biz_content": '{"a": NaN}'}, "40002", "isv.invalid-parameter"),
        ({"biz_content": "[" * 20_000}, "40002", "isv.invalid-parameter"),
        ({"biz_content": '{"out_trade_no": "\\ud800"}'}, "40004", "ACQ.INVALID_PARAMETER"),
    ],
)
async def test_a_wrong_request_is_refused_by_its_name(
    changes: dict[str, str | None], code: str, sub_code: str, client: httpx.AsyncClient
) -> None:
    told = await ask(client, request(**changes))  # type: ignore[arg-type]
    assert (told["code"], told["sub_code"]) == (code, sub_code)
    assert told["is_signed"] == ("app-id" not in sub_code)
    known = changes.get("method", "alipay.trade.query") == "alipay.trade.query"
    assert told["name"] == ("alipay_trade_query_response" if known else "error_response")


async def test_a_right_request_is_answered_by_get_and_by_post_and_with_both(
    client: httpx.AsyncClient,
) -> None:
    values = request()
    assert (await ask(client, values))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    by_get = await client.get("/alipay/gateway.do", params=values)
    assert by_get.json()["alipay_trade_query_response"]["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    content = values.pop("biz_content")
    both = await client.post(
        f"/alipay/gateway.do?{urlencode(values)}",
        data={"biz_content": content, "charset": "utf-8"},
    )
    assert both.json()["alipay_trade_query_response"]["sub_code"] == "ACQ.TRADE_NOT_EXIST"


async def test_empty_values_are_not_signed(client: httpx.AsyncClient) -> None:
    assert (await ask(client, {**request(), "app_auth_token": ""}))["code"] == "40004"


@pytest.mark.parametrize("sign", ["x", "AAAA", "=", "é", "A" * 344])
async def test_a_wrong_signature_is_refused(sign: str, client: httpx.AsyncClient) -> None:
    assert (await ask(client, {**request(), "sign": sign}))["sub_code"] == "isv.invalid-signature"


@pytest.mark.parametrize(
    "change", [{"biz_content": '{"out_trade_no":"order-2"}'}, {"return_url": "http://x/"}]
)
async def test_a_request_that_was_changed_on_its_way_is_refused(
    change: dict[str, str], client: httpx.AsyncClient
) -> None:
    told = await ask(client, {**request(), **change})
    assert (told["code"], told["sub_code"]) == ("40002", "isv.invalid-signature")


async def test_without_the_merchants_key_every_request_is_refused(
    make_settings: MakeSettings,
) -> None:
    transport = httpx.ASGITransport(build_app(make_settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await ask(client, request()))["sub_code"] == "isv.missing-signature-key"
        assert "PAYMENT_MERCHANT_PUBLIC_KEY_FILE" in (await client.get("/alipay/")).text


def from_now(**delta: float) -> str:
    return (datetime.now(CHINA) + timedelta(**delta)).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    "changes",
    [
        {"out_trade_no": None},
        {"out_trade_no": "a/b"},
        {"out_trade_no": "x" * 65},
        {"out_trade_no": ["x"]},
        {"total_amount": "0"},
        {"total_amount": "0.001"},
        {"total_amount": "-5"},
        {"total_amount": "100000000.01"},
        {"total_amount": "1,5"},
        {"total_amount": "١"},
        {"total_amount": {}},
        {"subject": None},
        {"subject": "x" * 257},
        {"subject": "a\nb"},
        {"subject": "\ud800"},
        {"product_code": None},
        {"product_code": "QUICK_WAP_PAY"},
        {"timeout_express": "0m"},
        {"timeout_express": "16d"},
        {"timeout_express": "1.5h"},
        {"timeout_express": "2c"},
        {"time_expire": "soon"},
        {"time_expire": from_now(minutes=-1)},
        {"time_expire": from_now(days=16)},
        {"time_expire": "0001-01-01 00:00:00"},
        {"passback_params": "x" * 513},
    ],
)
async def test_a_wrong_order_opens_no_cashier(
    changes: dict[str, object], client: httpx.AsyncClient
) -> None:
    answer = await client.get("/alipay/gateway.do", params=page_pay(**changes))
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "ACQ.INVALID_PARAMETER" in answer.text
    assert "<script" not in answer.text
    assert (await client.get("/alipay/?format=json")).json()["total"] == 0


@pytest.mark.parametrize(
    ("changes", "at_most_s"),
    [
        ({"timeout_express": "30m"}, 1800),
        ({"timeout_express": "15d"}, 15 * 86400),
        ({"timeout_express": "2h", "time_expire": from_now(hours=1)}, 3600),
        ({"timeout_express": "1c"}, 86400),
        ({}, 86400),
    ],
)
async def test_the_cashier_tells_when_the_time_is_over(
    changes: dict[str, object], at_most_s: float, client: httpx.AsyncClient
) -> None:
    page = await client.get("/alipay/gateway.do", params=page_pay(**changes), follow_redirects=True)
    told = page.text.rpartition(" (UTC+8)")[0][-19:]
    left = datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA) - datetime.now(CHINA)
    assert left.total_seconds() <= at_most_s + 1
    if changes.get("timeout_express") != "1c":
        assert left.total_seconds() >= at_most_s - 600  # times were written when tests were found


async def test_amounts_may_be_numbers(client: httpx.AsyncClient) -> None:
    for at, amount in enumerate((10, 10.5, 0.01, 100_000_000)):
        values = page_pay(total_amount=amount, out_trade_no=f"number-{at}")
        page = await client.get("/alipay/gateway.do", params=values, follow_redirects=True)
        assert f"¥{amount:.2f}" in page.text


async def test_the_ledger_forgets_closed_trades_first_and_then_the_oldest(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    app = build_app(make_settings(**environment(tmp_path, PAYMENT_MAX_TRADES="2")))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def there() -> list[str]:
            told = (await client.get("/alipay/?format=json")).json()
            return [trade["out_trade_no"] for trade in told["trades"]]

        async def open_order(number: str) -> None:
            await client.get("/alipay/gateway.do", params=page_pay(out_trade_no=number))

        await open_order("a")
        await open_order("b")
        await ask(client, request("alipay.trade.close", {"out_trade_no": "b"}))
        await open_order("c")
        assert await there() == ["c", "a"]
        await open_order("d")
        assert await there() == ["d", "c"]


async def test_parameters_that_are_no_text_or_contradict_are_refused(
    client: httpx.AsyncClient,
) -> None:
    query = urlencode(request())
    for text, sub_code in [
        (f"{query}&charset=gbk", "isv.invalid-parameter"),
        (f"{query}&x=%ff", "isv.invalid-charset"),
        ("&".join(f"a{at}=1" for at in range(200)), "isv.invalid-parameter"),
        ("a=" + "x" * 65_535, "isv.invalid-parameter"),
    ]:
        answers = [await client.post("/alipay/gateway.do", content=text, headers=FORM)]
        if len(text) < 60_000:  # longer ones are no URL to the client
            answers.append(await client.get(f"/alipay/gateway.do?{text}"))
        for answer in answers:
            assert answer.status_code == 200
            assert answer.json()["error_response"]["sub_code"] == sub_code
    answer = await client.post("/alipay/gateway.do", json={"app_id": APP_ID})
    assert answer.json()["error_response"]["sub_code"] == "isv.invalid-parameter"


async def test_chance_finds_no_500(client: httpx.AsyncClient) -> None:
    chance = random.Random(11)
    for method in ("alipay.trade.page.pay", "alipay.trade.query", "alipay.trade.refund"):
        for _ in range(150):
            fields: dict[str, object] = dict(ORDER)
            for _ in range(chance.randint(1, 3)):
                fields[chance.choice(FIELDS)] = chance.choice(STRANGE)
            values = request(method, fields)
            if chance.random() < 0.3:
                name = chance.choice(sorted(values))
                values[name] = chance.choice(["", "x", "\x00", "😀", "9" * 400, "http://["])
            query = "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())
            answer = await client.get(f"/alipay/gateway.do?{query}")
            assert answer.status_code < 500, query
    for _ in range(300):
        text = bytearray(urlencode(request()).encode())
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        answer = await client.post("/alipay/gateway.do", content=bytes(text), headers=FORM)
        assert answer.status_code < 500
        page = await client.get("/alipay/", params={"out_trade_no": text[:50].hex(), "format": "x"})
        assert page.status_code == 200


FIELDS = [*ORDER, "trade_no", "refund_amount", "out_request_no", "timeout_express", "time_expire"]
STRANGE: list[object] = [
    None, True, 0, -1, 10**400, 1e308, "", " ", "x" * 5000, "\u0000", "\ud800", "😀", "1e5", "1c",
    [], {}, [[]], {"a": {}}, "9999-12-31 23:59:59", "0001-01-01 00:00:00", "99999d", "<b>", "'\"",
]  # fmt: skip


@pytest.mark.parametrize("style", ["pem", "bare", "lines"])
def test_a_public_key_is_read_as_consoles_give_it(style: str, tmp_path: Path) -> None:
    pem = Signer(MERCHANTS_KEY).public_pem
    lines = pem.strip().splitlines()[1:-1]
    texts = {"pem": pem, "bare": "".join(lines), "lines": "\n".join(lines) + "\n"}
    path = tmp_path / "key"
    path.write_text(texts[style])
    assert read_public_key(str(path)) == MERCHANTS_KEY.public_key()
