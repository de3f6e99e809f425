import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from proxypool.client import PooledSession
from proxypool.server import build_app
from proxypool.settings import load
from proxypool.store import Store

from tests.gateway.conftest import (  # noqa: F401  # fixtures
    SECRET,
    gateway,
    gateway_environment,
    make_upstream,
    origin,
    plant,
    start_gateway,
    store,
)
from tests.gateway.origin import Origin

CERTIFICATE = Path(__file__).parent / "site.pem"
"""Of site.test, signed by itself, with its key; for these tests alone."""

MakeSession = Callable[..., PooledSession]
Record = Callable[[str], Awaitable[dict[str, Any]]]


class Api:
    """The API on a port of its own, with the pool's real store."""

    def __init__(self, environment: dict[str, str]) -> None:
        app = build_app(load("server", environment))
        self.server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on")
        )
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> "Api":
        self._running = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        return self

    async def stop(self) -> None:
        self.server.should_exit = True
        if self._running is not None:
            await self._running

    @property
    def url(self) -> str:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"


@pytest.fixture
async def api(
    store: Store,  # noqa: F811
    gateway_environment: dict[str, str],  # noqa: F811
) -> AsyncIterator[Api]:
    """Over a pool that is empty at first."""
    running = await Api(gateway_environment).start()
    yield running
    await running.stop()


@pytest.fixture
async def make_session(api: Api) -> AsyncIterator[MakeSession]:
    """Sessions with short timeouts."""
    made: list[PooledSession] = []

    def make(pool: str = api.url, **arguments: Any) -> PooledSession:
        arguments.setdefault("timeout_s", (5.0, 5.0))
        made.append(PooledSession(pool, **arguments))
        return made[-1]

    yield make
    for session in made:
        await asyncio.to_thread(session.close)  # what it reports is answered by this loop


@pytest.fixture
async def tls_site(origin: Origin) -> AsyncIterator[int]:  # noqa: F811
    """The same site over TLS; its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    server.close_clients()
    await server.wait_closed()


@pytest.fixture
def record(store: Store) -> Record:  # noqa: F811  # the fixture above
    async def read(proxy: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(await store.record(proxy) or "{}")
        return content

    return read
