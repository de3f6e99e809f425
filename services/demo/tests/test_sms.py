"""SendSms as Dysmsapi speaks it, and the inbox."""

import base64
import hashlib
import hmac
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from demo.pages import build_app
from demo.sms.signature import percent_encode, sign, signed_text

from tests.conftest import MakeSettings

SECRET = "testsecret"
KEY_ID = "testid"
CODE = "SMS_100000001"


def client_of(make_settings: MakeSettings, folder: Path, **changes: str) -> httpx.AsyncClient:
    path = folder / "secret"
    path.write_text(f"{SECRET}\n")
    settings = make_settings(
        **{
            "SMS_ACCESS_KEY_ID": KEY_ID,
            "SMS_ACCESS_KEY_SECRET_FILE": str(path),
            "SMS_LIMITS": "2,3,4",
            **changes,
        }
    )
    transport = httpx.ASGITransport(build_app(settings))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8009")


@pytest.fixture
def client(make_settings: MakeSettings, tmp_path: Path) -> httpx.AsyncClient:
    return client_of(make_settings, tmp_path)


def encoded(text: str) -> str:
    """Percent-encoding as Alibaba Cloud describes it, by another way than the provider's."""
    return quote(text, safe="").replace("%7E", "~")


def signed(method: str, secret: str = SECRET, **changes: str | None) -> str:
    """A whole signed query; what is changed to None is left out."""
    values: dict[str, str | None] = {
        "AccessKeyId": KEY_ID,
        "Action": "SendSms",
        "Format": "JSON",
        "PhoneNumbers": "13900000001",
        "RegionId": "cn-hangzhou",
        "SignName": "Luffy",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": str(uuid.uuid4()),
        "SignatureVersion": "1.0",
        "TemplateCode": CODE,
        "TemplateParam": json.dumps({"code": "123456"}),
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Version": "2017-05-25",
        **changes,
    }
    there = {name: value for name, value in values.items() if value is not None}
    query = "&".join(f"{encoded(name)}={encoded(value)}" for name, value in sorted(there.items()))
    text = f"{method}&%2F&{encoded(query)}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return f"{query}&Signature={encoded(base64.b64encode(digest).decode())}"


async def send(
    client: httpx.AsyncClient, method: str = "POST", **changes: str | None
) -> httpx.Response:
    query = signed(method, **changes)
    if method == "GET":
        return await client.get(f"/sms/?{query}")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await client.post("/sms/", content=query, headers=headers)


async def inbox(client: httpx.AsyncClient, **query: str) -> list[dict[str, object]]:
    told = (await client.get("/sms/inbox/", params={"format": "json", **query})).json()
    assert told["total"] == len(told["messages"])
    messages: list[dict[str, object]] = told["messages"]
    return messages


def test_the_signature_is_the_one_of_the_documentation() -> None:
    # The example that Alibaba Cloud's page on the RPC style gives for ECS.
    values = {
        "TimeStamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    text = signed_text(
        "GET", {name.replace("TimeStamp", "Timestamp"): values[name] for name in values}
    )
    assert sign("testsecret", text) == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_signs_are_percent_encoded_as_the_rpc_style_has_it() -> None:
    assert percent_encode("a b*c~d/e+f_-.") == "a%20b%2Ac~d%2Fe%2Bf_-."
    assert percent_encode("验") == "%E9%AA%8C"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_message_is_sent_and_lies_in_the_inbox(
    method: str, client: httpx.AsyncClient
) -> None:
    answer = await send(client, method)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["Code"], told["Message"]) == ("OK", "OK")
    assert told["BizId"].endswith("^0")
    assert uuid.UUID(told["RequestId"])
    (message,) = await inbox(client)
    assert message["phone"] == "13900000001"
    assert message["text"] == "【Luffy】您的验证码为123456，请勿泄露给他人。"
    assert message["params"] == {"code": "123456"}
    assert message["biz_id"] == told["BizId"]
    page = await client.get("/sms/inbox/")
    assert "【Luffy】您的验证码为123456" in page.text
    assert "13900000001" in page.text
    assert "<script" not in page.text
    assert 'name="viewport"' in page.text


