"""`POST /api/v2/try` against a gateway that answers as the pool's does."""

import asyncio
import base64
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from proxypool.api import trial

from tests.api.conftest import Call, names_the_problem

STRANGER = "203.0.113.9"
BASIC = "Basic " + base64.b64encode(b"pool:s3cret").decode()
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FakeGateway:
    """Answers each connection's first request with `answer`; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = (
            b"HTTP/1.1 200 OK\r\nX-Proxy-Upstream: 203.0.113.1:80\r\n"
            b"Content-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"
        )
        self.behind: Serve | None = None
        """What happens on a connection after a 200 to CONNECT."""
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server.abort_clients() if hasattr(self._server, "abort_clients") else None

    @property
    def user(self) -> str:
        """Name and password of the last request."""
        head = self.asked[-1]
        token = head.lower().partition("proxy-authorization: basic ")[2].partition("\r\n")[0]
        start = head.lower().index(token)
        return base64.b64decode(head[start : start + len(token)]).decode()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            if head.startswith("CONNECT ") and self.behind is not None:
                writer.write(
                    b"HTTP/1.1 200 Connection established\r\n"
                    b"X-Proxy-Upstream: 203.0.113.2:80\r\n\r\n"
                )
                await self.behind(reader, writer)
                return
            writer.write(self.answer)
            await writer.drain()
        except (OSError, EOFError, ssl.SSLError):
            pass  # the other side has gone
        finally:
            writer.close()


@pytest.fixture
async def gateway() -> AsyncIterator[FakeGateway]:
    server = FakeGateway()
    await server.start()
    yield server
    await server.stop()


async def tried(
    client: httpx.AsyncClient, url: str = "http://site.example/path?q=1#part", **filters: object
) -> httpx.Response:
    return await client.post(
        "/api/v2/try", json={"url": url, **({"filters": filters} if filters else {})}
    )


async def test_a_url_is_fetched_through_the_gateway(call: Call, gateway: FakeGateway) -> None:
    answer = await tried(call("127.0.0.1", GATEWAY_URL=gateway.url))
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert content.pop("time_ms") >= 0
    assert content == {
        "status": 200,
        "upstream": "203.0.113.1:80",
        "content_type": "text/html",
        "location": "",
        "body": "hello",
        "truncated": False,
    }
    assert answer.headers["content-type"] == "application/json", "never rendered"
    [asked] = gateway.asked
    assert asked.startswith("GET http://site.example/path?q=1 HTTP/1.1\r\n")
    assert "host: site.example\r\n" in asked.lower()


async def test_filters_become_the_user_name(
    call: Call, gateway: FakeGateway, tmp_path: Path
) -> None:
    (tmp_path / "account").write_text("api:own\n")
    client = call(
        "127.0.0.1", GATEWAY_URL=gateway.url, GATEWAY_ACCOUNT_FILE=str(tmp_path / "account")
    )
    await tried(client)
    assert gateway.user == "api:own"
    await tried(
        client,
        country="cn",
        session="abc",
        https=True,
        target="shop",
        protocol="socks5",
        anonymity="elite",
        max_latency_ms=800,
        asn=64500,
    )
    assert gateway.user == (
        "api-country-CN-asn-64500-target-shop-protocol-socks5-anonymity-elite-maxlatency-800"
        "-session-abc-https:own"
    )


async def test_without_an_account_the_user_name_is_filters_alone(
    call: Call, gateway: FakeGateway
) -> None:
    await tried(call("127.0.0.1", GATEWAY_URL=gateway.url), country="CN")
    assert gateway.user == "country-CN:"


@pytest.mark.parametrize("headers", [{"Authorization": BASIC}, {"X-API-Key": "s3cret"}])
@pytest.mark.parametrize("caller", [STRANGER, "127.0.0.1"])
async def test_the_callers_own_account_goes_first(
    headers: dict[str, str], caller: str, call: Call, gateway: FakeGateway, accounts: Path
) -> None:
    client = call(caller, GATEWAY_URL=gateway.url, ACCOUNTS_FILE=str(accounts))
    client.headers.update(headers)
    assert (await tried(client)).status_code == 200
    assert gateway.user == "pool:s3cret"


async def test_the_body_is_cut(call: Call, gateway: FakeGateway) -> None:
    gateway.answer = (
        b"HTTP/1.1 302 Found\r\nX-Proxy-Upstream: 203.0.113.1:80\r\nLocation: /there\r\n"
        b"Content-Type: text/plain; charset=latin-1\r\n\r\n" + b"\xe4" * 50_000
    )
    content = (await tried(call("127.0.0.1", GATEWAY_URL=gateway.url))).json()
    assert content["body"] == "ä" * trial.MAX_BODY_BYTES
    assert content["truncated"] is True
    assert (content["status"], content["location"]) == (302, "/there")


@pytest.mark.parametrize("charset", ["nonsense", "base64", "utf-16", '"utf-8"'])
async def test_any_body_is_shown_as_text(charset: str, call: Call, gateway: FakeGateway) -> None:
    gateway.answer = (
        b"HTTP/1.1 200 OK\r\nX-Proxy-Upstream: 203.0.113.1:80\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n"
        b"3\r\n\xff\x00\xfe\r\n0\r\n\r\n"
    )
    answer = await tried(call("127.0.0.1", GATEWAY_URL=gateway.url))
    assert answer.status_code == 200, answer.text
    assert not answer.json()["truncated"]


async def test_the_gateways_own_refusal_is_passed_on(call: Call, gateway: FakeGateway) -> None:
    body = json.dumps(
        {
            "code": 403,
            "name": "destination",
            "expected": "a public address",
            "found": "10.0.0.1",
            "what_to_do": "ask for a public site",
        }
    ).encode()
    gateway.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    client = call("127.0.0.1", GATEWAY_URL=gateway.url)
    for url in ("http://10.0.0.1/", "https://10.0.0.1/"):
        answer = await tried(client, url)
        names_the_problem(answer, 502, "destination")
        assert answer.json()["found"] == "10.0.0.1"


@pytest.fixture
def no_account(gateway: FakeGateway) -> FakeGateway:
    """A gateway that knows nobody, and says so as the pool's does."""
    body = json.dumps(
        {
            "code": 407,
            "name": "proxy credentials",
            "expected": "an account's name and secret",
            "found": "a wrong name or secret",
            "what_to_do": "correct them",
        }
    ).encode()
    gateway.answer = (
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    return gateway


@pytest.mark.parametrize("url", ["http://site.example/", "https://site.example/"])
@pytest.mark.parametrize("filters", [{}, {"country": "CN"}])
async def test_without_an_account_the_gateways_407_is_explained(
    url: str, filters: dict[str, str], call: Call, no_account: FakeGateway
) -> None:
    answer = await tried(call("127.0.0.1", GATEWAY_URL=no_account.url), url, **filters)
    names_the_problem(answer, 502, "gateway")
    content = answer.json()
    assert (content["expected"], content["found"]) == ("an account for the gateway", "none")
    assert content["what_to_do"] == (
        "log in, or set GATEWAY_ACCOUNT_FILE to a file with one line name:secret"
    )


async def test_with_an_account_the_gateways_407_is_passed_on(
    call: Call, no_account: FakeGateway, tmp_path: Path
) -> None:
    (tmp_path / "account").write_text("api:wrong\n")
    client = call(
        "127.0.0.1", GATEWAY_URL=no_account.url, GATEWAY_ACCOUNT_FILE=str(tmp_path / "account")
    )
    answer = await tried(client)
    names_the_problem(answer, 502, "proxy credentials")
    client.headers["Authorization"] = BASIC
    names_the_problem(await tried(client), 502, "proxy credentials")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_told(answer: bytes, call: Call, gateway: FakeGateway) -> None:
    gateway.answer = answer
    names_the_problem(await tried(call("127.0.0.1", GATEWAY_URL=gateway.url)), 502, "gateway")


async def test_a_gateway_that_is_away_is_told(call: Call) -> None:
    names_the_problem(
        await tried(call("127.0.0.1", GATEWAY_URL="http://127.0.0.1:1")), 502, "gateway"
    )


async def test_a_gateway_that_says_nothing_is_not_waited_for(
    call: Call, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "_TIMEOUT_S", 0.2)

    async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    gateway.behind = silence
    answer = await tried(call("127.0.0.1", GATEWAY_URL=gateway.url), "https://site.example/")
    names_the_problem(answer, 502, "gateway")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "site.example",
        "ftp://site.example/",
        "file:///etc/passwd",
        "http://",
        "http://user:s3cret@site.example/",
        "http://site.example:99999/",
        "http://site.example:0/",
        "http://site.example/a b",
        "http://site.example/\r\nX: y",
        "http://sité.example/",
        "http://[::1",
    ],
)
async def test_a_bad_url_is_refused(url: str, client: httpx.AsyncClient) -> None:
    names_the_problem(await tried(client, url), 400, "url")


