import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import redis
import trustme
from fastapi import FastAPI
from proxypool.address import Upstream
from proxypool.api import docs
from proxypool.candidate import Candidate
from proxypool.settings import Settings, load
from proxypool.store import Store
from redis.asyncio import Redis

from tests.judge import Judge
from tests.relay import Relay

REDIS_ADDRESSES = os.environ.get("REDIS_ADDRESSES", "127.0.0.1:6379").split()
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of those that run tests side by side this process is; each has a Redis of its own."""
REDIS_ADDRESS = REDIS_ADDRESSES[WORKER]

# redis-py says of its asyncio methods that they may as well answer at once.
Admin = Any
MakeSettings = Callable[..., Settings]


class Until(Protocol):
    """Asks until the answer is truthy, and gives it; fails after `limit_s`."""

    async def __call__(
        self, question: Callable[[], Awaitable[Any]], limit_s: float = 45.0
    ) -> Any: ...


WORLD_WITHIN_S = 60.0
WHOLE_POOLS = ("test_processes.py", "test_checker_processes.py", "test_run.py")
LONGEST_NAME = 200


def pytest_sessionstart(session: pytest.Session) -> None:
    """Wait for the services around the tests that the environment names; once for all workers."""
    if hasattr(session.config, "workerinput"):
        return
    deadline = time.monotonic() + WORLD_WITHIN_S
    for name in ("REDIS_ADDRESSES", "DEMO_URL", "JUDGE_URL"):
        for where in os.environ.get(name, "").split():
            while problem := silence(name, where):
                if time.monotonic() > deadline:
                    pytest.exit(f"{name}: expected an answer of {where}, found {problem}", 3)
                time.sleep(0.2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that start whole pools come first: at the end the other workers would wait for them."""
    items.sort(key=lambda item: item.path.name not in WHOLE_POOLS)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Megabytes make no name; each worker would send them for each step of the test."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_NAME:
        return f"{len(val)} of {val[:20]!r}"
    return None


def silence(name: str, where: str) -> str:
    """Why the service does not answer; nothing where it does."""
    try:
        if name == "REDIS_ADDRESSES":
            with redis.Redis.from_url(admin_url(where)) as asked:
                asked.ping()
        else:
            httpx.get(where, timeout=5)
    except (redis.RedisError, httpx.HTTPError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def admin_url(address: str = REDIS_ADDRESS) -> str:
    return f"redis://admin:admin@{address}/0"


def listed(*proxies: str) -> list[Candidate]:
    """Candidates as a source lists them that says nothing else."""
    return [Candidate(Upstream.parse(proxy)) for proxy in proxies]


def pool_url(address: str = REDIS_ADDRESS) -> str:
    return f"redis://proxy_pool:pool@{address}/0"


@pytest.fixture(scope="session", autouse=True)
def one_description() -> Iterator[None]:
    """The API's description is made once, as in a process: it costs more than most tests do."""
    with pytest.MonkeyPatch.context() as patched:
        made: list[dict[str, Any]] = []

        def document(api: FastAPI, make: Callable[..., Any] = docs.document) -> dict[str, Any]:
            if not made:
                made.append(make(api))
            return made[0]

        patched.setattr(docs, "document", document)
        yield


@pytest.fixture
async def admin() -> AsyncIterator[Admin]:
    """Redis, empty, with every right; the pool itself never has this connection."""
    client = Redis.from_url(admin_url(), decode_responses=True)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Settings for a quick world on loopback."""
    return {
        "DB_CONN": pool_url(),
        "JUDGE_URL": "http://127.0.0.1:1/check/",
        "JUDGE_INTERVAL": "0.2",
        "ALLOWED_UPSTREAM_NETWORKS": "127.0.0.0/8",
        "ALLOWED_SOURCE_NETWORKS": "127.0.0.0/8",
        "CONNECT_TIMEOUT": "0.5",
        "VERIFY_TIMEOUT": "2",
        "RETRY_INTERVAL": "0.2",
        "CLAIM_IDLE": "2",
        "STOP_GRACE": "0.5",
        "SOURCES_DIR": str(tmp_path),
        "HEARTBEAT_FILE": str(tmp_path / "heartbeat"),
    }


@pytest.fixture
def make_settings(environment: dict[str, str]) -> MakeSettings:
    def make(**changes: str) -> Settings:
        return load("checker", {**environment, **changes})

    return make


@pytest.fixture
async def judge() -> AsyncIterator[Judge]:
    server = Judge()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def authority() -> trustme.CA:
    """A private authority for certificates of judges."""
    return trustme.CA()


@pytest.fixture
async def tls_judge(authority: trustme.CA) -> AsyncIterator[Judge]:
    """A judge with TLS, its certificate by the private authority."""
    server = Judge(tls=tls_server(authority))
    await server.start()
    yield server
    await server.stop()


def tls_server(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's context with a certificate for `names`, else for loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    return context


@pytest.fixture
async def judged_with_tls(
    make_settings: MakeSettings,
    judge: Judge,
    tls_judge: Judge,
    authority: trustme.CA,
    tmp_path: Path,
) -> Settings:
    """Settings whose judges run, one of them with TLS."""
    ca_file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    return make_settings(
        JUDGE_URL=judge.url, JUDGE_HTTPS_URL=tls_judge.url, JUDGE_CA_FILE=str(ca_file)
    )


@pytest.fixture
async def judged(make_settings: MakeSettings, judge: Judge) -> Settings:
    """Settings whose judge runs."""
    return make_settings(JUDGE_URL=judge.url, JUDGE_DIRECT_URL=judge.url)


@pytest.fixture
async def open_store(admin: Admin) -> AsyncIterator[Callable[[Settings], Store]]:
    opened: list[Store] = []

    def open_(settings: Settings) -> Store:
        opened.append(Store(settings))
        return opened[-1]

    yield open_
    for store in opened:
        await store.close()


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    host, _, port = REDIS_ADDRESS.partition(":")
    between = Relay(host, int(port))
    await between.mend()
    yield between
    await between.cut()


@pytest.fixture
def until() -> Until:
    async def wait(question: Callable[[], Awaitable[Any]], limit_s: float = 45.0) -> Any:
        deadline = time.monotonic() + limit_s
        while not (answer := await question()):
            assert time.monotonic() < deadline, f"not within {limit_s} s"
            await asyncio.sleep(0.05)
        return answer

    return wait
