"""A session that takes proxies from the pool's real API, through real proxies to a real site."""

import asyncio
import subprocess
import sys
from io import BytesIO
from typing import Any

import pytest
import requests
from proxypool.client import (
    AllProxiesFailedError,
    NoProxyError,
    PooledSession,
    PoolRefusedError,
    PoolUnavailableError,
)
from proxypool.store import Store
from proxypool.targets import Target

from tests.client.conftest import CERTIFICATE, Api, MakeSession, Record
from tests.conftest import Until
from tests.gateway.conftest import MakeUpstream, Plant
from tests.gateway.origin import Origin

SITE = "http://site.test"


async def ask(session: PooledSession, path: str = "/", method: str = "GET", **more: Any) -> Any:
    url = path if "://" in path else SITE + path
    return await asyncio.to_thread(session.request, method, url, **more)


async def test_a_request_goes_through_a_proxy_of_the_pool(
    make_session: MakeSession, make_upstream: MakeUpstream, origin: Origin
) -> None:
    upstream = await make_upstream()
    answer = await ask(make_session(), "/hello?x=1")
    assert answer.json()["target"] == "/hello?x=1"
    assert answer.headers["X-Proxy-Upstream"] == upstream.place
    assert upstream.destinations == [("http", "site.test:80")]
    assert len(origin.asked) == 1


async def test_https_goes_through_a_tunnel_and_is_verified(
    make_session: MakeSession, make_upstream: MakeUpstream, tls_site: int
) -> None:
    upstream = await make_upstream("http", "connect")
    upstream.names["site.test"] = tls_site
    answer = await ask(make_session(), "https://site.test/", verify=str(CERTIFICATE))
    assert answer.json()["method"] == "GET"
    assert upstream.destinations == [("connect", "site.test:443")]


@pytest.mark.parametrize("protocol", ["socks5", "socks4a"])
async def test_socks_proxies_look_the_names_up(
    make_session: MakeSession, make_upstream: MakeUpstream, protocol: str
) -> None:
    upstream = await make_upstream(protocol)
    answer = await ask(make_session(protocol=protocol))
    assert answer.status_code == 200
    assert upstream.destinations == [(protocol, "site.test:80")]


async def test_a_pool_of_socks_proxies_alone_is_used_without_being_asked_for(
    make_session: MakeSession, make_upstream: MakeUpstream
) -> None:
    upstream = await make_upstream("socks5")
    assert (await ask(make_session())).status_code == 200
    assert upstream.destinations == [("socks5", "site.test:80")]


@pytest.mark.parametrize("protocol", ["http", "socks5"])
async def test_a_proxys_own_credentials_are_given_to_it_and_shown_to_nobody(
    make_session: MakeSession, make_upstream: MakeUpstream, protocol: str
) -> None:
    upstream = await make_upstream(protocol, login=("buyer", "pass-word"))
    answer = await ask(make_session())
    assert answer.status_code == 200
    assert answer.headers["X-Proxy-Upstream"] == upstream.place, "without the credentials"
    assert "buyer" not in str(answer.headers)


async def test_a_proxy_that_fails_is_replaced_by_another(
    make_session: MakeSession, make_upstream: MakeUpstream, plant: Plant
) -> None:
    await plant("127.0.0.1:1", "http")
    good = await make_upstream("http")
    session = make_session()
    for _ in range(4):
        answer = await ask(session)
        assert answer.headers["X-Proxy-Upstream"] == good.place


@pytest.mark.parametrize("fault", ["closes", "garbage", "status 502", "status 407"])
async def test_an_idempotent_request_is_repeated_after_any_failure(
    make_session: MakeSession, make_upstream: MakeUpstream, origin: Origin, fault: str
) -> None:
    bad = await make_upstream("http", fault=fault)
    good = await make_upstream("http")
    session = make_session()
    answers = [await ask(session, method="PUT", data=b"content") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["X-Proxy-Upstream"] for answer in answers} == {good.place}
    assert bad.connections >= 1
    assert [asked.body for asked in origin.asked] == [b"content"] * 3


