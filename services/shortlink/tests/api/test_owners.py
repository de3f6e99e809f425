import asyncio
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.conftest import ALICE, Admin, Running

URL = "https://example.org/"


async def test_every_call_of_the_api_needs_an_account(running: Running) -> None:
    for method, path in (
        *(("GET", "/api/links/"), ("POST", "/api/links/"), ("GET", "/api/links/abc")),
        *(("PATCH", "/api/links/abc"), ("DELETE", "/api/links/abc"), ("GET", "/api/nothing")),
        ("GET", "/api/links/abc/statistics"),
    ):
        answer = await running.client.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
        assert answer.json()["found"] == "none"


@pytest.mark.parametrize(
    "authorization",
    [
        *("Basic", "Basic !!!", "Bearer wonderland-1", "Basic " + b64encode(b"alice").decode()),
        "Basic " + b64encode(b":wonderland-1").decode(),
        "Basic " + b64encode(b"alice:wrong").decode(),
        "Basic " + b64encode(b"alice:\xff\xfe").decode(),
        "Basic " + b64encode(b"bob:wonderland-1").decode(),
    ],
)
async def test_wrong_credentials_are_refused(running: Running, authorization: str) -> None:
    headers = {"Authorization": authorization}
    answer = await running.client.get("/api/links/", headers=headers)
    assert answer.status_code == 401
    assert "wonderland" not in answer.text


async def test_who_fails_too_often_waits_and_others_do_not(start: Callable[..., Any]) -> None:
    one, other = await start(), await start()
    for process in (one, other) * 5:
        assert (await process.client.get("/api/links/", auth=("alice", "x"))).status_code == 401
    for process in (one, other):
        refused = await process.client.get("/api/links/", auth=ALICE)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    elsewhere = {"X-Forwarded-For": "203.0.113.99"}
    assert (await one.client.get("/api/links/", auth=ALICE, headers=elsewhere)).status_code == 200


async def test_of_many_wrong_ones_at_once_no_more_are_looked_at(
    start: Callable[..., Any],
) -> None:
    one, other = await start(), await start()

    async def ask(process: Running, password: str) -> int:
        answer = await process.client.get("/api/links/", auth=("alice", password))
        return answer.status_code

    guesses = [ask(process, f"guess-{i}") for i in range(30) for process in (one, other)]
    *said, right = await asyncio.gather(*guesses, ask(one, ALICE[1]))
    assert (said.count(401), said.count(429), right) == (10, 50, 429)


async def test_more_calls_than_connections_are_no_redis_that_is_away(
    running: Running, admin: Admin
) -> None:
    before = REGISTRY.get_sample_value("shortlink_redis_failures_total")
    await admin.client_pause(200, all=False)  # so long all scripts wait for it
    calls = (running.client.get("/api/links/", auth=ALICE) for _ in range(40))
    assert {answer.status_code for answer in await asyncio.gather(*calls)} == {200}
    assert REGISTRY.get_sample_value("shortlink_redis_failures_total") == before


async def test_while_an_address_waits_nothing_else_is_said(running: Running) -> None:
    for _ in range(10):
        await running.client.get("/api/links/", auth=("alice", "x"))
    for headers in ({}, {"Authorization": "Basic !!!"}, {"Authorization": "Bearer x"}):
        answer = await running.client.get("/api/links/", headers=headers)
        assert answer.status_code == 429


async def test_an_account_has_a_limit_over_all_processes(start: Callable[..., Any]) -> None:
    one, other = await start(RATE_LIMIT="4"), await start(RATE_LIMIT="4")
    for process in (one, other, one, other):
        assert (await process.make(URL)).status_code in (200, 201)
    refused = await one.make(URL)
    assert refused.status_code == 429
    assert refused.json()["expected"] == "at most 4 in 60 s"
    assert int(refused.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_another_site_s_page_changes_nothing(
    running: Running, headers: dict[str, str]
) -> None:
    answer = await running.client.post(
        "/api/links/", json={"url": URL}, auth=ALICE, headers=headers
    )
    assert answer.status_code == 403
    own = {"Origin": "http://edge:8002", "Sec-Fetch-Site": "same-origin"}
    answer = await running.client.post("/api/links/", json={"url": URL}, auth=ALICE, headers=own)
    assert answer.status_code == 201


async def test_a_caller_s_own_word_for_its_address_is_not_believed(
    start: Callable[..., Any],
) -> None:
    running = await start(peer="198.51.100.7")
    for number in range(10):
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        await running.client.get("/api/links/", auth=("alice", "x"), headers=headers)
    assert (await running.client.get("/api/links/", auth=ALICE)).status_code == 429
