import base64
import time
from pathlib import Path

import httpx
import pytest
from proxypool.problems import ConfigurationError

from tests.api.conftest import Call, Put, names_the_problem

STRANGER = "203.0.113.9"
READS = [
    "/get/",
    "/all/",
    "/count/",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/api/v2/proxies",
    "/api/v2/stats",
    "/api/v2/export",
    "/api/v2/targets",
]
OF_PEOPLE = ("GET", "/api/v2/requests")
CHANGES = [
    ("GET", "/pop/"),
    ("GET", "/delete/?proxy=1.1.1.1:1"),
    ("POST", "/api/v2/proxies/pop"),
    ("POST", "/api/v2/proxies"),
    ("POST", "/api/v2/import"),
    ("POST", "/api/v2/try"),
    ("POST", "/api/v2/proxies/1.1.1.1:1/report"),
    ("DELETE", "/api/v2/proxies/1.1.1.1:1"),
    ("PUT", "/api/v2/targets/shop"),
    ("DELETE", "/api/v2/targets/shop"),
]
OPEN = ["/healthz", "/readyz", "/assets/theme.css", "/docs-assets/swagger-ui.css"]
RIGHT = [
    {"Authorization": "Basic " + base64.b64encode(b"pool:s3cret").decode()},
    {"Authorization": "basic  " + base64.b64encode(b"pool:s3cret").decode()},
    {"Authorization": "Bearer s3cret"},
    {"X-API-Key": "s3cret"},
]
WRONG = [
    {"Authorization": "Basic " + base64.b64encode(b"pool:wrong").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"pool:hunter2").decode()},
    {"Authorization": "Basic " + base64.b64encode(b":s3cret").decode()},
    {"Authorization": "Basic " + base64.b64encode(b"pool").decode()},
    {"Authorization": "Basic \xff\xfe"},
    {"Authorization": "Basic"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Digest username=pool"},
    {"Authorization": ""},
    {"X-API-Key": ""},
    {"X-API-Key": "pool:s3cret"},
]


async def test_by_default_strangers_read_nothing(call: Call) -> None:
    client = call(STRANGER)
    for path in READS:
        answer = await client.get(path)
        names_the_problem(answer, 403, "caller")
        assert "TRUSTED_CALLERS" in answer.json()["what_to_do"]
        assert "ACCOUNTS_FILE" in answer.json()["what_to_do"]


@pytest.mark.parametrize("required_for", ["all", "changes"])
async def test_strangers_change_nothing(required_for: str, call: Call) -> None:
    client = call(STRANGER, AUTH_REQUIRED_FOR=required_for)
    for method, path in [*CHANGES, OF_PEOPLE]:
        names_the_problem(await client.request(method, path), 403, "caller")


async def test_with_accounts_strangers_are_asked_for_credentials(
    call: Call, accounts: Path
) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts))
    for path in READS:
        answer = await client.get(path)
        names_the_problem(answer, 401, "credentials")
        asked = answer.headers.get_list("www-authenticate")
        assert [challenge.partition(" ")[0] for challenge in asked] == ["Basic", "Bearer"]


@pytest.mark.parametrize("headers", RIGHT)
async def test_an_account_is_answered(
    headers: dict[str, str], call: Call, accounts: Path, put: Put
) -> None:
    await put("203.0.113.1:80")
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts))
    assert (await client.get("/get/", headers=headers)).json()["proxy"] == "203.0.113.1:80"
    assert (await client.get("/pop/", headers=headers)).json()["proxy"] == "203.0.113.1:80"


@pytest.mark.parametrize("headers", WRONG)
@pytest.mark.parametrize("required_for", ["all", "changes"])
async def test_wrong_credentials_are_refused(
    headers: dict[str, str], required_for: str, call: Call, accounts: Path
) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts), AUTH_REQUIRED_FOR=required_for)
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await client.get("/get/", headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"]
    for secret in ("s3cret", "hunter2", "wrong"):
        assert secret not in answer.text


async def test_a_password_may_be_latin_1_as_requests_sends_it(call: Call, tmp_path: Path) -> None:
    (tmp_path / "accounts").write_text("pool:pässwörd\n", encoding="utf-8")
    client = call(STRANGER, ACCOUNTS_FILE=str(tmp_path / "accounts"))
    for charset in ("utf-8", "latin-1"):
        pair = base64.b64encode("pool:pässwörd".encode(charset)).decode()
        answer = await client.get("/count/", headers={"Authorization": f"Basic {pair}"})
        assert answer.status_code == 200, charset


async def test_changes_alone_may_be_what_needs_credentials(call: Call, accounts: Path) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts), AUTH_REQUIRED_FOR="changes")
    assert (await client.get("/get/")).status_code == 200
    assert (await client.get("/api/v2/proxies")).status_code == 200
    assert (await client.get("/pop/")).status_code == 401
    assert (await client.post("/api/v2/proxies/pop")).status_code == 401


