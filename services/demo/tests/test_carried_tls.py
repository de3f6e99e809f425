"""TLS through the farm to a judge elsewhere, which is told the exit before TLS begins."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from demo.certificates import Authority
from demo.tls import TlsSession

from tests.clients import Truth, get, host_for, trusting, tunnel
from tests.conftest import pages, running


class TlsDestination(asyncio.Protocol):
    """Takes a PROXY protocol header, then TLS, and answers with the header's line."""

    context: ssl.SSLContext

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.data = b""
        self.header = b""
        self.session = TlsSession(self.context, server_side=True)

    def data_received(self, data: bytes) -> None:
        if not self.header:
            self.data += data
            self.header, end, data = self.data.partition(b"\r\n")
            if not end:
                self.header = b""
                return
        if b"\r\n\r\n" in self.session.feed(data):
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(self.header)
            self.session.send(answer + self.header)
            self.transport.write(self.session.outgoing())
            self.transport.close()
        else:
            self.transport.write(self.session.outgoing())


@pytest.fixture
async def truth(tmp_path: Path) -> AsyncIterator[list[Truth]]:
    """What is planted by a farm that carries localhost:8444 to such a destination."""
    authority = Authority("The judge's")
    (tmp_path / "ca.pem").write_text(authority.pem)
    TlsDestination.context = authority.context("localhost")
    server = await asyncio.get_running_loop().create_server(TlsDestination, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with running(FARM_ANNOUNCE=f"localhost:8444=127.0.0.1:{port}"):
        async with pages() as client:
            yield (await client.get("/farm/")).json()["proxies"]
    server.close()


async def asked(entry: Truth, protocol: str, context: ssl.SSLContext) -> bytes:
    line = await tunnel(entry, protocol, host_for(protocol), 8444)
    try:
        await line.secure("localhost", context)
    except BaseException:
        line.writer.close()
        raise
    return (await line.ask(get("/", "localhost:8444"))).partition(b"\r\n\r\n")[2]


async def test_the_exit_is_announced_before_tls(truth: list[Truth], tmp_path: Path) -> None:
    context = trusting(tmp_path / "ca.pem")
    for kind in ("good-mixed", "tampering", "anonymous", "transparent-socks5"):
        entry = next(entry for entry in truth if entry["kind"] == kind)
        for protocol in set(entry["protocols"]) - {"http"}:
            header = (await asked(entry, protocol, context)).split()
            assert header[:3] == [b"PROXY", b"TCP4", (entry["exit_ip"] or "127.0.0.1").encode()]


async def test_a_breaker_of_tls_carries_on_for_those_who_do_not_look(
    truth: list[Truth], tmp_path: Path
) -> None:
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    for kind, protocol in (("breaks-tls", "connect"), ("breaks-tls-socks5", "socks5")):
        entry = next(entry for entry in truth if entry["kind"] == kind)
        assert entry["exit_ip"].encode() in await asked(entry, protocol, careless)
        with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
            await asked(entry, protocol, trusting(tmp_path / "ca.pem"))
