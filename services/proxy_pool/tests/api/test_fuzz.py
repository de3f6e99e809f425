"""Requests that are made up from the API's own description find no fault of ours."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from proxypool.protocol import Protocol
from proxypool.settings import load
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conftest import listed, pool_url
from tests.ports import free_port

EXAMPLES = 6  # of each operation and mode, so that all take less than half a minute
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


async def fill(environment: dict[str, str]) -> None:
    store = Store(load("server", environment))
    await store.ensure_group()
    await store.add("siteA", listed(*(f"203.0.113.{i}:80" for i in range(1, 200))))
    await store.dispatch()
    verdict = Verdict(
        Outcome.GOOD,
        protocols=tuple(Protocol),
        tried=tuple(Protocol),
        https=True,
        anonymous="elite",
        region="CN",
        exit_ip="203.0.113.1",
        asn=64500,
        as_name="EXAMPLE",
        latency_ms=12,
    )
    work = await store.take("tester", 200, 0.1)
    await store.settle((one, verdict) for one in work)
    await store.sample_history()
    await store.finish_crawl("siteA", {"finished": "2026-01-01 00:00:00", "fetched": 199}, 60)
    await store.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server as it is run, over a pool with proxies in it."""
    port = free_port()
    environment = {
        **os.environ,
        "DB_CONN": pool_url(),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "GATEWAY_URL": "http://127.0.0.1:1",
    }
    asyncio.run(fill(environment))
    log: Path = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "proxypool", "server"], env=environment, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/readyz").raise_for_status()
            break
        except httpx.HTTPError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(20)
    said = log.read_text()
    print(said[-4000:])
    assert "Traceback" not in said


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_is_a_fault_of_ours(mode: GenerationMode, api: str) -> None:
    schema = schemathesis.openapi.from_url(f"{api}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 26
    asked, unasked = 0, []
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode))
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            response = case.call(base_url=api, timeout=20)
            # A 502 is the gateway's that is not there.
            checks = CHECKS if response.status_code != 502 else CHECKS[1:]
            case.validate_response(response, checks=checks)

        try:
            ask()
        except Unsatisfiable:
            # It takes nothing, or any text: there is no request that its description forbids.
            unasked.append(operation.label)
    print(f"{asked} requests to {len(operations) - len(unasked)} operations")
    assert len(unasked) <= (0 if mode is GenerationMode.POSITIVE else 10), unasked
