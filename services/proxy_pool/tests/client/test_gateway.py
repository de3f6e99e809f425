"""A session that goes through the pool's real gateway."""

import asyncio
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

from tests.client.conftest import CERTIFICATE, MakeSession, Record
from tests.gateway.conftest import SECRET, MakeUpstream, Plant, Running, StartGateway
from tests.gateway.origin import Origin

SITE = "http://site.test"


@pytest.fixture
def through(make_session: MakeSession, gateway: Running) -> MakeSession:
    def make(**arguments: Any) -> PooledSession:
        arguments.setdefault("auth", ("pool", SECRET))
        return make_session(gateway=f"http://127.0.0.1:{gateway.port}", **arguments)

    return make


async def ask(session: PooledSession, path: str = "/", method: str = "GET", **more: Any) -> Any:
    url = path if "://" in path else SITE + path
    return await asyncio.to_thread(session.request, method, url, **more)


async def test_requests_go_through_the_gateway(
    through: MakeSession, make_upstream: MakeUpstream, origin: Origin
) -> None:
    upstream = await make_upstream("http")
    answer = await ask(through())
    assert answer.json()["method"] == "GET"
    assert answer.headers["X-Proxy-Upstream"] == upstream.place
    assert not origin.asked[0].header("proxy-authorization")


async def test_https_is_tunnelled_and_verified(
    through: MakeSession, make_upstream: MakeUpstream, tls_site: int
) -> None:
    upstream = await make_upstream("connect")
    upstream.names["site.test"] = tls_site
    answer = await ask(through(), "https://site.test/", verify=str(CERTIFICATE))
    assert answer.status_code == 200
    assert upstream.destinations == [("connect", "site.test:443")]
    assert answer.headers["X-Proxy-Upstream"] == upstream.place


async def test_filters_stand_in_the_user_name(
    through: MakeSession, make_upstream: MakeUpstream, store: Store
) -> None:
    await store.put_target(Target(name="shop", url="http://shop.example/"))
    wanted = await make_upstream(
        "http", "connect", country="CN", latency_ms=50, asn=64500, target="shop"
    )
    await make_upstream("http", country="US", latency_ms=500, anonymity="anonymous")
    for filters in (
        {"country": "cn"},
        {"asn": 64500},
        {"target": "shop"},
        {"max_latency_ms": 100},
        {"anonymity": "elite", "protocol": "http", "https": True},
    ):
        answer = await ask(through(**filters))
        assert answer.headers["X-Proxy-Upstream"] == wanted.place, filters
    with pytest.raises(NoProxyError, match="upstream: expected one that fits the filters"):
        await ask(through(country="DE"))


async def test_a_session_keeps_its_proxy(through: MakeSession, make_upstream: MakeUpstream) -> None:
    for _ in range(4):
        await make_upstream("http", "connect")
    session = through(session="basket")
    served = [(await ask(session)).headers["X-Proxy-Upstream"] for _ in range(8)]
    assert len(set(served)) == 1


async def test_what_no_proxy_carried_is_told_with_the_attempts(
    through: MakeSession, plant: Plant
) -> None:
    await plant("127.0.0.1:1", "http")
    with pytest.raises(AllProxiesFailedError) as raised:
        await ask(through())
    assert [(one.proxy, one.reason) for one in raised.value.attempts] == [
        ("127.0.0.1:1", "connect_refused")
    ]
    assert isinstance(raised.value, requests.exceptions.ProxyError)


async def test_a_tunnel_for_which_there_is_no_proxy_is_told_as_such(through: MakeSession) -> None:
    with pytest.raises(NoProxyError):
        await ask(through(), "https://site.test/")


async def test_a_tunnel_that_no_proxy_opened_is_told_as_such(
    through: MakeSession, plant: Plant
) -> None:
    await plant("127.0.0.1:1", "connect")
    with pytest.raises(AllProxiesFailedError):
        await ask(through(), "https://site.test/")


async def test_the_sites_own_refusal_is_given_to_the_caller(
    through: MakeSession, make_upstream: MakeUpstream
) -> None:
    await make_upstream("http")
    for status in (404, 500):
        answer = await ask(through(), f"/status/{status}")
        assert (answer.status_code, answer.text) == (status, "body")


@pytest.mark.parametrize("url", [SITE, "https://site.test/"])
async def test_wrong_credentials_are_refused(
    through: MakeSession, make_upstream: MakeUpstream, url: str
) -> None:
    await make_upstream("http", "connect")
    with pytest.raises(PoolRefusedError) as raised:
        await ask(through(auth=("pool", "guess")), url)
    assert "guess" not in str(raised.value)
    assert isinstance(raised.value, requests.exceptions.HTTPError)


async def test_a_private_destination_is_refused_by_the_gateway(through: MakeSession) -> None:
    with pytest.raises(PoolRefusedError, match="a public address"):
        await ask(through(), "http://10.0.0.1/")


async def test_a_gateway_that_is_away_says_so(make_session: MakeSession) -> None:
    with pytest.raises(PoolUnavailableError, match=r"gateway 127\.0\.0\.1:1 does not answer"):
        await ask(make_session(gateway="http://127.0.0.1:1"))


async def test_a_site_cannot_forge_the_proxy_that_is_reported(
    through: MakeSession, make_upstream: MakeUpstream, tls_site: int, record: Record
) -> None:
    upstream = await make_upstream("connect")
    upstream.names["site.test"] = tls_site
    session = through()
    answer = await ask(session, "https://site.test/hop-headers", verify=str(CERTIFICATE))
    assert answer.headers["X-Proxy-Upstream"] == upstream.place
    session.report(answer, ok=False, reason="blocked")
    await asyncio.to_thread(session.close)
    assert (await record(upstream.name))["last_reason"] == "blocked"


async def test_each_request_may_get_another_proxy_also_over_tls(
    through: MakeSession, make_upstream: MakeUpstream, tls_site: int
) -> None:
    upstream = await make_upstream("connect")
    upstream.names["site.test"] = tls_site
    session = through()
    for _ in range(3):
        await ask(session, "https://site.test/", verify=str(CERTIFICATE))
    assert upstream.connections == 3


async def test_an_open_gateway_needs_no_account(
    make_session: MakeSession, start_gateway: StartGateway, make_upstream: MakeUpstream
) -> None:
    upstream = await make_upstream("http", country="CN")
    running = await start_gateway(GATEWAY_REQUIRE_CREDENTIALS="no")
    session = make_session(gateway=f"http://127.0.0.1:{running.port}", country="CN")
    assert (await ask(session)).headers["X-Proxy-Upstream"] == upstream.place


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"source": "siteA"}, "take proxies from the pool's API"),
        ({"min_score": 50}, "take proxies from the pool's API"),
        ({"https": False}, "carry https alone"),
        ({"session": "a-b"}, "dashes part"),
    ],
)
def test_what_a_user_name_cannot_say_is_refused(filters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PooledSession(gateway="http://127.0.0.1:5011", **filters)
