"""The farm as a process, through its ports."""

import asyncio
import contextlib
import subprocess
import time
from typing import Any

import httpx
import pytest

from tests.clients import RefusedError, connect, tunnel
from tests.conftest import PORT, Destination

Planted = dict[str, Any]


async def planted_as(world: httpx.AsyncClient, kind: str) -> list[Planted]:
    proxies = (await world.get("/farm/")).json()["proxies"]
    found = [entry for entry in proxies if entry["kind"] == kind]
    assert found
    return found


async def through(
    entry: Planted, url: str, timeout: float = 10, content: bytes | None = None
) -> httpx.Response:
    async with httpx.AsyncClient(proxy=f"http://127.0.0.1:{entry['port']}") as client:
        method = "GET" if content is None else "POST"
        return await client.request(method, url, timeout=timeout, content=content)


async def raw(port: object, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(port)))
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 15)
    writer.close()
    return answer


async def test_each_good_proxy_announces_its_own_exit_and_nothing_else(
    world: httpx.AsyncClient, announced: Destination
) -> None:
    good = await planted_as(world, "good")
    for entry in good:
        answer = await through(entry, "http://check.test:8001/check/?format=json")
        assert answer.status_code == 200
    for entry, received in zip(good, announced.received, strict=True):
        header, _, request = received.partition(b"\r\n")
        words = header.decode().split()
        assert words[:4] == ["PROXY", "TCP4", entry["exit_ip"], "127.0.0.1"]
        assert int(words[5]) == announced.port
        lines = request.split(b"\r\n")
        assert lines[0] == b"GET /check/?format=json HTTP/1.1"
        assert lines[1] == b"Host: check.test:8001"
        lower = request.lower()
        for trace in (b"via:", b"forwarded", b"proxy-", b"127.0.0.1"):
            assert trace not in lower


async def test_a_transparent_proxy_shows_its_client(
    world: httpx.AsyncClient, announced: Destination
) -> None:
    (entry, *_) = await planted_as(world, "transparent")
    await through(entry, "http://check.test:8001/")
    (received,) = announced.received
    assert received.startswith(b"PROXY TCP4 127.0.0.1 ")
    assert b"X-Forwarded-For: 127.0.0.1\r\n" in received
    assert b"Via: 1.1 farm\r\n" in received


async def test_a_slow_proxy_answers_after_its_delay(world: httpx.AsyncClient) -> None:
    (entry, *_) = await planted_as(world, "slow")
    started = time.monotonic()
    assert (await through(entry, "http://check.test:8001/")).status_code == 200
    assert time.monotonic() - started >= float(str(entry["delay_s"]))


async def test_dead_ones_refuse(world: httpx.AsyncClient) -> None:
    for entry in await planted_as(world, "dead"):
        with pytest.raises(httpx.ConnectError):
            await through(entry, "http://check.test:8001/")


async def test_a_hanging_one_never_answers(
    world: httpx.AsyncClient, announced: Destination
) -> None:
    (entry, *_) = await planted_as(world, "hanging")
    with pytest.raises(httpx.ReadTimeout):
        await through(entry, "http://check.test:8001/", timeout=1.5)
    assert announced.received == []


async def test_a_body_is_carried(world: httpx.AsyncClient, announced: Destination) -> None:
    (entry, *_) = await planted_as(world, "good")
    body = b"0123456789" * 50_000
    answer = await through(entry, "http://check.test:8001/x", content=body)
    assert answer.content.endswith(body)


async def test_a_tunnel_announces_the_exit_too(
    world: httpx.AsyncClient, announced: Destination
) -> None:
    (entry, *_) = await planted_as(world, "good")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(str(entry["port"])))
    writer.write(b"CONNECT check.test:8001 HTTP/1.1\r\nHost: check.test:8001\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
    writer.write(b"GET /inside HTTP/1.1\r\n\r\n")
    await reader.read()
    writer.close()
    (received,) = announced.received
    assert received.startswith(f"PROXY TCP4 {entry['exit_ip']} ".encode())
    assert b"GET /inside HTTP/1.1" in received


async def test_an_allowed_destination_is_reached_without_a_header(
    world: httpx.AsyncClient, plain: Destination
) -> None:
    (entry, *_) = await planted_as(world, "good")
    assert (await through(entry, f"http://127.0.0.1:{plain.port}/")).status_code == 200
    assert plain.received[0].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url", ["http://example.test/", f"http://127.0.0.1:{PORT}/farm/", "http://check.test:8101/"]
)
async def test_the_farm_is_no_open_relay(url: str, world: httpx.AsyncClient) -> None:
    (entry, *_) = await planted_as(world, "good")
    answer = await through(entry, url)
    assert answer.status_code == 403
    assert "check.test:8001" in answer.text
    assert "FARM_ALLOWED_DESTINATIONS" in answer.text
    host = url.split("/")[2]
    authority = (host if ":" in host else f"{host}:80").encode()
    refused = await raw(entry["port"], b"CONNECT %b HTTP/1.1\r\n\r\n" % authority)
    assert refused.startswith(b"HTTP/1.1 403 ")


async def test_no_socks_proxy_is_an_open_relay_either(world: httpx.AsyncClient) -> None:
    (entry, *_) = await planted_as(world, "good-mixed")
    for protocol, host, port in (
        ("socks4", "127.0.0.1", PORT),
        ("socks4", "192.0.2.1", 8001),
        ("socks4a", "example.test", 8001),
        ("socks5", "example.test", 8001),
        ("socks5", "192.0.2.1", 8001),
        ("socks5", "2001:db8::1", 8001),
        ("socks5", "localhost", PORT),
    ):
        with pytest.raises(RefusedError) as caught:
            await tunnel(entry, protocol, host, port)
        refusal = caught.value.args[0]
        assert refusal[:2] in (b"\x00\x5b", b"\x05\x02"), (protocol, host)


