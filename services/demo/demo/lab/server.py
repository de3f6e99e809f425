"""The lab: an HTTP server that misbehaves on purpose, at a port of its own and at one with TLS.

It stands behind no HTTP proxy, which would answer in its place, mend what is broken, or give up.
"""

import asyncio
import json
import logging
import ssl
from itertools import count

import h11

from demo.certificates import Authority
from demo.lab import broken, downloads, redirects, seen, silence, uploads
from demo.lab.certificates import lab_context
from demo.lab.credentials import Credentials
from demo.lab.exchange import JSON, PIECE_BYTES, Endpoint, Exchange, RefusalError, next_event
from demo.lab.failures import Failures
from demo.settings import Settings

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 64
_LONGEST_S = 60.0
_IDLE_S = 20.0
_MAX_HEAD_BYTES = 16 * 1024
_LINGER_S = 2.0


class Lab:
    """Both ports, and the endpoints behind them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._authority = Authority("The demo world's lab")
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._connections = count(1)
        endpoints = (
            Endpoint("/", self.index),
            Endpoint("/ca.pem", self.ca),
            *silence.ENDPOINTS,
            *broken.ENDPOINTS,
            *redirects.ENDPOINTS,
            *Failures().endpoints(),
            *Credentials().endpoints(),
            *uploads.ENDPOINTS,
            *downloads.ENDPOINTS,
            *seen.ENDPOINTS,
        )
        self.endpoints = {endpoint.path: endpoint for endpoint in endpoints}

    async def start(self) -> None:
        """Listen. Raises OSError where a port is taken."""
        await self._listen(self._settings.lab_port, None)
        await self._listen(self._settings.lab_tls_port, lab_context(self._authority))

    async def stop(self) -> None:
        """Stop listening and end what is open."""
        for server in self._servers:
            server.close()
        for writer in list(self._open):
            writer.transport.abort()
        self._servers.clear()

    async def index(self, exchange: Exchange) -> None:
        """what there is, as JSON"""
        found = {
            endpoint.path: f"{' '.join(endpoint.methods)}: {endpoint.says}"
            for endpoint in self.endpoints.values()
        }
        await exchange.answer(
            json.dumps({"lab": found}, indent=2, ensure_ascii=False) + "\n", media_type=JSON
        )

    async def ca(self, exchange: Exchange) -> None:
        """the authority that issued the certificates of the port with TLS, as PEM"""
        await exchange.answer(self._authority.pem, media_type="application/x-pem-file")

    async def _listen(self, port: int, context: ssl.SSLContext | None) -> None:
        server = await asyncio.start_server(
            self._accept,
            self._settings.host,
            port,
            ssl=context,
            ssl_handshake_timeout=10 if context else None,
            limit=PIECE_BYTES,
        )
        self._servers.append(server)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, h11.LocalProtocolError) as error:
            log.debug("a client of the lab is gone, or too slow: %r", error)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request, until one of both sides wants no more."""
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        connection = next(self._connections)
        for number in count(1):
            try:
                async with asyncio.timeout(_IDLE_S):
                    request = await next_event(http, reader, writer)
                if not isinstance(request, h11.Request):
                    return
                exchange = Exchange(http, reader, writer, request, (connection, number))
                async with asyncio.timeout(_LONGEST_S):
                    await self._answer(exchange)
            except h11.RemoteProtocolError as error:
                if http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    said = f"HTTP/1.1 {error.error_status_hint} Bad Request\r\n"
                    writer.write(f"{said}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
                return
            while http.their_state is h11.SEND_BODY and http.next_event() is not h11.NEED_DATA:
                pass  # what has come of a body that the endpoint did not want
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                await self._linger(http, reader, writer)
                return
            http.start_next_cycle()

    async def _answer(self, exchange: Exchange) -> None:
        endpoint = self.endpoints.get(exchange.path)
        try:
            if exchange.head_bytes > _MAX_HEAD_BYTES:
                raise RefusalError(431, f"expected headers of at most {_MAX_HEAD_BYTES} bytes")
            if endpoint is None:
                raise RefusalError(404, "nothing is here; / says what there is")
            if exchange.method not in endpoint.methods:
                methods = ", ".join(endpoint.methods)
                raise RefusalError(
                    405, f"expected {methods}; found {exchange.method}", Allow=methods
                )
            await endpoint.handler(exchange)
        except RefusalError as refusal:
            await exchange.answer(f"{refusal}\n", refusal.status, headers=refusal.headers)

    async def _linger(
        self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A body that nobody reads is thrown away: closed at once, its sender would be reset
        before it has read the answer."""
        if http.their_state is not h11.SEND_BODY or not writer.can_write_eof():
            return
        writer.write_eof()
        async with asyncio.timeout(_LINGER_S):
            while await reader.read(PIECE_BYTES):
                pass