async def test_a_file_is_sent_again_from_where_it_began(
    make_session: MakeSession, make_upstream: MakeUpstream, origin: Origin
) -> None:
    await make_upstream("http", fault="closes")
    await make_upstream("http")
    session = make_session()
    for _ in range(3):
        body = BytesIO(b"head,rest")
        body.seek(5)
        await ask(session, method="PUT", data=body)
    assert [asked.body for asked in origin.asked] == [b"rest"] * 3


async def test_a_post_that_may_have_arrived_is_not_repeated(
    make_session: MakeSession, make_upstream: MakeUpstream
) -> None:
    first = await make_upstream("http", fault="closes")
    second = await make_upstream("http", fault="closes")
    with pytest.raises(requests.exceptions.ConnectionError) as raised:
        await ask(make_session(), method="POST", data=b"order")
    assert "was not repeated" in raised.value.__notes__[0]
    assert first.connections + second.connections == 1


async def test_a_post_that_cannot_have_left_is_repeated(
    make_session: MakeSession, make_upstream: MakeUpstream, plant: Plant, origin: Origin
) -> None:
    for port in (1, 2, 3):
        await plant(f"127.0.0.1:{port}", "http")
    await make_upstream("http")
    session = make_session()
    for _ in range(4):
        assert (await ask(session, method="POST", data=b"order")).status_code == 200
    assert [asked.body for asked in origin.asked] == [b"order"] * 4


async def test_a_post_whose_tunnel_was_refused_is_repeated(
    make_session: MakeSession, make_upstream: MakeUpstream, tls_site: int, origin: Origin
) -> None:
    await make_upstream("connect", fault="unreachable")
    good = await make_upstream("connect")
    good.names["site.test"] = tls_site
    session = make_session()
    for _ in range(3):
        url = "https://site.test/"
        answer = await ask(session, url, "POST", data=b"order", verify=str(CERTIFICATE))
        assert answer.headers["X-Proxy-Upstream"] == good.place
    assert [asked.body for asked in origin.asked] == [b"order"] * 3


async def test_each_failed_proxy_is_named_with_its_reason(
    make_session: MakeSession, plant: Plant
) -> None:
    for port in (1, 2):
        await plant(f"127.0.0.1:{port}", "http")
    with pytest.raises(AllProxiesFailedError) as raised:
        await ask(make_session())
    attempts = raised.value.attempts
    assert {attempt.proxy for attempt in attempts} == {"127.0.0.1:1", "127.0.0.1:2"}
    assert {attempt.reason for attempt in attempts} == {"connect_refused"}
    assert isinstance(raised.value, requests.exceptions.ProxyError)
    assert "127.0.0.1:1 connect_refused" in str(raised.value)


async def test_no_more_proxies_are_tried_than_allowed(
    make_session: MakeSession, plant: Plant
) -> None:
    for port in range(1, 9):
        await plant(f"127.0.0.1:{port}", "http")
    with pytest.raises(AllProxiesFailedError) as raised:
        await ask(make_session(attempts=3))
    assert len(raised.value.attempts) == 3


async def test_the_sites_own_refusal_is_given_to_the_caller(
    make_session: MakeSession, make_upstream: MakeUpstream
) -> None:
    await make_upstream("http")
    await make_upstream("http")
    for status in (404, 500, 502, 503):
        answer = await ask(make_session(), f"/status/{status}")
        assert (answer.status_code, answer.text) == (status, "body")


async def test_a_hanging_proxy_costs_no_more_than_the_timeout(
    make_session: MakeSession, make_upstream: MakeUpstream
) -> None:
    await make_upstream("http", fault="hangs")
    with pytest.raises(AllProxiesFailedError) as raised:
        await ask(make_session(timeout_s=(2.0, 0.3)))
    assert [attempt.reason for attempt in raised.value.attempts] == ["timeout"]


async def test_an_answer_that_breaks_off_is_asked_for_again(
    make_session: MakeSession, make_upstream: MakeUpstream, origin: Origin
) -> None:
    await make_upstream("http")
    await make_upstream("http")
    with pytest.raises(AllProxiesFailedError):
        await ask(make_session(), "/dies")
    assert len(origin.asked) == 2


