"""The listener under garbage and load, the health port, and `proxypool gateway` as a process."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Until
from tests.gateway.conftest import (
    SECRET,
    SITE,
    MakeUpstream,
    Running,
    StartGateway,
    basic,
)
from tests.gateway.origin import Origin
from tests.ports import free_port

STARTS = st.sampled_from(
    [
        b"",
        b"\x05",
        b"\x05\x01\x02",
        b"\x05\x01\x02\x01\x04pool\x06s3cret\x05\x01\x00",
        b"\x04\x01",
        b"\x16\x03\x01\x02\x00",
        b"GET ",
        b"\r\n\r\n",
        f"GET http://{SITE}/ HTTP/1.1\r\n{basic()}".encode(),
        f"POST http://{SITE}/ HTTP/1.1\r\n{basic()}Transfer-Encoding: chunked\r\n\r\n".encode(),
        b"CONNECT ",
        b"PROXY ",
        b"\x00",
    ]
)


async def test_no_bytes_whatever_end_the_listener(
    make_upstream: MakeUpstream,
    start_gateway: StartGateway,
    caplog: pytest.LogCaptureFixture,
    until: Until,
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_MAX_CONNECTIONS_PER_CLIENT="1000")
    loop = asyncio.get_running_loop()

    async def throw(data: bytes) -> None:
        client = await running.client()
        client.send(data)
        client.writer.write_eof()
        try:
            await client.reader.read()
        except ConnectionResetError:
            pass  # as good an end as any
        finally:
            await client.close()

    @settings(max_examples=300, database=None, deadline=None)
    @given(st.tuples(STARTS, st.binary(max_size=600)).map(b"".join))
    def fuzz(data: bytes) -> None:
        asyncio.run_coroutine_threadsafe(throw(data), loop).result(30)

    await asyncio.to_thread(fuzz)

    async def quiet() -> bool:
        return running.count("gateway_connections") == 0

    await until(quiet, 20)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert (await (await running.client()).get())[0] == 200


async def test_many_connections_at_once(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    for _ in range(3):
        await make_upstream()
    running = await start_gateway(GATEWAY_MAX_CONNECTIONS_PER_CLIENT="1000")

    async def one(number: int) -> int:
        client = await running.client()
        try:
            if number % 2:
                return (await client.get(f"http://{SITE}/{number}"))[0]
            return (await client.connect())[0]
        finally:
            await client.close()

    assert set(await asyncio.gather(*map(one, range(300)))) == {200}


async def test_the_health_port_answers(
    make_upstream: MakeUpstream, gateway: Running, origin: Origin
) -> None:
    await make_upstream()
    assert (await (await gateway.client()).get())[0] == 200
    url = f"http://127.0.0.1:{gateway.gateway.health.port}"
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/healthz")).status_code == 200
        assert (await client.get(f"{url}/readyz")).status_code == 200
        assert (await client.get(f"{url}/nothing")).status_code == 404
        assert (await client.post(f"{url}/healthz")).status_code == 405
        metrics = (await client.get(f"{url}/metrics")).text
    assert 'gateway_requests_total{kind="http",outcome="carried"} 1.0' in metrics
    assert "gateway_connections 1.0" in metrics


async def test_stopping_lets_what_is_under_way_finish(
    make_upstream: MakeUpstream, start_gateway: StartGateway, origin: Origin
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_STOP_GRACE="20")
    resting, busy = await running.client(), await running.client()
    port = running.port
    assert (await resting.get())[0] == 200
    busy.send(f"GET http://{SITE}/waits HTTP/1.1\r\n{basic()}\r\n")
    while len(origin.asked) < 2:
        await asyncio.sleep(0.01)
    stopping = asyncio.create_task(running.gateway.stop())
    assert await resting.reader.read() == b"", "what rests is closed at once"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    origin.released.set()
    status, headers, body = await busy.answer()
    assert (status, headers["connection"], body) == (200, "close", b"ok")
    await busy.close()
    await stopping


async def test_stopping_waits_no_longer_than_the_grace(
    make_upstream: MakeUpstream, start_gateway: StartGateway
) -> None:
    await make_upstream()
    running = await start_gateway(GATEWAY_STOP_GRACE="0.1")
    client = await running.client()
    assert (await client.connect())[0] == 200
    await asyncio.wait_for(running.gateway.stop(), 20)
    assert await client.reader.read() == b""


@pytest.fixture
async def process_environment(gateway_environment: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        **gateway_environment,
        "GATEWAY_PORT": str(free_port()),
        "GATEWAY_HEALTH_PORT": str(free_port()),
    }


async def test_the_command_serves_and_stops_when_asked(
    make_upstream: MakeUpstream, process_environment: dict[str, str], until: Until
) -> None:
    upstream = await make_upstream()
    process = subprocess.Popen(
        [sys.executable, "-m", "proxypool", "gateway"], env=process_environment
    )

    def healthy() -> bool:
        check = subprocess.run(
            ["proxypool-health", "gateway"],
            env=process_environment,
            capture_output=True,
            check=False,
        )
        return check.returncode == 0

    async def is_healthy() -> bool:
        return await asyncio.to_thread(healthy)

    try:
        assert not healthy()
        await until(is_healthy)
        port = process_environment["GATEWAY_PORT"]
        proxy = f"http://pool-https:{SECRET}@127.0.0.1:{port}"
        async with httpx.AsyncClient(proxy=proxy) as client:
            answer = await client.get(f"http://{SITE}/")
        assert answer.headers["x-proxy-upstream"] == upstream.place
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 20) == 0
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_PORT", "0"),
        ("GATEWAY_PROXY_PROTOCOL_FROM", "the edge"),
        ("GATEWAY_REQUIRE_CREDENTIALS", "maybe"),
        ("GATEWAY_ATTEMPTS", "0"),
        ("GATEWAY_IDLE_TIMEOUT", "-1"),
        ("GATEWAY_ALLOWED_DESTINATIONS", "10.0.0.0/99"),
        ("GATEWAY_ALLOWED_DESTINATIONS", "10.0.0.256"),
        ("GATEWAY_ALLOWED_DESTINATIONS", "a b"),
        ("GATEWAY_ALLOWED_PORTS", "0-80"),
        ("GATEWAY_ALLOWED_PORTS", "90-80"),
        ("GATEWAY_ALLOWED_PORTS", "http"),
        ("ACCOUNTS_FILE", "/nonexistent"),
    ],
)
def test_a_bad_setting_is_named_and_ends_it_with_78(
    name: str, value: str, gateway_environment: dict[str, str], tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "proxypool", "gateway"],
        env={**gateway_environment, name: value},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 78
    assert f"proxypool gateway does not start: {name}" in ended.stderr


def test_a_port_that_is_taken_is_told(process_environment: dict[str, str]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "proxypool", "gateway"],
            env={**process_environment, "GATEWAY_PORT": port},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert ended.returncode == 78
    assert "GATEWAY_PORT" in ended.stderr
