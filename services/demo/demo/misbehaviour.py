"""Answers of proxies that carry nothing: drips, headers without end, half an answer, a page."""

import asyncio
from itertools import count

from demo.judge import plain_answer

# Every one of these ends by itself: nobody has to hang up for it.
_DRIP_INTERVAL_S = 0.25
_DRIP_BYTES = 200
_ENDLESS_BYTES = 16 * 1024 * 1024
_ENDLESS_PAUSE_S = 0.02
_MAX_UNSENT_BYTES = 256 * 1024

_PAGE = b"""<!doctype html>
<title>Welcome to Free WiFi</title>
<h1>Welcome</h1>
<p>Please <a href="http://login.invalid/">accept the terms</a> to use the network.</p>
"""
CAPTIVE_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n" % len(_PAGE) + _PAGE
)
TUNNEL_STANDS = b"HTTP/1.1 200 Connection established\r\n\r\n"
HALF_AN_ANSWER = plain_answer("200 OK", "x" * 2000)[:600]
HALF_A_TUNNEL = TUNNEL_STANDS[:20]
HALF_A_SOCKS_ANSWER = b"\x05\x00"


async def drip(transport: asyncio.WriteTransport) -> None:
    """Send a byte now and then of an answer whose head does not end; close after 50 s."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Patience: ".ljust(_DRIP_BYTES, b"a")
    for byte in answer:
        if transport.is_closing():
            return
        transport.write(bytes((byte,)))
        await asyncio.sleep(_DRIP_INTERVAL_S)
    transport.close()


async def endless_headers(transport: asyncio.WriteTransport) -> None:
    """Send header after header, as fast as they are taken; close after 16 MiB."""
    transport.write(b"HTTP/1.1 200 OK\r\n")
    sent = 0
    for number in count():
        if transport.is_closing():
            return
        lines = b"".join(b"X-Header-%d-%d: %s\r\n" % (number, i, b"y" * 64) for i in range(100))
        transport.write(lines)
        sent += len(lines)
        if sent > _ENDLESS_BYTES:
            break
        await asyncio.sleep(_ENDLESS_PAUSE_S)
        while transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            await asyncio.sleep(_ENDLESS_PAUSE_S)
    transport.close()