async def test_redirects_are_followed_each_through_a_proxy_with_its_own_credentials(
    make_session: MakeSession, make_upstream: MakeUpstream
) -> None:
    upstreams = [await make_upstream("http", login=(f"buyer{n}", f"secret{n}")) for n in range(4)]
    answer = await ask(make_session(), "/redirect/3")
    assert answer.status_code == 200
    assert len(answer.history) == 3
    served = {hop.headers["X-Proxy-Upstream"] for hop in (answer, *answer.history)}
    assert served == {upstream.place for upstream in upstreams}
    for upstream in upstreams:
        [head] = upstream.heads
        assert head.lower().count(b"proxy-authorization") == 1


async def test_filters_choose_the_proxies(
    make_session: MakeSession, make_upstream: MakeUpstream, store: Store
) -> None:
    await store.put_target(Target(name="shop", url="http://shop.example/"))
    chinese = await make_upstream("http", "connect", country="CN", target="shop")
    await make_upstream("http", country="US")
    for filters in ({"country": "cn"}, {"target": "shop"}, {"country": "CN", "https": True}):
        answer = await ask(make_session(**filters))
        assert answer.headers["X-Proxy-Upstream"] == chinese.place, filters
    with pytest.raises(NoProxyError, match="widen the filters"):
        await ask(make_session(country="DE"))


async def test_requests_rotate_and_a_session_stays(
    make_session: MakeSession, make_upstream: MakeUpstream
) -> None:
    upstreams = [await make_upstream("http") for _ in range(3)]
    rotating, sticky = make_session(), make_session(session="basket")
    served = [(await ask(rotating)).headers["X-Proxy-Upstream"] for _ in range(6)]
    assert set(served) == {upstream.place for upstream in upstreams}
    served = [(await ask(sticky)).headers["X-Proxy-Upstream"] for _ in range(6)]
    assert len(set(served)) == 1
    [mine] = [upstream for upstream in upstreams if upstream.place == served[0]]
    await mine.stop()
    served = [(await ask(sticky)).headers["X-Proxy-Upstream"] for _ in range(3)]
    assert len(set(served)) == 1
    assert served[0] != mine.place


async def test_an_empty_pool_says_so(make_session: MakeSession) -> None:
    with pytest.raises(NoProxyError) as raised:
        await ask(make_session())
    assert isinstance(raised.value, requests.exceptions.ProxyError)


async def test_a_pool_that_is_away_says_so(make_session: MakeSession) -> None:
    with pytest.raises(PoolUnavailableError, match=r"127\.0\.0\.1:1 does not answer") as raised:
        await ask(make_session("http://127.0.0.1:1"))
    assert isinstance(raised.value, requests.exceptions.ConnectionError)


async def test_what_is_no_pool_says_so(
    make_session: MakeSession, origin: Origin, make_upstream: MakeUpstream
) -> None:
    with pytest.raises(PoolUnavailableError, match="expected the API of a proxy pool"):
        await ask(make_session(f"http://127.0.0.1:{origin.port}"))


async def test_a_filter_that_the_pool_refuses_is_explained(make_session: MakeSession) -> None:
    with pytest.raises(PoolRefusedError, match="country") as raised:
        await ask(make_session(country="China"))
    assert isinstance(raised.value, requests.exceptions.HTTPError)


@pytest.mark.parametrize(
    "who", [{"api_key": "s3cret"}, {"auth": ("pool", "s3cret")}], ids=["key", "basic"]
)
async def test_credentials_open_a_pool_that_asks_for_them(
    make_session: MakeSession,
    make_upstream: MakeUpstream,
    gateway_environment: dict[str, str],
    who: dict[str, Any],
) -> None:
    await make_upstream("http")
    guarded = await Api({**gateway_environment, "TRUSTED_CALLERS": "192.0.2.1"}).start()
    try:
        assert (await ask(make_session(guarded.url, **who))).status_code == 200
        for wrong in ({}, {"api_key": "guess"}):
            with pytest.raises(PoolRefusedError, match="credentials"):
                await ask(make_session(guarded.url, **wrong))
    finally:
        await guarded.stop()


