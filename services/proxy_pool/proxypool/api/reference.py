"""The reference's routes, shapes unchanged: its clients work as they are.

All are GET, answer 200 also where there is no proxy, and pass over names of a query that they do
not know; the filters of `/api/v2/` they know too.
"""

from dataclasses import replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from proxypool.address import BadAddressError, Upstream
from proxypool.api.errors import RefusedError, json_response, shown
from proxypool.api.filters import fields_of, read_known, single
from proxypool.problems import Problem
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.store import Store

_TYPE = "type: ''https'|''"
INDEX = {
    "url": [
        {"url": "/get", "params": _TYPE, "desc": "get a proxy"},
        {"url": "/pop", "params": _TYPE, "desc": "get and delete a proxy"},
        {"url": "/delete", "params": "proxy: 'e.g. 127.0.0.1:8080'", "desc": "delete a proxy"},
        {
            "url": "/all",
            "params": f"{_TYPE}, limit: ''|number",
            "desc": "get all proxies, or some of them",
        },
        {"url": "/count", "params": "", "desc": "return proxy count"},
    ]
}
"""What `/` answers programs."""

_NO_PROXY = b'{"code":0,"src":"no proxy"}'
# What the reference's clients can use: requests for http:// through one, https:// by CONNECT.
_HTTP = Query(protocols=(Protocol.HTTP,))
_HTTPS = Query(protocols=(Protocol.CONNECT,), https=True)
_WEB = Query(protocols=(Protocol.HTTP, Protocol.CONNECT))


def _wanted(text: str, otherwise: Query) -> Query:
    """The query in the reference's words, with the filters of `/api/v2/` beside them."""
    if not text:
        return otherwise
    fields = fields_of(text)
    # As in the reference, whatever else it says asks for any.
    kind = (single(fields, "type") or "").lower()
    base = _HTTPS if kind == "https" else otherwise
    filters = read_known(fields).query()
    return replace(
        filters,
        protocols=filters.protocols or base.protocols,
        https=base.https if filters.https is None else filters.https,
    )


class Reference:
    """The routes' functions, over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Each route, and its redirect from the path without a slash."""
        found = []
        for name in ("get", "pop", "all", "count", "delete"):
            route = Route(f"/{name}/", getattr(self, name), methods=["GET"])
            if name in ("pop", "delete") and route.methods is not None:
                route.methods.discard("HEAD")  # a HEAD must not change anything
            found += [route, Route(f"/{name}", _to_slash)]
        return found

    async def get(self, request: Request) -> Response:
        """A random good proxy."""
        record = await self._store.get(_wanted(request.scope["query_string"].decode(), _HTTP))
        return json_response(record.encode() if record else _NO_PROXY)

    async def pop(self, request: Request) -> Response:
        """The same, and removes it."""
        record = await self._store.pop(_wanted(request.url.query, _HTTP))
        return json_response(record.encode() if record else _NO_PROXY)

    async def all(self, request: Request) -> Response:
        """Every good proxy, or a random `limit` of them."""
        query = _wanted(request.url.query, _WEB)
        text = single(fields_of(request.url.query), "limit") or "0"
        if not (text.isascii() and text.isdecimal() and len(text) <= 7):
            raise RefusedError(Problem("limit", "a whole number", shown(text), "correct it"))
        records = await self._store.all(query, int(text))
        return json_response(f"[{','.join(records)}]".encode())

    async def count(self, _: Request) -> Response:
        """How many there are, by what they carry and by source."""
        total, https, by_source = await self._store.count()
        http_type = {"http": total - https, "https": https}
        return json_response(
            {
                "count": total,
                "http_type": {name: number for name, number in http_type.items() if number},
                "source": by_source,
            }
        )

    async def delete(self, request: Request) -> Response:
        """Remove one proxy; it stays away for DELETED_FOR."""
        text = single(fields_of(request.url.query), "proxy") or ""
        try:
            proxy = str(Upstream.parse(text))
        except BadAddressError as error:
            # Without its credentials, should it have any.
            found = shown(text.rpartition("@")[2])
            advice = "call /delete/?proxy=1.2.3.4:8080"
            raise RefusedError(Problem("proxy", "ip:port", found, advice)) from error
        return json_response({"code": 0, "src": int(await self._store.delete(proxy))})


async def _to_slash(request: Request) -> Response:
    # Relative, so that it is right behind any edge, scheme and port.
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", HTTPStatus.PERMANENT_REDIRECT)
