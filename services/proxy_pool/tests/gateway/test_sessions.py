"""Sticky sessions keep their upstream, over all gateways, until it dies."""

import asyncio

from proxypool.store import Store

from tests.conftest import Admin
from tests.gateway.conftest import MakeUpstream, Running, StartGateway

TABLE = "proxy_pool:use_proxy"


async def exit_of(running: Running, user: str = "pool-session-abc", *, tunnel: bool = False) -> str:
    client = await running.client()
    status, headers, _ = await (client.connect(user=user) if tunnel else client.get(user=user))
    await client.close()
    return headers["x-proxy-upstream"] if status == 200 else str(status)


async def test_a_session_keeps_its_upstream_for_requests_and_tunnels_on_all_gateways(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    for _ in range(8):
        await make_upstream()
    await make_upstream("http")
    gateways = [await start_gateway() for _ in range(2)]
    seen = {
        await exit_of(running, tunnel=tunnel)
        for _ in range(5)
        for running in gateways
        for tunnel in (False, True)
    }
    assert len(seen) == 1


async def test_sessions_are_spread_and_belong_to_their_account_and_filters(
    make_upstream: MakeUpstream, gateway: Running, admin: Admin
) -> None:
    for _ in range(8):
        await make_upstream(country="CN")
    users = [f"pool-session-{number}" for number in range(30)]
    assert len({await exit_of(gateway, user) for user in users}) > 2
    before = await admin.hlen(f"{TABLE}:sessions")
    await exit_of(gateway, "pool-country-CN-session-1")
    assert await admin.hlen(f"{TABLE}:sessions") == before + 1


async def test_without_a_session_exits_rotate(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    for _ in range(8):
        await make_upstream()
    assert len({await exit_of(gateway, "pool") for _ in range(30)}) > 2


async def test_a_session_moves_when_its_upstream_dies_and_stays_moved(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    upstreams = [await make_upstream() for _ in range(4)]
    gateways = [await start_gateway() for _ in range(2)]
    first = await exit_of(gateways[0])
    assert await exit_of(gateways[1]) == first
    await next(one for one in upstreams if one.place == first).stop()
    second = await exit_of(gateways[0])
    assert second not in (first, "502")
    for running in gateways:
        for _ in range(3):
            assert await exit_of(running) == second


async def test_a_session_moves_when_its_upstream_leaves_the_pool(
    make_upstream: MakeUpstream, start_gateway: StartGateway, store: Store
) -> None:
    for _ in range(4):
        await make_upstream()
    first = await exit_of(await start_gateway())
    assert await store.delete(first)
    second = await exit_of(await start_gateway())
    assert second != first


async def test_a_session_stays_when_only_the_destination_fails(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    for _ in range(4):
        await make_upstream()
    first = await exit_of(gateway)
    client = await gateway.client()
    status, _, _ = await client.get("http://nowhere.example/", user="pool-session-abc")
    assert status == 502
    assert await exit_of(gateway) == first


async def test_a_session_ends_and_leaves_nothing(
    make_upstream: MakeUpstream, start_gateway: StartGateway, admin: Admin
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_SESSION_FOR="1")
    await exit_of(running)
    assert await admin.hlen(f"{TABLE}:sessions") == 1
    await asyncio.sleep(1.2)
    await exit_of(running, "pool-session-other")
    assert await admin.hlen(f"{TABLE}:sessions") == 1
    assert await admin.zcard(f"{TABLE}:sessions:ends") == 1
