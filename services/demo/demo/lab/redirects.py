"""Redirects that lead nowhere."""

from demo.lab.exchange import Endpoint, Exchange


async def loop(exchange: Exchange) -> None:
    """a redirect to itself"""
    await _lead(exchange, 302, "/redirects/loop")


async def other_scheme(exchange: Exchange) -> None:
    """a redirect to a scheme that is not HTTP"""
    await _lead(exchange, 302, "ftp://ftp.example/")


async def same_again(exchange: Exchange) -> None:
    """307: the same request, body included, is to be sent to /uploads/stream"""
    await _lead(exchange, 307, "/uploads/stream")


async def _lead(exchange: Exchange, status: int, to: str) -> None:
    await exchange.answer(f"see {to}\n", status, headers={"Location": to})


ENDPOINTS = (
    Endpoint("/redirects/loop", loop),
    Endpoint("/redirects/other-scheme", other_scheme),
    Endpoint("/redirects/same-again", same_again, ("GET", "HEAD", "POST")),
)