async def test_the_newest_message_is_first_and_a_phone_may_be_chosen(
    client: httpx.AsyncClient,
) -> None:
    for at, phone in enumerate(("13900000001", "+8613900000002", "8613900000001")):
        param = json.dumps({"code": f"10000{at}"})
        assert (await send(client, PhoneNumbers=phone, TemplateParam=param)).json()["Code"] == "OK"
    assert [one["params"] for one in await inbox(client)] == [
        {"code": "100002"},
        {"code": "100001"},
        {"code": "100000"},
    ]
    assert len(await inbox(client, phone="13900000001")) == 2
    assert len(await inbox(client, phone="+86 13900000002".replace(" ", ""))) == 1
    assert await inbox(client, phone="13900000009") == []
    page = await client.get("/sms/inbox/", params={"phone": "<b>"})
    assert "&lt;b&gt;" in page.text
    assert "<b>" not in page.text


async def test_the_inbox_forgets_the_oldest(make_settings: MakeSettings, tmp_path: Path) -> None:
    async with client_of(make_settings, tmp_path, SMS_INBOX_SIZE="3") as client:
        for at in range(5):
            await send(client, PhoneNumbers=f"1390000000{at}")
        phones = [one["phone"] for one in await inbox(client)]
        assert phones == ["13900000004", "13900000003", "13900000002"]


async def test_markup_in_a_message_is_only_text(client: httpx.AsyncClient) -> None:
    await send(client, TemplateParam=json.dumps({"code": "<script>x</script>"}))
    assert "<script" not in (await client.get("/sms/inbox/")).text


async def test_a_phone_gets_so_many_a_minute(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await send(client)).json()["Code"] == "OK"
    answer = await send(client, PhoneNumbers="+8613900000001")
    assert answer.status_code == 200
    assert answer.json()["Code"] == "isv.BUSINESS_LIMIT_CONTROL"
    assert answer.json()["Message"] == "触发分钟级流控Permits:2"
    assert (await send(client, PhoneNumbers="13900000002")).json()["Code"] == "OK"
    assert len(await inbox(client)) == 3


async def test_the_hour_and_the_day_count_too(make_settings: MakeSettings, tmp_path: Path) -> None:
    async with client_of(make_settings, tmp_path, SMS_LIMITS="9,2,9") as client:
        codes = [(await send(client)).json()["Message"] for _ in range(3)]
        assert codes == ["OK", "OK", "触发小时级流控Permits:2"]
    async with client_of(make_settings, tmp_path, SMS_LIMITS="9,9,1") as client:
        codes = [(await send(client)).json()["Message"] for _ in range(2)]
        assert codes == ["OK", "触发天级流控Permits:1"]


async def test_a_nonce_is_used_once(client: httpx.AsyncClient) -> None:
    query = signed("GET")
    assert (await client.get(f"/sms/?{query}")).json()["Code"] == "OK"
    answer = await client.get(f"/sms/?{query}")
    assert answer.status_code == 400
    assert answer.json()["Code"] == "SignatureNonceUsed"
    assert len(await inbox(client)) == 1