async def test_the_environments_proxies_are_not_used(
    make_session: MakeSession, make_upstream: MakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = await make_upstream("http")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://user:pw@127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "site.test")
    answer = await ask(make_session())
    assert answer.headers["X-Proxy-Upstream"] == upstream.place
    assert not any(b"proxy-authorization" in head.lower() for head in upstream.heads)


def test_proxies_of_ones_own_are_refused() -> None:
    with pytest.raises(ValueError, match=r"use requests\.Session"):
        PooledSession().get(SITE, proxies={"http": "http://127.0.0.1:1"})


async def test_results_are_reported_to_the_pool(
    make_session: MakeSession, make_upstream: MakeUpstream, record: Record, until: Until
) -> None:
    good = await make_upstream("http", latency_ms=30_000)
    before = (await record(good.name))["success_rate"]
    session = make_session()
    await ask(session)
    await asyncio.to_thread(session.close)
    assert session.reports == {"sent": 1, "dropped": 0}
    after = await record(good.name)
    assert after["success_rate"] > before
    assert after["latency_ms"] < 30_000, "what the client measured counts"


async def test_a_proxy_that_cannot_be_reached_is_reported(
    make_session: MakeSession, plant: Plant, record: Record
) -> None:
    await plant("127.0.0.1:1", "http")
    session = make_session()
    with pytest.raises(AllProxiesFailedError):
        await ask(session)
    await asyncio.to_thread(session.close)
    assert (await record("127.0.0.1:1"))["last_reason"] == "connect_refused"


async def test_a_site_that_is_down_is_not_held_against_the_proxies(
    make_session: MakeSession, make_upstream: MakeUpstream, record: Record
) -> None:
    upstreams = [await make_upstream("http", fault="unreachable") for _ in range(2)]
    session = make_session()
    assert (await ask(session)).status_code == 502
    await asyncio.to_thread(session.close)
    assert session.reports == {"sent": 0, "dropped": 0}
    for upstream in upstreams:
        assert (await record(upstream.name))["last_status"] is True


async def test_a_failure_is_held_against_a_proxy_when_another_one_succeeds(
    make_session: MakeSession, make_upstream: MakeUpstream, record: Record
) -> None:
    bad = await make_upstream("http", fault="closes")
    await make_upstream("http")
    session = make_session()
    for _ in range(2):
        await ask(session)
    await asyncio.to_thread(session.close)
    assert (await record(bad.name))["last_reason"] == "closed"


async def test_a_caller_may_report_what_it_alone_can_see(
    make_session: MakeSession, make_upstream: MakeUpstream, record: Record
) -> None:
    upstream = await make_upstream("http", login=("buyer", "secret"))
    session = make_session(report=False)
    answer = await ask(session)
    session.report(answer, ok=False, reason="blocked")
    await asyncio.to_thread(session.close)
    assert (await record(upstream.name))["last_reason"] == "blocked"
    with pytest.raises(ValueError, match="responses of this session"):
        session.report(requests.Response(), ok=True)


async def test_a_pool_that_takes_no_reports_does_not_disturb_the_caller(
    make_session: MakeSession, make_upstream: MakeUpstream, api: Api
) -> None:
    await make_upstream("http")
    session = make_session()
    await ask(session)
    await api.stop()
    for _ in range(3):
        assert (await ask(session)).status_code == 200
    await asyncio.to_thread(session.close)
    assert session.reports["dropped"] >= 3


async def test_reports_are_sent_when_a_program_ends_that_closes_nothing(
    api: Api, make_upstream: MakeUpstream, record: Record
) -> None:
    upstream = await make_upstream("http", latency_ms=30_000)
    program = (
        "from proxypool.client import PooledSession\n"
        f"print(PooledSession({api.url!r}).get({SITE!r}).status_code)"
    )
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "200"
    assert (await record(upstream.name))["latency_ms"] < 30_000


def test_importing_the_client_needs_nothing_but_requests() -> None:
    program = (
        "import sys\n"
        "for name in ('redis', 'starlette', 'pydantic', 'aiohttp', 'uvloop', 'yaml', 're2'):\n"
        "    sys.modules[name] = None\n"
        "from proxypool.client import PooledSession\n"
        "PooledSession().close()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
