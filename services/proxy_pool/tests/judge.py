"""A judge as the edge is one: it answers with the caller's address and the request's headers.

It can also answer as httpbin and azenv do, and speak TLS.

`python -m tests.judge` serves callers on 8001, and on 8101 those that a PROXY protocol header
announces.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tests.ports import free_port


@dataclass
class Judge:
    """One listener; `mode` may be changed while it runs."""

    host: str = "127.0.0.1"
    port: int = 0
    takes_proxy_protocol: bool = False
    mode: str = "honest"
    form: str = "own"
    tls: ssl.SSLContext | None = None
    adds: list[tuple[str, str]] = field(default_factory=list)
    """Headers that a front of its own puts into every request."""
    asked: int = 0
    _server: asyncio.Server | None = field(default=None, repr=False)

    async def start(self) -> None:
        self.port = self.port or free_port()
        self._server = await asyncio.start_server(self._serve, self.host, self.port, ssl=self.tls)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://{self.host}:{self.port}/check/"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        try:
            async with asyncio.timeout(30):
                await self._answer(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass  # callers hang up on purpose in some tests
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ip = writer.get_extra_info("peername")[0]
        if self.takes_proxy_protocol:
            ip = (await reader.readuntil(b"\r\n")).split()[2].decode()
        lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        if self.mode == "silent":
            await reader.read()
            return
        headers = [tuple(map(str.strip, line.split(":", 1))) for line in lines[1:]] + self.adds
        body = _FORMS[self.form](ip, headers, lines[0].split()[1]).encode()
        status = "200 OK"
        if self.mode == "broken":
            status, body = "503 Service Unavailable", b"gone\n"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        await writer.drain()


def _own(ip: str, headers: list[tuple[str, str]], _target: str) -> str:
    return json.dumps({"ip": ip, "headers": headers})


def _httpbin(ip: str, headers: list[tuple[str, str]], target: str) -> str:
    query = dict(parse_qsl(urlsplit(target).query))
    content = {"args": query, "headers": dict(headers), "origin": ip, "url": target}
    return json.dumps(content, indent=2) + "\n"


def _azenv(ip: str, headers: list[tuple[str, str]], target: str) -> str:
    lines = [f"HTTP_{name.upper().replace('-', '_')} = {value}" for name, value in headers]
    lines += [f"REMOTE_ADDR = {ip}", f"REQUEST_URI = {target}"]
    return "<html><body><pre>\n" + "\n".join(lines) + "\n</pre></body></html>\n"


_FORMS = {"own": _own, "httpbin": _httpbin, "azenv": _azenv}


async def _main() -> None:
    plain = Judge("0.0.0.0", 8001)
    announced = Judge("0.0.0.0", 8101, takes_proxy_protocol=True)
    await plain.start()
    await announced.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