async def test_an_operator_may_ask_for_none(call: Call) -> None:
    client = call(STRANGER, AUTH_REQUIRED_FOR="none")
    assert (await client.get("/get/")).status_code == 200
    assert (await client.get("/pop/")).status_code == 200


async def test_health_and_files_are_for_all(call: Call, accounts: Path) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts))
    for path in OPEN:
        assert (await client.get(path)).status_code == 200, path


async def test_the_page_itself_is_for_all_and_holds_no_data(call: Call, accounts: Path) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts))
    for accept in ("text/html", "*/*"):
        assert (await client.get("/", headers={"Accept": accept})).status_code == 200
    assert (await client.get("/count/")).status_code == 401


@pytest.mark.parametrize("peer", ["127.0.0.1", "172.18.0.3", STRANGER])
async def test_nobody_lends_trust_with_a_header(peer: str, call: Call) -> None:
    names_the_problem(await call("127.0.0.1", peer=peer).get("/get/"), 403, "caller")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://pool:5011"},
        {"Origin": "null"},
        {"Origin": "http://[bad"},
    ],
)
async def test_another_sites_page_changes_nothing(
    headers: dict[str, str], client: httpx.AsyncClient
) -> None:
    for method, path in CHANGES:
        answer = await client.request(method, path, headers=headers)
        names_the_problem(answer, 403, next(iter(headers)))


async def test_the_pools_own_page_may(client: httpx.AsyncClient, put: Put) -> None:
    await put("203.0.113.1:80")
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://pool:5010"}
    answer = await client.delete("/api/v2/proxies/203.0.113.1:80", headers=headers)
    assert answer.status_code == 200


async def test_failed_logins_are_limited_by_address(call: Call, accounts: Path) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts))
    wrong = {"X-API-Key": "wrong"}
    statuses = [(await client.get("/count/", headers=wrong)).status_code for _ in range(10)]
    assert statuses == [401] * 10
    answer = await client.get("/count/", headers=wrong)
    names_the_problem(answer, 429, "credentials")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert (await client.get("/count/", headers=RIGHT[0])).status_code == 429, "told nothing"
    elsewhere = {"X-Forwarded-For": "203.0.113.10", **RIGHT[0]}
    assert (await client.get("/count/", headers=elsewhere)).status_code == 200


async def test_requests_are_limited_by_account(call: Call, accounts: Path) -> None:
    client = call(STRANGER, ACCOUNTS_FILE=str(accounts), RATE_LIMIT="5")
    began = time.monotonic()
    answers = [await client.get("/count/", headers=RIGHT[0]) for _ in range(60)]
    # A new one every 2 seconds.
    expected = 5 + int((time.monotonic() - began) / 2) + 1
    assert 5 <= sum(answer.status_code == 200 for answer in answers) <= expected
    refused = next(answer for answer in answers if answer.status_code != 200)
    names_the_problem(refused, 429, "requests")
    assert int(refused.headers["retry-after"]) >= 1
    other = {"X-API-Key": "hunter2"}
    assert (await client.get("/count/", headers=other)).status_code == 200


async def test_requests_are_limited_by_address_and_trusted_ones_are_not(call: Call) -> None:
    client = call(RATE_LIMIT="5", AUTH_REQUIRED_FOR="none")
    for caller, limited in ((STRANGER, True), ("127.0.0.1", False)):
        headers = {"X-Forwarded-For": caller}
        statuses = {(await client.get("/count/", headers=headers)).status_code for _ in range(60)}
        assert (429 in statuses) == limited


async def test_refused_callers_are_limited_too(call: Call) -> None:
    client = call(STRANGER, RATE_LIMIT="5")
    statuses = {(await client.get("/count/")).status_code for _ in range(60)}
    assert statuses == {403, 429}


async def test_a_bad_accounts_file_is_refused_at_the_start(call: Call, tmp_path: Path) -> None:
    (tmp_path / "accounts").write_text("hunter2\n")
    with pytest.raises(ConfigurationError) as caught:
        call(STRANGER, ACCOUNTS_FILE=str(tmp_path / "accounts"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "pool", "pool:", ":x", "a:b\nc:d"])
async def test_a_bad_gateway_account_is_refused_at_the_start(
    content: str, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "account").write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        call(STRANGER, GATEWAY_ACCOUNT_FILE=str(tmp_path / "account"))
    assert caught.value.problems[0].name == "GATEWAY_ACCOUNT_FILE"
