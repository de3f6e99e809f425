"""Takes connections in: whom they are from, how many there may be, and what they speak."""

import asyncio
import logging
from collections import Counter

from proxypool.gateway import proxy_protocol
from proxypool.gateway.channel import Channel
from proxypool.gateway.desk import Desk
from proxypool.gateway.http_side import HttpSide, Refusal
from proxypool.gateway.networks import counted_as, lies_in, plain
from proxypool.gateway.proxy_protocol import BadProxyHeaderError
from proxypool.gateway.socks5_side import Socks5Side
from proxypool.problems import Problem

log = logging.getLogger(__name__)

_BACKLOG = 1024
_OVERLOAD = 64  # connections that may be told that there are too many, at any one time
_CLOSE_S = 5.0
_SOCKS4, _SOCKS5 = 4, 5
_SOCKS4_REFUSED = b"\x00\x5b" + bytes(6)


class Listener:
    """The gateway's port."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._settings = desk.settings
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._by_caller: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("the listener has not started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError where the address is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), host, port, backlog=_BACKLOG)

    async def stop(self) -> None:
        """Take no more in, let what is under way finish within the grace, then close the rest."""
        if self._server is not None:
            self._server.close()
        self._desk.stop()
        if self._serving:
            await asyncio.wait(self._serving, timeout=self._settings.gateway_stop_grace_s)
        left = list(self._serving)
        if left:
            log.info("%d connections are cut off at the end of the grace", len(left))
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def take_in(self, client: "_Client") -> None:
        """A connection was made."""
        self._desk.metrics.accepted.inc()
        if len(self._serving) >= self._settings.gateway_max_connections + _OVERLOAD:
            self._desk.metrics.refused.labels("connections").inc()
            client.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(client))
        client.task = task
        self._serving.add(task)
        self._desk.metrics.connections.inc()
        task.add_done_callback(self._through)

    def _through(self, task: asyncio.Task[None]) -> None:
        self._serving.discard(task)
        self._desk.metrics.connections.dec()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a fault of ours on a client's connection", exc_info=error)

    async def _serve(self, client: "_Client") -> None:
        caller = counted = ""
        try:
            self._desk.rest(client)
            caller = await self._caller(client)
            if caller:
                counted = counted_as(caller)
                self._by_caller[counted] += 1
                await self._speak(client, caller)
        finally:
            self._desk.begin(client)
            if counted:
                self._by_caller[counted] -= 1
                if not self._by_caller[counted]:
                    del self._by_caller[counted]
            client.close(_CLOSE_S)

    async def _caller(self, client: "_Client") -> str:
        """The caller's address: the peer's, or what the edge says; empty where it says nothing."""
        if not client.peer:
            return ""
        peer = plain(client.peer)
        if not lies_in(peer, self._settings.gateway_proxy_protocol_from):
            return peer
        try:
            async with asyncio.timeout(self._settings.gateway_head_timeout_s):
                while (header := proxy_protocol.read(client.buffer)) is None:
                    if not await client.more():
                        return ""  # the edge's health check connects and leaves
        except (BadProxyHeaderError, TimeoutError) as error:
            self._desk.metrics.refused.labels("proxy_header").inc()
            log.warning("expected a PROXY protocol header from %s; found: %s", peer, error)
            client.abort()
            return ""
        client.take(header.size)
        return plain(header.caller) if header.caller else peer

    async def _speak(self, client: "_Client", caller: str) -> None:
        try:
            async with asyncio.timeout(self._settings.gateway_head_timeout_s):
                if not client.buffer and not await client.more():
                    return
        except TimeoutError:
            return
        refusal = self._refusal(caller)
        first = client.buffer[0]
        if first == _SOCKS5:
            await Socks5Side(self._desk, client, caller).serve(refused=refusal is not None)
        elif first == _SOCKS4:
            client.write(_SOCKS4_REFUSED)
        else:
            await HttpSide(self._desk, client, caller).serve(refusal)

    def _refusal(self, caller: str) -> Refusal | None:
        settings = self._settings
        advice = "close some connections, or try again in a moment"
        if len(self._serving) > settings.gateway_max_connections:
            expected = f"at most {settings.gateway_max_connections} connections in all"
            problem = Problem("connections", expected, "more", advice)
            status = 503
        elif self._by_caller[counted_as(caller)] > settings.gateway_max_connections_per_client:
            most = settings.gateway_max_connections_per_client
            expected = f"at most {most} connections from one address"
            problem = Problem("connections", expected, "more", advice)
            status = 429
        else:
            return None
        self._desk.metrics.refused.labels("connections").inc()
        return Refusal(status, problem, "Retry-After: 5", close=True)


class _Client(Channel):
    """A client's connection, with the task that serves it: when it is lost, the task ends."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(self._end_task)
        self._listener = listener
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._listener.take_in(self)

    def _end_task(self) -> None:
        if self.task is not None:
            self.task.cancel()
