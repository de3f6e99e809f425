"""`proxypool run`: everything, with nothing set up before."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from proxypool.own_machine import environment as own_machine
from proxypool.own_machine import shipped_sources

from tests import proxies
from tests.conftest import Until
from tests.judge import Judge

API = "http://127.0.0.1:5610"
GATEWAY = "http://127.0.0.1:5611"


@pytest.fixture
async def world(judge: Judge, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """A source with one good proxy, a judge, and a folder for the store; no Redis."""
    async with proxies.proxy(proxies.good) as good:
        sources = tmp_path / "sources"
        sources.mkdir()
        listed = tmp_path / "list.txt"
        listed.write_text(f"{good}\n")
        (sources / "own.yaml").write_text(json.dumps({"name": "own", "file": str(listed)}))
        yield {
            "SOURCES_DIR": str(sources),
            "JUDGE_URL": judge.url,
            "ALLOWED_UPSTREAM_NETWORKS": "127.0.0.0/8",
            # What listens on loopback in this test is the world that is asked for.
            "GATEWAY_ALLOWED_DESTINATIONS": "127.0.0.1",
            "GATEWAY_ALLOWED_PORTS": "1-65535",
            "DATA_DIR": str(tmp_path / "data"),
            "PORT": API.rpartition(":")[2],
            "GATEWAY_PORT": GATEWAY.rpartition(":")[2],
            "STOP_GRACE": "0.5",
        }


@contextlib.asynccontextmanager
async def running(world: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    given = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "proxypool", "run", env={**given, **world}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def counted() -> int:
    try:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{API}/count/", timeout=5)
        return int(answer.json()["count"])
    except (httpx.HTTPError, ValueError, KeyError):
        return 0


async def test_a_pool_runs_without_redis_and_keeps_what_it_found(
    world: dict[str, str], judge: Judge, until: Until
) -> None:
    async with running(world) as process:
        await until(counted, 90)
        async with httpx.AsyncClient(proxy=GATEWAY, timeout=20) as client:
            answer = await client.get(judge.url)
        assert answer.json()["ip"] == proxies.EXIT
        assert answer.headers["X-Proxy-Upstream"].startswith("127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    without_sources = {**world, "PROXY_FETCHER": "own", "JUDGE_URL": "http://127.0.0.1:1/"}
    async with running(without_sources) as process:
        assert await until(counted, 90), "the store survives a restart"
        process.terminate()
        assert await process.wait() == 0


async def test_a_wrong_source_ends_all_with_78(world: dict[str, str]) -> None:
    (Path(world["SOURCES_DIR"]) / "wrong.yaml").write_text("name: wrong\nurl: x\n")
    async with running(world) as process:
        assert await asyncio.wait_for(process.wait(), 60) == 78


def test_nothing_needs_to_be_set() -> None:
    chosen = own_machine({})
    assert (chosen["HOST"], chosen["GATEWAY_HOST"]) == ("127.0.0.1", "127.0.0.1")
    assert chosen["GATEWAY_REQUIRE_CREDENTIALS"] == "no", "on loopback alone"
    assert chosen["JUDGE_URL"].startswith("http://")
    assert Path(chosen["SOURCES_DIR"]) == shipped_sources()


def test_what_is_set_is_kept() -> None:
    given = {
        "HOST": "0.0.0.0",
        "GATEWAY_HOST": "0.0.0.0",
        "HTTP_URL": "http://judge.example/",
        "SOURCES_DIR": "/etc/sources",
        "GATEWAY_URL": "http://gateway.example",
    }
    assert own_machine(given) == {}


def test_a_gateway_that_others_reach_asks_for_credentials() -> None:
    assert "GATEWAY_REQUIRE_CREDENTIALS" not in own_machine({"GATEWAY_HOST": "0.0.0.0"})
    assert "GATEWAY_REQUIRE_CREDENTIALS" not in own_machine({"ACCOUNTS_FILE": "/run/accounts"})


def test_the_package_brings_every_source_that_is_shipped() -> None:
    shipped = {path.name: path.read_text() for path in Path("sources").glob("*.yaml")}
    assert {path.name: path.read_text() for path in shipped_sources().glob("*.yaml")} == shipped
    assert shipped
