"""Who may use the gateway, and how often anyone may try."""

import json

import pytest
from proxypool.gateway.gateway import load_accounts
from proxypool.gateway.logins import FailedLogins
from proxypool.gateway.networks import counted_as, plain
from proxypool.problems import ConfigurationError
from proxypool.settings import load

from tests.conftest import Until
from tests.gateway.conftest import (
    SITE,
    Client,
    MakeUpstream,
    Running,
    StartGateway,
    basic,
)

ASK = f"GET http://{SITE}/ HTTP/1.1\r\n"


async def test_nobody_uses_it_without_credentials(
    make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream()
    for request in (ASK, f"CONNECT {SITE}:443 HTTP/1.1\r\n"):
        client.send(request + "\r\n")
        status, headers, body = await client.answer()
        assert status == 407
        assert headers["proxy-authenticate"].startswith("Basic realm=")
        assert json.loads(body)["what_to_do"]
    assert not upstream.connections
    assert (await client.get())[0] == 200, "the connection may go on"


@pytest.mark.parametrize(
    "header",
    [
        basic("pool", "wrong"),
        basic("nobody"),
        basic(""),
        basic("pool", ""),
        basic("pool-country-CN", "wrong"),
        basic("country-CN"),
        "Proxy-Authorization: Bearer s3cret\r\n",
        "Proxy-Authorization: Basic !!!\r\n",
        "Authorization: Basic cG9vbDpzM2NyZXQ=\r\n",
    ],
)
async def test_wrong_credentials_are_refused(
    header: str, make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream()
    client.send(ASK + header + "\r\n")
    assert (await client.answer())[0] == 407
    assert not upstream.connections


async def test_guessing_is_stopped_and_right_ones_wait_too(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    await make_upstream()
    client = await gateway.client()
    for number in range(10):
        client.send(ASK + basic("pool", f"guess{number}") + "\r\n")
        assert (await client.answer())[0] == 407
    client.send(ASK + basic() + "\r\n")
    status, headers, _ = await client.answer()
    assert status == 429
    assert 50 <= int(headers["retry-after"]) <= 60
    socks = await gateway.client()
    socks.send(b"\x05\x01\x02\x01\x04pool\x06s3cret")
    assert await socks.reader.read() == b"\x05\x02\x01\x01"


def test_failed_logins_are_forgotten_after_a_minute_and_per_address() -> None:
    now = [1000.0]
    logins = FailedLogins(lambda: now[0])
    for _ in range(10):
        assert logins.wait_s("192.0.2.1") == 0
        logins.note("192.0.2.1")
    assert 0 < logins.wait_s("192.0.2.1") <= 60
    assert logins.wait_s("192.0.2.2") == 0
    now[0] += 61
    assert logins.wait_s("192.0.2.1") == 0
    logins.note("192.0.2.1")
    assert logins.wait_s("192.0.2.1") == 0


async def test_trusted_callers_are_excused_by_setting_only(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream(country="CN")
    running = await start_gateway(GATEWAY_REQUIRE_CREDENTIALS="no")
    client = await running.client()
    client.send(ASK + "\r\n")
    assert (await client.answer())[0] == 200
    assert (await client.get(user="country-CN"))[0] == 200
    assert (await client.get(user="country-DE"))[0] == 503
    assert (await client.get(user="pool-country-CN"))[0] == 200
    client.send(ASK + basic("pool-country-CN", "wrong") + "\r\n")
    assert (await client.answer())[0] == 407
    socks = await running.client()
    socks.send(b"\x05\x01\x00" + b"\x05\x01\x00\x03\x09site.test\x01\xbb")
    assert (await socks.reader.readexactly(4))[:4] == b"\x05\x00\x05\x00"


async def test_others_are_not_excused(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_REQUIRE_CREDENTIALS="no", TRUSTED_CALLERS="192.0.2.0/24")
    client = await running.client()
    client.send(ASK + "\r\n")
    assert (await client.answer())[0] == 407


def test_without_any_account_it_does_not_start(gateway_environment: dict[str, str]) -> None:
    del gateway_environment["ACCOUNTS_FILE"]
    with pytest.raises(ConfigurationError, match="ACCOUNTS_FILE"):
        load_accounts(load("gateway", gateway_environment))
    excusing = {**gateway_environment, "GATEWAY_REQUIRE_CREDENTIALS": "no"}
    assert not load_accounts(load("gateway", excusing))


async def test_one_address_has_so_many_connections_and_no_more(
    make_upstream: MakeUpstream, start_gateway: StartGateway, until: Until
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_MAX_CONNECTIONS_PER_CLIENT="3")
    clients = [await running.client() for _ in range(3)]
    for client in clients:
        assert (await client.connect())[0] == 200
    one_more = await running.client()
    status, headers, body = await one_more.get()
    assert (status, headers["connection"]) == (429, "close")
    assert json.loads(body)["name"] == "connections"
    socks = await running.client()
    socks.send(b"\x05\x01\x02")
    assert await socks.reader.read() == b"\x05\xff"
    await one_more.close()
    clients[0].writer.transport.abort()

    async def one_has_left() -> bool:
        return running.count("gateway_connections") == 2

    await until(one_has_left, 20)
    client = await running.client()
    assert (await client.get())[0] == 200


async def test_so_many_connections_in_all(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_MAX_CONNECTIONS="2")
    clients = [await running.client() for _ in range(2)]
    for client in clients:
        assert (await client.connect())[0] == 200
    assert (await (await running.client()).get())[0] == 503


def test_an_ipv6_callers_whole_network_is_counted_as_one() -> None:
    assert counted_as("2001:db8::1") == counted_as("2001:db8::ffff") == "2001:db8::/64"
    assert counted_as("2001:db8:0:1::1") != counted_as("2001:db8::1")
    assert counted_as("192.0.2.1") != counted_as("192.0.2.2")
    assert plain("::ffff:192.0.2.1") == "192.0.2.1"
    assert plain("fe80::1%eth0") == "fe80::1"
