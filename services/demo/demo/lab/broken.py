"""Answers that are not what they say, or not HTTP."""

from demo.lab.exchange import JSON, Endpoint, Exchange

_TEXT = "拒绝访问：代理已失效\n"


async def hang_up(_: Exchange) -> None:
    """closes the connection without a word"""


async def chunk(exchange: Exchange) -> None:
    """a chunked body whose second chunk has no number for its length"""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    await exchange.send(head + b"5\r\nhello\r\nfive\r\nworld\r\n0\r\n\r\n")


async def short(exchange: Exchange) -> None:
    """says that 1,000 bytes follow, sends 10 and closes"""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n"
    await exchange.send(head + b"0123456789")


async def status_line(exchange: Exchange) -> None:
    """answers in another protocol"""
    await exchange.send(b"220 mail.example ESMTP\r\n")


async def many_headers(exchange: Exchange) -> None:
    """more headers than anyone needs: 200"""
    lines = "".join(f"X-Header-{number}: x\r\n" for number in range(200))
    await exchange.send(f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode())


async def compression(exchange: Exchange) -> None:
    """says that it is gzip, and is not"""
    await exchange.answer("plain text\n", headers={"Content-Encoding": "gzip"})


async def charset(exchange: Exchange) -> None:
    """Chinese in GB18030 that is said to be ISO-8859-1"""
    await exchange.answer(_TEXT.encode("gb18030"), media_type="text/plain; charset=iso-8859-1")


async def no_json(exchange: Exchange) -> None:
    """half an object that is said to be JSON"""
    await exchange.answer('{"proxies": [', media_type=JSON)


ENDPOINTS = (
    Endpoint("/broken/hang-up", hang_up),
    Endpoint("/broken/chunk", chunk),
    Endpoint("/broken/short", short),
    Endpoint("/broken/status-line", status_line),
    Endpoint("/broken/many-headers", many_headers),
    Endpoint("/broken/compression", compression),
    Endpoint("/broken/charset", charset),
    Endpoint("/broken/json", no_json),
)
