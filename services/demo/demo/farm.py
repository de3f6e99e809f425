"""The farm: one process that is many HTTP proxies, one at each port, each with its behaviour."""

import asyncio
import logging
from ipaddress import IPv4Address
from socket import AF_INET

from demo.plan import Behaviour, Planted
from demo.request import MAX_HEAD_BYTES, BadRequestError, ProxyRequest, read_request
from demo.settings import Destination, Settings

log = logging.getLogger(__name__)

_HEAD_TIMEOUT_S = 10.0
_CONNECT_TIMEOUT_S = 5.0
_EXCHANGE_TIMEOUT_S = 60.0
_MAX_CONNECTIONS = 1024
_PIECE_BYTES = 64 * 1024


class _RefusedError(Exception):
    """The farm does not carry this request; the client is told why."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def proxy_header(source: str, source_port: int, destination: str, destination_port: int) -> bytes:
    """A PROXY protocol header, version 1, for IPv4 (haproxy.org, proxy-protocol.txt, 2.1)."""
    addresses = f"{IPv4Address(source)} {IPv4Address(destination)}"
    return f"PROXY TCP4 {addresses} {source_port} {destination_port}\r\n".encode("ascii")


class Farm:
    """All planted proxies."""

    def __init__(self, settings: Settings, planted: list[Planted]) -> None:
        self._settings = settings
        self._planted = planted
        self._servers: list[asyncio.Server] = []
        self._room = asyncio.Semaphore(_MAX_CONNECTIONS)

    async def start(self) -> None:
        """Listen on every port but the dead ones'. Raises OSError where a port is taken."""
        for planted in self._planted:
            if planted.behaviour is not Behaviour.DEAD:
                self._servers.append(await self._listen(planted))
        log.info("%d proxies listen, %d are dead", len(self._servers), self._dead())

    async def stop(self) -> None:
        """Stop listening and close what is open."""
        for server in self._servers:
            server.close()
            server.close_clients()
        await asyncio.gather(*(server.wait_closed() for server in self._servers))
        self._servers.clear()

    def _dead(self) -> int:
        return sum(planted.behaviour is Behaviour.DEAD for planted in self._planted)

    async def _listen(self, planted: Planted) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(planted, reader, writer)

        return await asyncio.start_server(
            serve, self._settings.host, planted.port, limit=MAX_HEAD_BYTES, family=AF_INET
        )

    async def _serve(
        self, planted: Planted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with self._room:
            try:
                async with asyncio.timeout(_EXCHANGE_TIMEOUT_S):
                    await self._answer(planted, reader, writer)
            except (TimeoutError, OSError) as error:
                log.debug("port %d: %s: %s", planted.port, type(error).__name__, error)
            finally:
                writer.close()

    async def _answer(
        self, planted: Planted, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(_HEAD_TIMEOUT_S):
                request = await read_request(reader)
            if planted.behaviour is Behaviour.HANGING:
                await reader.read()  # until the client gives up
                return
            await asyncio.sleep(planted.delay_s)
            await self._carry(planted, request, reader, writer)
        except BadRequestError as error:
            await _say(writer, "400 Bad Request", str(error))
        except _RefusedError as error:
            await _say(writer, error.status, str(error))

    async def _carry(
        self,
        planted: Planted,
        request: ProxyRequest,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        client_ip, client_port = writer.get_extra_info("peername")[:2]
        far_reader, far_writer = await self._connect(request.destination)
        try:
            if request.destination in self._settings.farm_announce:
                exit_ip = planted.exit_ip or client_ip
                local = far_writer.get_extra_info("peername")
                far_writer.write(proxy_header(exit_ip, client_port, local[0], local[1]))
            if request.is_tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                far_writer.write(request.head(_traces(planted, client_ip)))
            await _join(reader, writer, far_reader, far_writer)
        finally:
            far_writer.close()

    async def _connect(
        self, destination: Destination
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        announced = self._settings.farm_announce.get(destination)
        if announced is None and destination not in self._settings.farm_allowed_destinations:
            allowed = (*self._settings.farm_announce, *self._settings.farm_allowed_destinations)
            raise _RefusedError(
                "403 Forbidden",
                f"this demo proxy goes to {', '.join(map(str, allowed))} only; "
                f"found {destination}. What to do: set FARM_ALLOWED_DESTINATIONS",
            )
        host, port = announced or destination
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                return await asyncio.open_connection(host, port, family=AF_INET)
        except (TimeoutError, OSError) as error:
            raise _RefusedError(
                "502 Bad Gateway", f"{host}:{port} does not answer: {error}"
            ) from error


def _traces(planted: Planted, client_ip: str) -> list[tuple[str, str]]:
    if planted.behaviour is not Behaviour.TRANSPARENT:
        return []
    return [("Via", "1.1 farm"), ("X-Forwarded-For", client_ip)]


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Carry bytes both ways until the far side closes; the client may end its half first."""
    up = asyncio.create_task(_carry_bytes(reader, far_writer))
    try:
        await _carry_bytes(far_reader, writer)
    finally:
        up.cancel()
        await asyncio.gather(up, return_exceptions=True)


async def _carry_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _say(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"{text}\n".encode()
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    await writer.drain()
