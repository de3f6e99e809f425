"""The farm: one process that is many proxies, one at each port or at each loopback address."""

import asyncio
import gc
import logging
from collections.abc import Callable
from pathlib import Path
from socket import AF_INET
from typing import cast

from demo.behaviour import Behaviour
from demo.connection import ProxyConnection
from demo.judge import JudgeStream
from demo.plan import Planted
from demo.settings import ConfigurationError, Settings
from demo.state import FarmState

log = logging.getLogger(__name__)

_BACKLOG = 4096
_SWEEP_INTERVAL_S = 1.0
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  one listener for all of 127.0.0.0/8 (see Farm._wide)


class JudgeConnection(asyncio.Protocol):
    """A connection to the farm as the judge, without a proxy between."""

    _transport: asyncio.Transport
    _stream: JudgeStream

    def __init__(self, state: FarmState) -> None:
        self._state = state

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is answered with its own address."""
        self._transport = cast("asyncio.Transport", transport)
        context = self._state.judge_context
        assert context is not None  # noqa: S101  nobody listens without it
        self._stream = JudgeStream(transport.get_extra_info("peername")[0], context)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        if answer := self._stream.feed(data):
            self._transport.write(answer)
        if self._stream.ended:
            self._transport.close()


class Farm:
    """All planted proxies: those at ports, and those at loopback addresses."""

    def __init__(self, settings: Settings, planted: list[Planted], wide: list[Planted]) -> None:
        self._settings = settings
        self._planted = planted
        self._wide = {entry.host: entry for entry in wide if entry.port == settings.farm_wide_port}
        self._state = FarmState(settings)
        self._servers: list[asyncio.Server] = []
        self._connections: set[ProxyConnection] = set()

    @property
    def ca_pem(self) -> str | None:
        """Who vouches for the judge that the farm is itself; none where it is not."""
        return self._state.authority.pem if self._state.authority else None

    def write_ca(self) -> None:
        """Write the judge's authority to FARM_CA_FILE. Raises ConfigurationError."""
        path = self._settings.farm_ca_file
        if not (path and self.ca_pem):
            return
        try:
            Path(path).write_text(self.ca_pem, encoding="ascii")
        except OSError as error:
            raise ConfigurationError(
                [
                    f"FARM_CA_FILE: expected a file that can be written; found {path!r}: {error}. "
                    "What to do: name one in a folder that is there and writable"
                ]
            ) from error

    async def start(self) -> None:
        """Listen everywhere but at the dead ones. Raises OSError where a port is taken."""
        for planted in self._planted:
            if planted.behaviour is not Behaviour.DEAD:
                await self._listen(self._settings.host, planted.port, lambda _, p=planted: p)  # type: ignore[misc]
        if self._wide:
            # What is at no planted address (another network's, 127.0.0.1) is reset.
            await self._listen(_EVERY_ADDRESS, self._settings.farm_wide_port, self._wide.get)
        if self._settings.farm_answers_itself:
            for asked in self._settings.farm_announce:
                await self._listen_as_judge(asked.port)
        self._state.spawn(self._sweep())
        # Tens of thousands of lasting objects: the garbage collector need not look at them again.
        gc.collect()
        gc.freeze()
        log.info(
            "%d proxies at ports, %d of them listen; %d at loopback addresses listen at port %d",
            len(self._planted),
            sum(planted.behaviour is not Behaviour.DEAD for planted in self._planted),
            len(self._wide),
            self._settings.farm_wide_port,
        )

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.abort()
        await self._state.stop()
        self._servers.clear()

    async def _listen(self, host: str, port: int, find: Callable[[str], Planted | None]) -> None:
        def accept() -> ProxyConnection:
            return ProxyConnection(self._state, find, self._connections)

        loop = asyncio.get_running_loop()
        server = await loop.create_server(accept, host, port, family=AF_INET, backlog=_BACKLOG)
        self._servers.append(server)

    async def _listen_as_judge(self, port: int) -> None:
        loop, host = asyncio.get_running_loop(), self._settings.host
        server = await loop.create_server(
            lambda: JudgeConnection(self._state), host, port, family=AF_INET, backlog=_BACKLOG
        )
        self._servers.append(server)

    async def _sweep(self) -> None:
        """End connections whose time is over: one look a second is cheaper than a timer each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_INTERVAL_S)
            now = loop.time()
            for connection in list(self._connections):
                if connection.deadline < now:
                    connection.abort()