@pytest.mark.parametrize(
    ("protocol", "host"),
    [
        ("connect", "localhost"),
        ("connect", "127.0.0.1"),
        ("socks4", "127.0.0.1"),
        ("socks4a", "localhost"),
        ("socks4a", "LOCALHOST"),
        ("socks5", "localhost"),
        ("socks5", "127.0.0.1"),
        ("socks5", "::ffff:127.0.0.1"),
    ],
)
async def test_an_announced_destination_is_reached_by_name_and_by_its_address(
    protocol: str, host: str, world: httpx.AsyncClient, announced: Destination
) -> None:
    (entry, *_) = await planted_as(world, "good-mixed")
    line = await tunnel(entry, protocol, host, 8001)
    assert b"GET /inside HTTP/1.1" in await line.ask(b"GET /inside HTTP/1.1\r\n\r\n")
    (received,) = announced.received
    assert received.startswith(f"PROXY TCP4 {entry['exit_ip']} 127.0.0.1 ".encode())


async def test_a_destination_that_is_gone_is_told_to_socks_clients_too(
    world: httpx.AsyncClient,
) -> None:
    (entry, *_) = await planted_as(world, "good-mixed")
    for protocol, code in (("socks5", b"\x05\x04"), ("socks4", b"\x00\x5b")):
        with pytest.raises(RefusedError) as caught:
            await tunnel(entry, protocol, "127.0.0.1", 1)
        assert caught.value.args[0][:2] == code


async def test_a_client_may_end_its_half_first(
    world: httpx.AsyncClient, announced: Destination
) -> None:
    (entry, *_) = await planted_as(world, "good")
    line = await connect(entry)
    line.writer.write(b"GET http://check.test:8001/half HTTP/1.1\r\n\r\n")
    line.writer.write_eof()
    answer = await asyncio.wait_for(line.reader.read(), 15)
    line.writer.close()
    assert b"GET /half HTTP/1.1" in answer


@pytest.mark.parametrize("protocol", ["http", "connect", "socks5"])
async def test_tampering_and_injecting_work_on_what_is_carried(
    protocol: str, world: httpx.AsyncClient, announced: Destination
) -> None:
    path, marker = "/x", "0123456789abcdef" * 2
    head = f"Host: x\r\nX-Marker: {marker}\r\n\r\n"
    kinds = {"tampering": marker[::-1], "injecting": "</script>"}
    for kind, sign in (
        kinds.items() if protocol != "socks5" else [("tampering-socks5", marker[::-1])]
    ):
        (entry, *_) = await planted_as(world, kind)
        if protocol == "http":
            line, target = await connect(entry), f"http://check.test:8001{path}"
        else:
            line, target = await tunnel(entry, protocol, "localhost", 8001), path
        answer = await line.ask(f"GET {target} HTTP/1.1\r\n{head}".encode())
        told, _, body = answer.partition(b"\r\n\r\n")
        assert sign.encode() in body
        assert b"Content-Length: %d" % len(body) in told


async def test_a_large_answer_is_carried_whole_to_a_slow_reader(
    world: httpx.AsyncClient, plain: Destination
) -> None:
    (entry, *_) = await planted_as(world, "good-mixed")
    line = await tunnel(entry, "socks5", "127.0.0.1", plain.port)
    body = b"0123456789" * 1_000_000
    line.writer.write(b"POST /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    answer = b""
    while piece := await asyncio.wait_for(line.reader.read(16 * 1024), 15):
        answer += piece
        await asyncio.sleep(0)
    line.writer.close()
    assert answer.endswith(body)


async def test_a_destination_that_does_not_answer_is_a_502(world: httpx.AsyncClient) -> None:
    (entry, *_) = await planted_as(world, "good")
    assert (await through(entry, "http://127.0.0.1:1/")).status_code == 502


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n",
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET https://check.test:8001/ HTTP/1.1\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"GET http://check.test:99999/ HTTP/1.1\r\n\r\n",
        b"GET http:/// HTTP/1.1\r\n\r\n",
        b"CONNECT check.test HTTP/1.1\r\n\r\n",
        b"GET http://check.test:8001/ HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET http://check.test:8001/ HTTP/1.1\r\nA: " + b"x" * 40_000 + b"\r\n\r\n",
    ],
)
async def test_a_bad_request_is_told(request_: bytes, world: httpx.AsyncClient) -> None:
    (entry, *_) = await planted_as(world, "good")
    with contextlib.suppress(ConnectionResetError):
        assert (await raw(entry["port"], request_)).startswith(b"HTTP/1.1 400 Bad Request")
    assert (await through(entry, "http://check.test:8001/")).status_code == 200


async def test_many_clients_at_once_are_served(world: httpx.AsyncClient) -> None:
    good = await planted_as(world, "good")
    answers = await asyncio.gather(
        *(through(entry, "http://check.test:8001/", timeout=30) for entry in good * 5)
    )
    assert {answer.status_code for answer in answers} == {200}


async def test_the_health_check_tells_whether_it_runs(world: httpx.AsyncClient) -> None:
    def healthy(path: str) -> int:
        return subprocess.run(["demo-health", path], check=False).returncode

    assert await asyncio.to_thread(healthy, "/healthz") == 0
    assert await asyncio.to_thread(healthy, "/nothing") != 0
