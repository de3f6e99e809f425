import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import redis
from fastapi import FastAPI
from redis.asyncio import Redis
from shortlink.api import docs
from shortlink.api.app import build_app
from shortlink.database import Database, DatabaseAwayError
from shortlink.migration import migrate
from shortlink.service import Service
from shortlink.settings import Settings, load
from starlette.applications import Starlette

from tests.relay import Relay

WORLD_WITHIN_S = 60.0
EDGE = "172.18.0.2"
PUBLIC_URL = "http://s.example:8002"
ALICE = ("alice", "wonderland-1")
BOB = ("bob", "builder-2")

MakeSettings = Callable[..., Settings]
# redis-py says of its asyncio methods that they may as well answer at once.
Admin = Any


def secret(name: str) -> str:
    return Path(os.environ[f"{name}_FILE"]).read_text().strip()


def surroundings() -> dict[str, str]:
    """Where the real stores are."""
    names = ("DB_HOST", "DB_NAME", "DB_USER", "DB_PASSWORD_FILE", "REDIS_URL_FILE")
    return {name: os.environ[name] for name in names}


def pytest_sessionstart(session: pytest.Session) -> None:
    """Wait for both stores, and make the tables: their own start is not what is tested here."""
    deadline = time.monotonic() + WORLD_WITHIN_S
    while problem := asyncio.run(silence()):
        if time.monotonic() > deadline:
            pytest.exit(f"expected answers of MariaDB and Redis, found {problem}", 3)
        time.sleep(0.3)


async def silence() -> str:
    database = Database(load("migrate", surroundings()))
    try:
        await migrate(database)
        with redis.Redis.from_url(secret("REDIS_ADMIN_URL")) as asked:
            asked.ping()
    except (DatabaseAwayError, redis.RedisError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await database.close()
    return ""


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
    """Redis, empty, with every right; the service itself never has this connection."""
    client = Redis.from_url(secret("REDIS_ADMIN_URL"), decode_responses=True)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def tables(make_settings: MakeSettings) -> AsyncIterator[Database]:
    """MariaDB's tables, empty."""
    database = Database(make_settings())
    async with database.connection() as connection:
        for table in ("links", "link_days", "link_referrers", "click_batches"):
            await connection.change(f"DELETE FROM {table}")  # noqa: S608
    yield database
    await database.close()


@pytest.fixture
def accounts_file(tmp_path: Path) -> Path:
    path = tmp_path / "accounts"
    path.write_text("".join(f"{name}:{password}\n" for name, password in (ALICE, BOB)))
    return path


@pytest.fixture
def environment(accounts_file: Path) -> dict[str, str]:
    return {
        **surroundings(),
        "PUBLIC_URL": PUBLIC_URL,
        "ACCOUNTS_FILE": str(accounts_file),
        "EDGE_NETWORKS": EDGE,
        "FLUSH_INTERVAL": "300",  # tests flush themselves
    }


@pytest.fixture
def make_settings(environment: dict[str, str]) -> MakeSettings:
    def make(**changes: str) -> Settings:
        given = {**environment, **changes}
        if "REDIS_URL" in changes:
            given.pop("REDIS_URL_FILE")
        return load("serve", given)

    return make


class Running:
    """An application of the service, and a visitor of it behind the edge."""

    def __init__(self, app: Starlette, peer: str = EDGE) -> None:
        self.service: Service = app.state.service
        transport = httpx.ASGITransport(app, client=(peer, 50000), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(
            transport=transport,
            base_url="http://edge:8002",
            headers={"X-Forwarded-For": "203.0.113.5"},
        )

    async def make(self, url: str, owner: tuple[str, str] = ALICE, **more: Any) -> httpx.Response:
        return await self.client.post("/api/links/", json={"url": url, **more}, auth=owner)

    async def code(self, url: str, owner: tuple[str, str] = ALICE, **more: Any) -> str:
        answer = await self.make(url, owner, **more)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["code"])

    async def flush(self) -> None:
        """What was clicked is in MariaDB afterwards."""
        await self.service.click_queue.hand_on()
        await self.service.click_queue.write()


@pytest.fixture
async def start(
    admin: Admin, tables: Database, make_settings: MakeSettings
) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def begin(peer: str = EDGE, **changes: str) -> Running:
            running = Running(build_app(make_settings(**changes)), peer)
            await stack.enter_async_context(running.service.running())
            await stack.enter_async_context(running.client)
            return running

        yield begin


@pytest.fixture
async def running(start: Callable[..., Any]) -> Running:
    found: Running = await start()
    return found


@pytest.fixture
async def redis_relay() -> AsyncIterator[Relay]:
    url = urlsplit(secret("REDIS_URL"))
    between = Relay(str(url.hostname), url.port or 6379)
    await between.mend()
    yield between
    await between.cut()


@pytest.fixture
async def mariadb_relay() -> AsyncIterator[Relay]:
    between = Relay(os.environ["DB_HOST"], 3306)
    await between.mend()
    yield between
    await between.cut()


@pytest.fixture
def through_relays(redis_relay: Relay, mariadb_relay: Relay) -> dict[str, str]:
    """Settings by which the stores are reached through the relays."""
    url = urlsplit(secret("REDIS_URL"))
    place = f"{url.username}:{url.password}@127.0.0.1:{redis_relay.port}"
    return {
        "REDIS_URL": f"redis://{place}{url.path}",
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(mariadb_relay.port),
    }
