import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import uvloop
from proxypool.candidate import Candidate
from proxypool.gateway.gateway import Gateway, load_accounts
from proxypool.protocol import Anonymity, Protocol
from proxypool.settings import Settings, load
from proxypool.store import Store
from proxypool.verdict import Outcome, TargetVerdict, Verdict

from tests.conftest import Admin
from tests.gateway.origin import Origin, site
from tests.gateway.upstreams import Upstream

SECRET = "s3cret"
TUNNELS = ("connect", "socks5", "socks4a", "socks4")
SITE = "site.test"


def basic(user: str = "pool", secret: str = SECRET) -> str:
    token = base64.b64encode(f"{user}:{secret}".encode()).decode()
    return f"Proxy-Authorization: Basic {token}\r\n"


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the process runs on where it is installed.

    What clients see is tested on both: their transports differ in when they say what.
    """
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"uvloop": uvloop.new_event_loop}
    if item.path.name in ("test_http.py", "test_tunnels.py"):
        loops["asyncio"] = asyncio.new_event_loop
    return loops


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with site() as running:
        yield running


@pytest.fixture
def gateway_environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    accounts = tmp_path / "accounts"
    accounts.write_text(f"pool:{SECRET}\nother:another\n")
    return {
        **environment,
        "ACCOUNTS_FILE": str(accounts),
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_CONNECT_TIMEOUT": "2",
        "GATEWAY_FIRST_BYTE_TIMEOUT": "20",
        "GATEWAY_HEAD_TIMEOUT": "20",
        "GATEWAY_IDLE_TIMEOUT": "60",
        "GATEWAY_STOP_GRACE": "0.2",
    }


@pytest.fixture
async def store(admin: Admin, gateway_environment: dict[str, str]) -> AsyncIterator[Store]:
    opened = Store(load("gateway", gateway_environment))
    await opened.ensure_group()
    yield opened
    await opened.close()


Plant = Callable[..., Awaitable[None]]


@pytest.fixture
def plant(store: Store) -> Plant:
    """Puts a proxy into the pool as a check would that found what is said here."""

    async def put(
        name: str,
        *protocols: str,
        https: bool = True,
        country: str = "",
        latency_ms: int = 100,
        anonymity: str = "elite",
        asn: int = 0,
        target: str = "",
    ) -> None:
        from proxypool.address import Upstream as Address

        spoken = tuple(Protocol(protocol) for protocol in protocols)
        verdict = Verdict(
            Outcome.GOOD,
            protocols=spoken,
            tried=spoken,
            https=https,
            anonymous=Anonymity(anonymity),
            region=country,
            asn=asn,
            latency_ms=latency_ms,
            connect_ms=1,
            targets={target: TargetVerdict(True, 5)} if target else {},
        )
        await store.add("planted", [Candidate(Address.parse(name))])
        await store.dispatch()
        work = await store.take("tester", 1, 1)
        assert [one.proxy for one in work] == [name]
        assert (await store.settle([(work[0], verdict)]))["good"] == 1

    return put


MakeUpstream = Callable[..., Awaitable[Upstream]]


@pytest.fixture
async def make_upstream(origin: Origin, plant: Plant) -> AsyncIterator[MakeUpstream]:
    """Starts a proxy and puts it into the pool."""
    started: list[Upstream] = []

    async def make(
        *protocols: str,
        fault: str = "",
        login: tuple[str, str] | None = None,
        planted: bool = True,
        **record: Any,
    ) -> Upstream:
        names = {SITE: origin.port, "literal.test": origin.port, "other.test": origin.port}
        upstream = await Upstream(names, login, fault).start()
        started.append(upstream)
        if planted:
            await plant(upstream.name, *(protocols or ("http", *TUNNELS)), **record)
        return upstream

    yield make
    for upstream in started:
        await upstream.stop()


class Client:
    """A raw connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: str | bytes) -> None:
        self.writer.write(data.encode("latin-1") if isinstance(data, str) else data)

    async def head(self) -> tuple[int, dict[str, str]]:
        lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        return int(lines[0].split(" ")[1]), {name.lower(): headers[name] for name in headers}

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """One whole answer of known length, or until the end."""
        status, headers = await self.head()
        if status in (204, 304):
            return status, headers, b""
        if "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            while await self.reader.readuntil(b"\r\n") != b"\r\n":
                pass
        else:
            body = await self.reader.read()
        return status, headers, body

    async def get(
        self, url: str = f"http://{SITE}/", user: str = "pool", extra: str = "", method: str = "GET"
    ) -> tuple[int, dict[str, str], bytes]:
        self.send(f"{method} {url} HTTP/1.1\r\nHost: x\r\n{basic(user)}{extra}\r\n")
        return await self.answer()

    async def connect(
        self, to: str = f"{SITE}:443", user: str = "pool"
    ) -> tuple[int, dict[str, str], bytes]:
        self.send(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{basic(user)}\r\n")
        status, headers = await self.head()
        body = b""
        if "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        return status, headers, body

    async def close(self) -> None:
        self.writer.close()


class Running:
    """A gateway, and clients to it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.clients: list[Client] = []

    @property
    def port(self) -> int:
        return self.gateway.listener.port

    async def client(self) -> Client:
        made = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(made)
        return made

    def count(self, name: str, **labels: str) -> float:
        """A counter's value."""
        found = self.gateway.metrics.value(name, labels)
        return 0.0 if found is None else found


StartGateway = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start_gateway(
    store: Store, gateway_environment: dict[str, str]
) -> AsyncIterator[StartGateway]:
    async with AsyncExitStack() as stack:

        async def start(**changes: str) -> Running:
            settings: Settings = load("gateway", {**gateway_environment, **changes})
            own_store = Store(settings)
            stack.push_async_callback(own_store.close)
            gateway = Gateway(settings, own_store, load_accounts(settings), port=0, health_port=0)
            await gateway.start()
            stack.push_async_callback(gateway.stop)
            running = Running(gateway)

            async def hang_up() -> None:
                for client in running.clients:
                    client.writer.transport.abort()

            stack.push_async_callback(hang_up)
            return running

        yield start


@pytest.fixture
async def gateway(start_gateway: StartGateway) -> Running:
    return await start_gateway()


@pytest.fixture
async def client(gateway: Running) -> Client:
    return await gateway.client()
