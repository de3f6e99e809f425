"""A small port of its own for health checks and metrics, apart from clients' traffic."""

import asyncio
import json
import logging

from proxypool.gateway.metrics import Metrics
from proxypool.store import UNAVAILABLE, Store

log = logging.getLogger(__name__)

_MAX_HEAD_BYTES = 8 * 1024
_TIMEOUT_S = 5.0
_PHRASES = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


class Health:
    """Answers `/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self.stopping = False

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("the health port has not started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError where the address is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX_HEAD_BYTES)

    def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._answer(head.split(b" ", 2))
                writer.write(
                    f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                )
                writer.write(body)
                await writer.drain()
        except (TimeoutError, OSError, EOFError, asyncio.LimitOverrunError) as error:
            log.debug("health port: %s", type(error).__name__)  # whoever asked has left
        finally:
            writer.close()

    async def _answer(self, words: list[bytes]) -> tuple[int, str, bytes]:
        if len(words) != 3 or words[0] != b"GET":
            return _json(405, "expected", "GET")
        if words[1] == b"/healthz":
            return _json(200, "status", "ok")
        if words[1] == b"/metrics":
            return 200, "text/plain; version=0.0.4; charset=utf-8", self._metrics.text()
        if words[1] != b"/readyz":
            return _json(404, "expected", "/healthz, /readyz or /metrics")
        if self.stopping:
            return _json(503, "status", "stopping")
        try:
            await self._store.ping()
        except UNAVAILABLE as error:
            return _json(503, "redis", type(error).__name__)
        return _json(200, "status", "ok")


def _json(status: int, name: str, value: str) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps({name: value}).encode()
