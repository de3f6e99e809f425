"""The three processes as containers run them, with the demo world, a judge and a real Redis."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from proxypool.protocol import Protocol

from tests.conftest import Admin, Until, pool_url
from tests.relay import Relay

DEMO_URL = os.environ.get("DEMO_URL", "http://127.0.0.1:8009")
JUDGE_URL = os.environ.get("JUDGE_URL", "http://127.0.0.1:8001/check/")
PRIVATE = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
API = "http://127.0.0.1:5010"
SOURCES = """
- name: demo-table
  urls: ["{demo}/lists/table.html?page={{page}}"]
  pages: {{first: 1, last: 3}}
  interval_s: 5
  parser:
    type: css
    rows: "table#proxies tbody tr"
    host: "td:nth-child(2)"
    port: "td:nth-child(3)"
- name: demo-plain
  urls: ["{demo}/lists/plain.txt"]
  interval_s: 5
  parser: {{type: text}}
- name: demo-json
  urls: ["{demo}/lists/proxies.json"]
  interval_s: 5
  parser: {{type: json, path: data.proxies}}
- name: nowhere
  urls: ["http://127.0.0.1:1/"]
  interval_s: 5
  parser: {{type: text}}
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts `proxypool COMMAND`; ends all of them, and shows what they logged."""
    (tmp_path / "sources.yaml").write_text(SOURCES.format(demo=DEMO_URL))
    started: list[subprocess.Popen[str]] = []

    def start_(command: str, **changes: str) -> "subprocess.Popen[str]":
        with (tmp_path / f"{command}-{len(started)}.log").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "proxypool", command],
                env={
                    **environment,
                    "JUDGE_URL": JUDGE_URL,
                    "JUDGE_DIRECT_URL": JUDGE_URL,
                    "CONNECT_TIMEOUT": "2",
                    "VERIFY_TIMEOUT": "5",
                    "CLAIM_IDLE": "6",
                    # the demo world stands in a private network
                    "ALLOWED_UPSTREAM_NETWORKS": PRIVATE,
                    "ALLOWED_SOURCE_NETWORKS": f"{PRIVATE},127.0.0.0/8",
                    "HEARTBEAT_FILE": str(tmp_path / f"{command}.heartbeat"),
                    **changes,
                },
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        started.append(process)
        return process

    yield start_
    for process in started:
        process.kill()
        process.wait(10)
    for log in sorted(tmp_path.glob("*.log")):
        print(f"--- {log.name}\n{log.read_text()[-4000:]}")


async def ask(path: str) -> httpx.Response | None:
    async with httpx.AsyncClient() as client:
        with contextlib.suppress(httpx.HTTPError):
            return await client.get(API + path, timeout=10)
    return None


async def answered(path: str) -> object:
    """The JSON that `path` answers with 200, or None."""
    answer = await ask(path)
    return answer.json() if answer is not None and answer.status_code == 200 else None


async def a_proxy() -> object:
    answer = await answered("/get/")
    return answer if isinstance(answer, dict) and answer.get("proxy") else None


async def planted() -> list[dict[str, Any]]:
    """What the farm planted; no list above names those that want credentials."""
    async with httpx.AsyncClient() as client:
        truth = (await client.get(f"{DEMO_URL}/farm/")).json()["proxies"]
    return [entry for entry in truth if not entry["username"]]


async def test_every_planted_behaviour_is_found_out(
    admin: Admin, start: Start, until: Until
) -> None:
    began = time.monotonic()
    for command in ("server", "schedule", "checker"):
        # What was too slow once, on a busy machine, is looked at again soon, with all protocols.
        start(
            command,
            RECHECK_INTERVAL="10",
            NEGATIVE_INTERVAL="10",
            NEGATIVE_INTERVAL_MAX="10",
            FULL_CHECK_INTERVAL="10",
        )
    await until(a_proxy)
    print(f"the first proxy was served {time.monotonic() - began:.1f} s after the start")
    truth = await planted()
    # Those whose verdict does not depend on the moment; breakers of TLS need a judge with TLS.
    judged = [entry for entry in truth if entry["steady"] and entry["behaviour"] != "breaks_tls"]
    expected = {entry["proxy"]: entry for entry in judged if entry["usable"]}
    assert {entry["behaviour"] for entry in judged} == {
        *("good", "slow", "anonymous", "no_https", "connect_only", "dead", "hanging", "locked"),
        *("transparent", "tampering", "injecting", "captive", "dripping", "endless_headers"),
        "cut_short",
    }
    assert {protocol for entry in judged for protocol in entry["protocols"]} == set(Protocol)

    async def all_found() -> object:
        known = await admin.hgetall("proxy_pool:use_proxy:known")
        settled = sum('"lane":"new"' not in text for text in known.values())
        return settled >= len(truth)

    async def by_proxy_now() -> dict[str, dict[str, Any]]:
        listed = await answered("/api/v2/proxies?limit=1000")
        assert isinstance(listed, dict)
        return {record["proxy"]: record for record in listed["items"]}

    async def all_protocols_found() -> object:
        known = await by_proxy_now()
        found = all(
            set(known.get(proxy, {}).get("protocols", ())) == set(entry["protocols"])
            for proxy, entry in expected.items()
        )
        return known if found else None

    await until(all_found, 60)
    by_proxy = await until(all_protocols_found, 60)
    assert {entry["proxy"] for entry in judged} & set(by_proxy) == set(expected)
    for proxy, entry in expected.items():
        assert by_proxy[proxy]["exit_ip"] == entry["exit_ip"]
        assert by_proxy[proxy]["anonymous"] == entry["anonymity"]
        assert set(by_proxy[proxy]["protocols"]) == set(entry["protocols"])
        assert by_proxy[proxy]["latency_ms"] >= entry["delay_s"] * 1000

    reasons = {
        proxy: text.split('"reason":"')[1].split('"')[0]
        for proxy, text in (await admin.hgetall("proxy_pool:use_proxy:known")).items()
    }
    # A SOCKS server that hangs has closed the connection on all that it does not speak before.
    why = {
        "dead": {"connect_refused"},
        "hanging": {"timeout", "closed"},
        "transparent": {"transparent"},
        "tampering": {"marker_lost", "tampered"},
        "injecting": {"tampered"},
        "captive": {"not_the_judge"},
        "locked": {"auth_required"},
        "dripping": {"timeout"},
        "endless_headers": {"too_large"},
        "cut_short": {"closed"},
    }
    refused = [entry for entry in judged if not entry["usable"]]
    assert {entry["behaviour"] for entry in refused} == set(why)
    for entry in refused:
        assert reasons[entry["proxy"]] in why[entry["behaviour"]], entry
        if entry["kind"] == "hanging":
            assert reasons[entry["proxy"]] == "timeout"
    assert len(reasons) == len(truth), "the noise on the lists was taken for proxies"

    count = await answered("/count/")
    assert isinstance(count, dict)
    web = [one for one in expected.values() if {"http", "connect"} & set(one["protocols"])]
    assert count["count"] >= len(web) > 0
    assert set(count["source"]) == {"demo-table", "demo-plain", "demo-json"}

    proxy = next(
        proxy
        for proxy, entry in expected.items()
        if entry["behaviour"] == "good" and "http" in entry["protocols"]
    )
    async with httpx.AsyncClient(proxy=f"http://{proxy}") as client:
        seen = await client.get(JUDGE_URL, timeout=10)
    assert seen.json()["ip"] == expected[proxy]["exit_ip"]


async def test_redis_that_ends_and_comes_back_needs_no_restart(
    admin: Admin, start: Start, until: Until, tmp_path: Path
) -> None:
    processes = [start(command) for command in ("server", "schedule", "checker")]
    await until(a_proxy)
    with contextlib.suppress(Exception):
        await admin.shutdown()

    async def unavailable_or_back() -> object:
        answer = await ask("/readyz")
        return answer is not None and answer.status_code in (200, 503)

    await until(unavailable_or_back)

    async def back() -> object:
        return await answered("/readyz")

    await until(back, 60)
    assert await a_proxy(), "the data is still there"
    for command in ("schedule", "checker"):
        heartbeat = tmp_path / f"{command}.heartbeat"
        before = heartbeat.stat().st_mtime

        async def newer(heartbeat: Path = heartbeat, before: float = before) -> object:
            return heartbeat.stat().st_mtime > before

        await until(newer)
    known = await answered("/count/")
    assert isinstance(known, dict)
    assert known["count"] > 0
    assert [process.poll() for process in processes] == [None, None, None]


@pytest.mark.timeout(240)
async def test_redis_gone_for_a_minute_costs_a_minute(
    admin: Admin, start: Start, until: Until, relay: Relay
) -> None:
    changes = {"DB_CONN": pool_url(f"127.0.0.1:{relay.port}"), "RECHECK_INTERVAL": "5"}
    processes = [start(command, **changes) for command in ("server", "schedule", "checker")]
    await until(a_proxy)
    known = "proxy_pool:use_proxy:known"
    before = set(await admin.hkeys(known))

    await relay.cut()
    gone_until = time.monotonic() + 60
    while time.monotonic() < gone_until:
        answer = await ask("/get/")
        assert answer is not None, "the API is gone too"
        assert answer.status_code == 503, answer.text
        await asyncio.sleep(2)
    assert [process.poll() for process in processes] == [None, None, None]

    await relay.mend()
    back_by = time.monotonic() + 10
    await until(a_proxy)
    assert time.monotonic() < back_by, "each waits longer for Redis than it should"
    assert before <= set(await admin.hkeys(known)), "what was known is forgotten"

    async def settled() -> int:
        counts = await admin.hgetall("proxy_pool:use_proxy:checks")
        return sum(int(count) for count in counts.values())

    at_first = await settled()

    async def checks_go_on() -> bool:
        return await settled() > at_first

    await until(checks_go_on, 60)
    assert [process.poll() for process in processes] == [None, None, None]


async def test_a_killed_checkers_work_is_done_by_another(
    admin: Admin, start: Start, until: Until
) -> None:
    start("server")
    start("schedule")
    first = start("checker", CHECK_CONCURRENCY="64")

    async def under_way() -> object:
        with contextlib.suppress(Exception):
            groups = await admin.xinfo_groups("proxy_pool:use_proxy:work")
            return groups[0]["pending"] >= 5
        return False

    await until(under_way)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    start("checker")
    listed = len(await planted())

    async def all_settled() -> object:
        known = await admin.hgetall("proxy_pool:use_proxy:known")
        return len(known) == listed and not any('"lane":"new"' in text for text in known.values())

    await until(all_settled, 60)


async def test_sigterm_ends_each_process_in_time(admin: Admin, start: Start, until: Until) -> None:
    processes = {command: start(command) for command in ("server", "schedule", "checker")}
    await until(a_proxy)
    began = time.monotonic()
    for process in processes.values():
        process.terminate()
    for command, process in processes.items():
        code = await asyncio.to_thread(process.wait, 10)
        print(f"{command} ended with {code} after {time.monotonic() - began:.1f} s")
        assert code == 0
    consumers = await admin.xinfo_consumers("proxy_pool:use_proxy:work", "checkers")
    assert [consumer["pending"] for consumer in consumers] in ([], [0])


async def test_statistics_say_why(admin: Admin, start: Start, until: Until) -> None:
    start("server")
    start("schedule")
    start("checker")
    await until(a_proxy)

    async def crawled() -> object:
        return await admin.hexists("proxy_pool:use_proxy:crawls", "nowhere")

    await until(crawled)
    process = start("stats")
    output, _ = await asyncio.to_thread(process.communicate, timeout=10)
    assert process.returncode == 0
    statistics = json.loads(output)
    assert statistics["good"] > 0
    nowhere = statistics["sources"]["nowhere"]
    assert (nowhere["fetched"], nowhere["alive"]) == (0, 0)
    assert nowhere["failures"] >= 1
    assert "127.0.0.1:1" in nowhere["error"]
    assert statistics["sources"]["demo-plain"]["not_allowed"] == 2  # loopback and link-local noise


async def test_health_checks_tell_work_from_none(
    admin: Admin, start: Start, until: Until, tmp_path: Path
) -> None:
    heartbeat = tmp_path / "checker.heartbeat"

    def healthy(limit_s: int) -> bool:
        ended = subprocess.run(
            ["proxypool-health", "checker", str(limit_s)],
            env={**os.environ, "HEARTBEAT_FILE": str(heartbeat)},
            capture_output=True,
            text=True,
            check=False,
        )
        print(ended.stdout, ended.stderr)
        return ended.returncode == 0

    assert not healthy(5)
    process = start("checker")

    async def is_healthy() -> object:
        return healthy(5)

    await until(is_healthy)
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(3.2)
    assert not healthy(2)
    process.send_signal(signal.SIGCONT)
    await until(is_healthy)

    def answers(path: str) -> bool:
        return subprocess.run(["proxypool-health", "server", path], check=False).returncode == 0

    assert not answers("/readyz")
    start("server")
    await until(lambda: asyncio.to_thread(answers, "/readyz"))
    assert not answers("/nothing")
