"""Servers that let one wait: none of it lasts longer than `LONGEST_S`."""

import asyncio

from demo.lab.exchange import Endpoint, Exchange

LONGEST_S = 20.0
_DRIP_INTERVAL_S = 0.1


async def never(exchange: Exchange) -> None:
    """takes the request and never answers; hangs up after 20 s"""
    await exchange.client_leaves(LONGEST_S)


async def half(exchange: Exchange) -> None:
    """sends a head and half of its body, and nothing more; hangs up after 20 s"""
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    await exchange.client_leaves(LONGEST_S)


async def late(exchange: Exchange) -> None:
    """answers after `?ms=`, up to 10,000, with the number of the connection"""
    await asyncio.sleep(exchange.number_of("ms", 500, 10_000) / 1000)
    await exchange.answer_json({"connection": exchange.connection})


async def dripping_head(exchange: Exchange) -> None:
    """a byte of a head each 0.1 s; hangs up after 20 s without having ended it"""
    await _drip(exchange, b"HTTP/1.1 200 OK\r\nX-Patience: ")


async def dripping_body(exchange: Exchange) -> None:
    """a head at once, and a byte of its body each 0.1 s, for 20 s"""
    count = round(LONGEST_S / _DRIP_INTERVAL_S)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {count}\r\n\r\n"
    await exchange.send(head.encode())
    await _drip(exchange, b"")


async def _drip(exchange: Exchange, start: bytes) -> None:
    for byte in start.ljust(round(LONGEST_S / _DRIP_INTERVAL_S), b"."):
        await exchange.send(bytes([byte]))
        if await exchange.client_leaves(_DRIP_INTERVAL_S):
            return


ENDPOINTS = (
    Endpoint("/silence/never", never),
    Endpoint("/silence/half", half),
    Endpoint("/silence/late", late),
    Endpoint("/silence/dripping-head", dripping_head),
    Endpoint("/silence/dripping-body", dripping_body),
)