@pytest.mark.parametrize(
    ("filters", "name"),
    [
        ({"country": "China"}, "filters.country"),
        ({"session": "a-b"}, "filters.session"),
        ({"target": "a-b"}, "filters.target"),
        ({"colour": "red"}, "filters.colour"),
    ],
)
async def test_a_bad_filter_is_refused(
    filters: dict[str, str], name: str, client: httpx.AsyncClient
) -> None:
    names_the_problem(await tried(client, **filters), 400, name)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A site's, signed by an authority that this process trusts."""
    names = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=site.example",
         "-addext", "subjectAltName=DNS:site.example", *names],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    return context


async def test_https_is_fetched_in_a_tunnel(
    call: Call, gateway: FakeGateway, certificate: ssl.SSLContext
) -> None:
    inside: list[str] = []

    async def site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.drain()
        await writer.start_tls(certificate)
        inside.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nX-Proxy-Upstream: a lie\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()

    gateway.behind = site
    client = call("127.0.0.1", GATEWAY_URL=gateway.url)
    client.headers["Authorization"] = BASIC
    content = (await tried(client, "https://site.example/path?q=1")).json()
    assert (content["status"], content["body"]) == (200, "hi")
    assert content["upstream"] == "203.0.113.2:80"
    assert gateway.asked[0].startswith("CONNECT site.example:443 HTTP/1.1\r\n")
    assert gateway.user == "pool:s3cret"
    assert inside[0].startswith("GET /path?q=1 HTTP/1.1\r\n")
    assert "authorization" not in inside[0].lower(), "the site is told no credentials"

    answer = await tried(client, "https://other.example/")
    names_the_problem(answer, 502, "gateway")
    assert "TLS" in answer.json()["expected"]