def minutes_ago(minutes: float) -> str:
    # From when the tests were found; they run a little later.
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"AccessKeyId": "other"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"AccessKeyId": None}, 400, "MissingAccessKeyId"),
        ({"SignatureNonce": None}, 400, "MissingSignatureNonce"),
        ({"SignatureNonce": "n" * 129}, 400, "InvalidSignatureNonce"),
        ({"Timestamp": None}, 400, "MissingTimestamp"),
        ({"Timestamp": "yesterday"}, 400, "InvalidTimeStamp.Format"),
        ({"Timestamp": "2026-13-01T00:00:00Z"}, 400, "InvalidTimeStamp.Format"),
        ({"Timestamp": minutes_ago(16)}, 400, "InvalidTimeStamp.Expired"),
        ({"Timestamp": minutes_ago(-60)}, 400, "InvalidTimeStamp.Expired"),
        ({"SignatureMethod": "HMAC-SHA256"}, 400, "InvalidSignatureMethod"),
        ({"SignatureVersion": "2.0"}, 400, "InvalidSignatureMethod"),
        ({"Version": "2017-05-26"}, 400, "InvalidVersion"),
        ({"Action": None}, 400, "MissingAction"),
        ({"Action": "SendEverything"}, 404, "InvalidAction.NotFound"),
        ({"Format": "XML"}, 400, "InvalidFormat"),
        ({"secret": "another"}, 400, "SignatureDoesNotMatch"),
        ({"PhoneNumbers": None}, 400, "MissingPhoneNumbers"),
        ({"SignName": ""}, 400, "MissingSignName"),
        ({"TemplateCode": None}, 400, "MissingTemplateCode"),
        ({"PhoneNumbers": "1390000000"}, 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "12900000001"}, 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "13900000001,x"}, 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "1390000000١"}, 200, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"PhoneNumbers": "13900000001," * 1000}, 200, "isv.MOBILE_COUNT_OVER_LIMIT"),
        ({"SignName": "Other"}, 200, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"TemplateCode": "SMS_1"}, 200, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"TemplateParam": None}, 200, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": "{}"}, 200, "isv.TEMPLATE_MISSING_PARAMETERS"),
        ({"TemplateParam": "{"}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "[]"}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": "[" * 9000}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": '{"code": 123456}'}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": '{"code": "\\ud800"}'}, 200, "isv.INVALID_JSON_PARAM"),
        ({"TemplateParam": json.dumps({"code": "1" * 36})}, 200, "isv.PARAM_LENGTH_LIMIT"),
        (
            {"TemplateParam": json.dumps({f"p{at}": "1" for at in range(51)})},
            200,
            "isv.PARAM_LENGTH_LIMIT",
        ),
        ({"TemplateParam": '{"code": "http://x.y"}'}, 200, "isv.PARAM_NOT_SUPPORT_URL"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_wrong_is_refused_in_the_providers_words(
    method: str, changes: dict[str, str], status: int, code: str, client: httpx.AsyncClient
) -> None:
    answer = await send(client, method, **changes)
    told = answer.json()
    assert (answer.status_code, told["Code"]) == (status, code), told
    assert told["Message"]
    assert told["RequestId"]
    assert "BizId" not in told
    assert ("HostId" in told) == (status != 200)
    assert await inbox(client) == []


async def test_a_request_that_was_changed_on_its_way_is_refused(client: httpx.AsyncClient) -> None:
    query = signed("GET").replace("13900000001", "13900000002")
    assert (await client.get(f"/sms/?{query}")).json()["Code"] == "SignatureDoesNotMatch"
    assert (await client.get(f"/sms/?{signed('POST')}")).json()["Code"] == "SignatureDoesNotMatch"
    assert (await client.get(f"/sms/?{signed('GET')}&Extra=1")).status_code == 400
    assert await inbox(client) == []


async def test_a_refused_request_does_not_use_up_its_nonce(client: httpx.AsyncClient) -> None:
    assert (await send(client, SignatureNonce="n", secret="another")).status_code == 400
    assert (await send(client, SignatureNonce="n")).json()["Code"] == "OK"


async def test_without_a_secret_nobody_can_send(make_settings: MakeSettings) -> None:
    transport = httpx.ASGITransport(build_app(make_settings(SMS_ACCESS_KEY_ID=KEY_ID)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await send(client, secret="")
        assert answer.json()["Code"] == "InvalidAccessKeyId.Inactive"
        assert "SMS_ACCESS_KEY_SECRET_FILE" in (await client.get("/sms/inbox/")).text


async def test_codes_and_the_secret_are_never_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await send(client, TemplateParam=json.dumps({"code": "884422"}))
    await send(client, TemplateParam=json.dumps({"code": "884422"}), secret="another")
    told = [record.getMessage() for record in caplog.records if record.name.startswith("demo")]
    assert any("an SMS is sent" in line for line in told)
    assert not any("884422" in line or SECRET in line for line in told)


async def test_chance_finds_no_500(client: httpx.AsyncClient) -> None:
    chance = random.Random(7)
    whole = signed("POST")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(400):
        text = bytearray(whole.encode())
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(text))
            text[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
        answer = await client.post("/sms/", content=bytes(text), headers=headers)
        assert answer.status_code < 500
        assert answer.json()["Code"]
    for body, kind in [(b"x" * 70_000, "application/x-www-form-urlencoded"), (b"{}", "text/json")]:
        answer = await client.post("/sms/", content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidParameter")
    many = "&".join(f"a{at}=1" for at in range(200))
    assert (await client.get(f"/sms/?{many}")).status_code == 400
    assert (await client.put("/sms/")).status_code == 405
