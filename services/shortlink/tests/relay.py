"""A relay in front of a store that can be cut and mended: it is gone, and comes back."""

import asyncio


class Relay:
    """Listens on loopback and carries bytes to `host:port` while it is whole."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._whole = False
        self.port = 0

    async def mend(self) -> None:
        self._whole = True
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        self._whole = False
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):  # not every loop's server knows its clients
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not self._whole:  # cut while this one was being accepted
                return
            far_reader, far_writer = await asyncio.open_connection(*self._there)
            # Where it was cut meanwhile, the first ends at once, and the second with it.
            await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))
        except OSError:
            pass  # there is nobody
        finally:
            self._writers.discard(writer)
            writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # cut
    finally:
        writer.close()
