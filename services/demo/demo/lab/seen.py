"""Tells a client what the server sees of it."""

from demo.lab.exchange import Endpoint, Exchange, RefusalError


async def connection(exchange: Exchange) -> None:
    """which connection this is, and which request on it"""
    await exchange.answer_json({"connection": exchange.connection, "request": exchange.number})


async def headers(exchange: Exchange) -> None:
    """the headers of the request"""
    await exchange.answer_json(exchange.headers)


async def cookie(exchange: Exchange) -> None:
    """sets the cookie `lab` to `?value=`"""
    value = exchange.query.get("value", "seen")
    if not (value.isascii() and value.isalnum() and len(value) <= 40):
        raise RefusalError(
            400, f"value: expected up to 40 letters and digits; found {value[:40]!r}"
        )
    line = f"lab={value}; Path=/; HttpOnly; SameSite=Lax"
    await exchange.answer("a cookie was set\n", headers={"Set-Cookie": line})


ENDPOINTS = (
    Endpoint("/seen/connection", connection),
    Endpoint("/seen/headers", headers),
    Endpoint("/seen/cookie", cookie),
)
