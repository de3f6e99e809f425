"""The far side of what a proxy carries: the connection to the destination."""

import asyncio
import ssl
from ipaddress import IPv4Address
from typing import Protocol, cast

from demo.tls import TlsSession


class Near(Protocol):
    """Whom the far side's bytes are for."""

    def from_far(self, data: bytes) -> None:
        """The destination sent `data`."""

    def far_lost(self) -> None:
        """The connection to the destination is over."""

    def read_less(self) -> None:
        """More is waiting for the destination than is good."""

    def read_more(self) -> None:
        """That is over."""


class Far(asyncio.Protocol):
    """One connection to a destination."""

    transport: asyncio.Transport

    def __init__(self, near: Near) -> None:
        self._near = near

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on."""
        self._near.from_far(data)

    def connection_lost(self, error: Exception | None) -> None:
        """It is over, with an error or without."""
        self._near.far_lost()

    def pause_writing(self) -> None:
        """The destination takes less than the client sends."""
        self._near.read_less()

    def resume_writing(self) -> None:
        """It caught up."""
        self._near.read_more()


class Interception:
    """A man in the middle: TLS with the client by a certificate of his own, TLS onwards."""

    def __init__(
        self, context: ssl.SSLContext, far_context: ssl.SSLContext, server_name: str | None
    ) -> None:
        self._near = TlsSession(context, server_side=True)
        self._far = TlsSession(far_context, server_side=False, server_name=server_name)

    def from_near(self, data: bytes) -> tuple[bytes, bytes]:
        """What goes to the client, and what to the destination. Raises ssl.SSLError."""
        if plain := self._near.feed(data):
            self._far.send(plain)
        return self._near.outgoing(), self._far.outgoing()

    def from_far(self, data: bytes) -> tuple[bytes, bytes]:
        """The same, for what the destination sent. Raises ssl.SSLError."""
        if plain := self._far.feed(data):
            self._near.send(plain)
        return self._near.outgoing(), self._far.outgoing()

    def farewell(self) -> bytes:
        """What the client is still owed where its side failed: the reason, as an alert."""
        return self._near.outgoing()


def proxy_header(source: str, source_port: int, destination: str, destination_port: int) -> bytes:
    """A PROXY protocol header, version 1, for IPv4 (haproxy.org, proxy-protocol.txt, 2.1)."""
    addresses = f"{IPv4Address(source)} {IPv4Address(destination)}"
    return f"PROXY TCP4 {addresses} {source_port} {destination_port}\r\n".encode("ascii")
