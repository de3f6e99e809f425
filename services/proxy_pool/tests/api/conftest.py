from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from proxypool.address import Upstream
from proxypool.candidate import Candidate
from proxypool.protocol import Protocol
from proxypool.server import build_app
from proxypool.settings import Settings
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

from tests.conftest import MakeSettings

EDGE = "172.18.0.2"
ACCOUNTS = "pool:s3cret\nother:hunter2\n"

Put = Callable[..., Awaitable[None]]
Call = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def store(open_store: Callable[[Settings], Store], make_settings: MakeSettings) -> Store:
    opened = open_store(make_settings())
    await opened.ensure_group()
    return opened


@pytest.fixture
def put(store: Store) -> Put:
    """Puts good proxies into the pool, as a source and a check would."""

    async def put_(*proxies: str, source: str = "siteA", **verdict: Any) -> None:
        verdict.setdefault("protocols", (Protocol.HTTP,))
        verdict.setdefault("tried", verdict["protocols"])
        verdict.setdefault("anonymous", "elite")
        await store.add(source, [Candidate(Upstream.parse(proxy)) for proxy in proxies])
        await store.dispatch()
        work = await store.take("tester", len(proxies), 0.1)
        assert len(work) == len(proxies)
        await store.settle((one, Verdict(Outcome.GOOD, **verdict)) for one in work)

    return put_


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "accounts"
    path.write_text(ACCOUNTS)
    return path


@pytest.fixture
async def call(store: Store, make_settings: MakeSettings) -> AsyncIterator[Call]:
    """Makes clients that call over the edge from `caller`, or directly from `peer`."""
    opened: list[httpx.AsyncClient] = []

    def open_(caller: str | None = None, *, peer: str = EDGE, **settings: str) -> httpx.AsyncClient:
        settings = {"EDGE_NETWORKS": EDGE, **settings}
        transport = httpx.ASGITransport(
            build_app(make_settings(**settings)), client=(peer, 50000), raise_app_exceptions=False
        )
        client = httpx.AsyncClient(transport=transport, base_url="http://pool:5010")
        if caller is not None:
            client.headers["X-Forwarded-For"] = caller
        opened.append(client)
        return client

    yield open_
    for client in opened:
        await client.aclose()


@pytest.fixture
def client(call: Call) -> httpx.AsyncClient:
    """A trusted caller."""
    return call("127.0.0.1")


def names_the_problem(answer: httpx.Response, status: int, name: str) -> None:
    """The answer is an error in the shape of all errors."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    content = answer.json()
    assert set(content) == {"code", "src", "name", "expected", "found", "what_to_do"}
    assert content["code"] == status
    assert content["name"] == name, content
    assert content["expected"]
    assert content["found"] != ""
    assert content["what_to_do"]
