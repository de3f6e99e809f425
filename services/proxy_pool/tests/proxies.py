"""HTTP proxies on loopback, each with a fault of its own that the demo world's farm lacks."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

OWN = "127.0.0.1"
EXIT = "127.0.0.77"  # loopback too, but not where the checker's own requests come from

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Behave = Callable[[bytes, Reader, Writer], Awaitable[None]]


async def ask(head: bytes, *, exit_ip: str = EXIT, extra: str = "") -> bytes:
    """The destination's whole answer, asked from `exit_ip` and with `extra` header lines."""
    line, _, rest = head.partition(b"\r\n")
    method, url, version = line.split(b" ")
    authority, _, path = url.removeprefix(b"http://").partition(b"/")
    host, _, port = authority.decode().partition(":")
    reader, writer = await asyncio.open_connection(host, int(port or 80), local_addr=(exit_ip, 0))
    writer.write(b" ".join((method, b"/" + path, version)) + b"\r\n" + extra.encode() + rest)
    answer = await reader.read()
    writer.close()
    return answer


def respond(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{length}{headers}\r\n".encode() + body


def _body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


async def good(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head))


async def anonymous(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head, extra="Via: 1.1 somewhere\r\n"))


async def forwards_for_others(head: bytes, _: Reader, writer: Writer) -> None:
    # 127.0.0.1 stands in these only as a part of other addresses
    writer.write(await ask(head, extra="X-Forwarded-For: 127.0.0.10, 27.0.0.1\r\n"))


async def transparent_address(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head, exit_ip=OWN))


async def transparent_forwarded_for(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head, extra=f"X-Forwarded-For: 9.9.9.9, {OWN}\r\n"))


async def transparent_via(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head, extra=f"Via: 1.1 squid (for {OWN}:4711)\r\n"))


async def transparent_odd_header(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head, extra=f"X-Whatever: client={OWN};x\r\n"))


async def chunked(head: bytes, _: Reader, writer: Writer) -> None:
    body = _body(await ask(head))
    pieces = b"".join(
        b"%x\r\n%b\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7)
    )
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n")


async def http10_until_close(head: bytes, _: Reader, writer: Writer) -> None:
    body = _body(await ask(head))
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + body)


async def interim_answer(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + await ask(head))


async def says_ok_to_all(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b"OK"))


async def captive_page(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b"<html><form>Log in to use this network</form></html>"))


async def redirects(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b"", "302 Found", "Location: http://login.invalid/\r\n"))


async def injects(head: bytes, _: Reader, writer: Writer) -> None:
    body = _body(await ask(head))
    writer.write(respond(body + b"<script src=ads.js></script>"))


async def adds_a_key(head: bytes, _: Reader, writer: Writer) -> None:
    body = _body(await ask(head)).rstrip()
    writer.write(respond(body[:-1] + b', "ad": "<script src=ads.js></script>"}'))


async def changes_the_agent(head: bytes, _: Reader, writer: Writer) -> None:
    lines = head.split(b"\r\n")
    kept = [b"User-Agent: Other/1" if one.startswith(b"User-Agent") else one for one in lines]
    writer.write(await ask(b"\r\n".join(kept)))


async def adds_a_cookie(head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(await ask(head, extra="Cookie: track=1\r\n"))


async def drops_headers(head: bytes, _: Reader, writer: Writer) -> None:
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"x-check")]
    writer.write(await ask(b"\r\n".join(kept)))


async def invents_answer(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(json.dumps({"ip": "9.9.9.9", "headers": []}).encode()))


async def replays_answer(_head: bytes, _: Reader, writer: Writer) -> None:
    old = {"ip": "9.9.9.9", "headers": [["X-Check-Marker", "0" * 32]]}
    writer.write(respond(json.dumps(old).encode()))


async def deep_json(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b"[" * 60_000))


async def wrong_json(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b'{"ip": 5, "headers": "none"}'))


async def compresses(head: bytes, _: Reader, writer: Writer) -> None:
    body = _body(await ask(head))
    writer.write(respond(gzip.compress(body), headers="Content-Encoding: gzip\r\n"))


async def bad_gateway(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b"no", "502 Bad Gateway"))


async def needs_password(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(respond(b"", "407 Proxy Authentication Required"))


async def hangs(_head: bytes, reader: Reader, _writer: Writer) -> None:
    await reader.read()


async def drips(_head: bytes, reader: Reader, writer: Writer) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" * 1000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.05)


async def endless_headers(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def endless_body(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def endless_trailers(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def endless_interim(_head: bytes, _: Reader, writer: Writer) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0)  # so small a piece does not make drain() wait


async def announces_huge(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")


async def closes_in_head(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-")


async def closes_in_body(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


async def closes_at_once(_head: bytes, _: Reader, _writer: Writer) -> None:
    return


async def speaks_ssh(_head: bytes, reader: Reader, writer: Writer) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()
    await reader.read()


async def bad_chunk(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")


async def two_lengths(_head: bytes, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")


@asynccontextmanager
async def proxy(behave: Behave, host: str = OWN) -> AsyncIterator[str]:
    """A proxy that listens on loopback; gives its `ip:port`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await behave(head, reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the checker hangs up on most of these: that is the test
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0)
    try:
        place = f"[{host}]" if ":" in host else host
        yield f"{place}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        server.close_clients()
        await server.wait_closed()
