"""A client's connection to its upstream is used again where that can do no harm."""

import asyncio
import json

import pytest

from tests.gateway.conftest import SITE, Client, MakeUpstream, Plant, Running, basic
from tests.gateway.origin import Origin

PROTOCOLS = ["http", "connect", "socks5"]


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_one_connection_serves_many_requests(
    protocol: str, make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream(protocol)
    for path in ("", "chunked", "bytes/100000", "status/204", "status/404", ""):
        assert (await client.get(f"http://{SITE}/{path}"))[0] in (200, 204, 404)
    assert upstream.connections == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_connection_is_used_for_its_destination_alone(
    protocol: str, make_upstream: MakeUpstream, client: Client, origin: Origin
) -> None:
    upstream = await make_upstream(protocol)
    for host in (SITE, "other.test", SITE):
        assert (await client.get(f"http://{host}/"))[0] == 200
    assert [asked.header("host") for asked in origin.asked] == [[SITE], ["other.test"], [SITE]]
    assert upstream.connections == 2


async def test_no_connection_is_shared_between_clients(
    make_upstream: MakeUpstream, gateway: Running
) -> None:
    upstream = await make_upstream()
    for _ in range(3):
        assert (await (await gateway.client()).get())[0] == 200
    assert upstream.connections == 3


async def test_what_must_not_be_sent_twice_goes_on_a_new_connection(
    make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream()
    for _ in range(3):
        status, _, _ = await client.get(method="POST", extra="Content-Length: 0\r\n")
        assert status == 200
    assert upstream.connections == 3


@pytest.mark.parametrize("path", ["until-close", "early"])
async def test_one_that_ends_is_not_kept(
    path: str, make_upstream: MakeUpstream, gateway: Running
) -> None:
    upstream = await make_upstream("http")
    for _ in range(2):
        client = await gateway.client()
        await client.get(f"http://{SITE}/{path}")
    assert upstream.connections == 2


async def test_one_that_the_upstream_has_closed_meanwhile_is_replaced_without_blame(
    make_upstream: MakeUpstream, client: Client, gateway: Running
) -> None:
    upstream = await make_upstream("http")
    assert (await client.get())[0] == 200
    upstream.abort_connections()
    await asyncio.sleep(0)
    assert (await client.get())[0] == 200
    assert upstream.connections == 2
    assert not gateway.count("gateway_attempts_failed_total", reason="closed")


async def speaks_out_of_turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends an answer that nobody has asked for behind the one that was asked for."""
    await reader.readuntil(b"\r\n\r\n")
    for body in (b"right", b"wrong"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body)
    await reader.read()
    writer.close()


async def test_an_answer_that_nobody_asked_for_reaches_nobody(plant: Plant, client: Client) -> None:
    server = await asyncio.start_server(speaks_out_of_turn, "127.0.0.1", 0)
    await plant(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", "http")
    for _ in range(4):
        assert (await client.get())[2] == b"right"
    server.close()


async def closes_each_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says that it stays, answers the first request, and closes at the second."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright")
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def test_one_that_closes_when_asked_again_is_dialled_anew(
    plant: Plant, client: Client, gateway: Running
) -> None:
    server = await asyncio.start_server(closes_each_time, "127.0.0.1", 0)
    await plant(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", "http")
    for _ in range(4):
        assert (await client.get())[2] == b"right"
    assert not gateway.count("gateway_attempts_failed_total", reason="closed")
    server.close()


async def test_requests_sent_ahead_share_the_connection(
    make_upstream: MakeUpstream, client: Client
) -> None:
    upstream = await make_upstream("socks5")
    for number in range(10):
        client.send(f"GET http://{SITE}/{number} HTTP/1.1\r\n{basic()}\r\n")
    for number in range(10):
        _, _, body = await client.answer()
        assert json.loads(body)["target"] == f"/{number}"
    assert upstream.connections == 1
