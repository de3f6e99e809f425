"""The service as it runs: several processes, its command, its health check, its log."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from shortlink.database import Database

from tests.conftest import ALICE, Admin

WITHIN_S = 20


@dataclass
class Process:
    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WITHIN_S)


@pytest.fixture
def environ(environment: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        **environment,
        "HOST": "127.0.0.1",
        "PORT": "18002",
        "WORKERS": "2",
        "FLUSH_INTERVAL": "0.2",
        "EDGE_NETWORKS": "127.0.0.1",
    }


@pytest.fixture
def serving(
    environ: dict[str, str], tables: Database, admin: Admin, tmp_path: Path
) -> Iterator[Process]:
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "shortlink", "serve"], env=environ, stderr=file
        )
    found = Process(process, f"http://127.0.0.1:{environ['PORT']}", log)
    try:
        wait_for(found)
        yield found
    finally:
        # Its processes end with it, and leave the port to the next test.
        if process.poll() is None:
            found.stop()


def wait_for(found: Process) -> None:
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            if httpx.get(f"{found.url}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            assert time.monotonic() < deadline, found.log.read_text()
        time.sleep(0.1)


async def test_two_processes_serve_count_and_stop_without_losing_a_click(
    serving: Process, environ: dict[str, str], admin: Admin
) -> None:
    async with httpx.AsyncClient(base_url=serving.url) as client:
        made = await client.post("/api/links/", json={"url": "https://example.org/"}, auth=ALICE)
        assert made.status_code == 201
        code = made.json()["code"]
        pids = set()
        # A connection stays with the process that took it.
        for _ in range(40):
            async with httpx.AsyncClient(base_url=serving.url) as other:
                assert (await other.get(f"/{code}")).status_code == 302
        text = (await client.get("/metrics")).text
        for line in text.splitlines():
            if line.startswith('shortlink_http_requests_total{route="/{code}",status="302"}'):
                pids.add(float(line.rpartition(" ")[2]))
        assert pids == {40.0}
        assert 'shortlink_store_up{store="redis"} 1.0' in text
        assert "shortlink_clicks_total 40.0" in text
        outside = await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"})
        assert outside.status_code == 404
    assert subprocess.run(["shortlink-health"], env=environ, check=False).returncode == 0
    assert await asyncio.to_thread(serving.stop) == 0
    # What was clicked a moment ago is in Redis now, or in MariaDB already.
    again = subprocess.run(
        [sys.executable, "-c", COUNT, code],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.stdout == "40\n", again.stderr
    lines = [json.loads(line) for line in serving.log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert "wonderland-1" not in serving.log.read_text()
    sick = subprocess.run(["shortlink-health"], env=environ, capture_output=True, check=False)
    assert sick.returncode != 0


COUNT = """
import asyncio, sys
from shortlink.service import Service
from shortlink.settings import load
from shortlink.statistics import statistics

async def count(code):
    service = Service(load("serve"))
    await service.click_queue.write()
    link = await service.links.of("alice", code)
    print((await statistics(service.database, link.id, 2)).total.clicks)
    await service.redis.close()
    await service.database.close()

asyncio.run(count(sys.argv[1]))
"""


def test_a_port_that_is_taken_ends_it_with_78(serving: Process, environ: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "shortlink", "serve"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert ended.returncode == 78
    assert "PORT: expected a port that is free" in ended.stderr


def test_a_bad_accounts_file_ends_it_with_78(environ: dict[str, str], tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.write_text("nobody\n")
    ended = subprocess.run(
        [sys.executable, "-m", "shortlink", "serve"],
        env={**environ, "ACCOUNTS_FILE": str(bad)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )
    assert ended.returncode == 78
    assert "line 1: expected name:password" in ended.stderr


def test_one_process_is_enough(
    environ: dict[str, str], tables: Database, admin: Admin, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "shortlink", "serve"],
            env={**environ, "WORKERS": "1"},
            stderr=file,
        )
    found = Process(process, f"http://127.0.0.1:{environ['PORT']}", log)
    wait_for(found)
    assert found.stop() == 0


def test_the_doctor_tells_what_is_amiss(
    environ: dict[str, str], tables: Database, admin: Admin
) -> None:
    def levels(**changes: str) -> dict[str, str]:
        ended = subprocess.run(
            [sys.executable, "-m", "shortlink", "doctor"],
            env={**environ, **changes},
            capture_output=True,
            text=True,
            check=True,
        )
        found = [json.loads(line) for line in ended.stdout.splitlines()]
        assert all(one["do"] or one["level"] == "ok" for one in found)
        return {one["check"]: one["level"] for one in found}

    assert levels() == {"mariadb": "ok", "clicks": "ok"}
    away = {"DB_HOST": "127.0.0.1", "DB_PORT": "1"}
    assert levels(**away) == {"mariadb": "broken", "clicks": "ok"}
