"""The API: the reference's routes and shapes, exactly, and what containers need beside them."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ExceptionHandler

from proxypool.address import BadAddressError, Upstream
from proxypool.callers import caller_of, is_trusted
from proxypool.problems import Problem
from proxypool.protocol import Protocol
from proxypool.query import Query
from proxypool.settings import Settings
from proxypool.store import UNAVAILABLE, Store

log = logging.getLogger(__name__)

_WEB = Path(str(files("proxypool") / "web"))
_TYPE = "type: ''https'|''"
_INDEX = {
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
_NO_PROXY = b'{"code":0,"src":"no proxy"}'
_DASHBOARD_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}


class BadQueryError(HTTPException):
    """A query that cannot be answered: 400, with what was expected and found."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST)
        self.problem = problem


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(body, status, headers, media_type="application/json")


def _error(status: int, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    content = {
        "code": status,
        "src": HTTPStatus(status).phrase.lower(),
        "name": problem.name,
        "expected": problem.expected,
        "found": problem.found,
        "what_to_do": problem.advice,
    }
    return _json(content, status, headers)


def _query(request: Request, allowed: tuple[str, ...]) -> dict[str, str]:
    """The query's parameters. Unknown ones pass, as with the reference; repeated ones do not."""
    query = parse_qs(request.url.query, keep_blank_values=True)
    for name in allowed:
        if len(query.get(name, [])) > 1:
            raise BadQueryError(Problem(name, "one value", "several", f"give {name} once"))
    return {name: query[name][0] for name in allowed if name in query}


_HTTP = Query(protocols=(Protocol.HTTP,))
_HTTPS = Query(protocols=(Protocol.CONNECT,), https=True)
_WEB_PROXIES = Query(protocols=(Protocol.HTTP, Protocol.CONNECT))


def _wanted(request: Request, otherwise: Query) -> Query:
    kind = _query(request, ("type",)).get("type", "")
    if kind not in ("", "http", "https"):
        advice = "leave type out for any proxy, or ask for type=https"
        raise BadQueryError(Problem("type", "https or nothing", repr(kind[:80]), advice))
    return _HTTPS if kind == "https" else otherwise


class Api:
    """The routes' functions, over one store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    async def index(self, request: Request) -> Response:
        """The dashboard for browsers, the list of routes for all else."""
        if "text/html" in request.headers.get("accept", ""):
            return FileResponse(_WEB / "index.html", headers=_DASHBOARD_HEADERS)
        return _json(_INDEX, headers={"Vary": "Accept"})

    async def get(self, request: Request) -> Response:
        """A random good proxy."""
        record = await self._store.get(_wanted(request, _HTTP))
        return _json(record.encode() if record else _NO_PROXY)

    async def pop(self, request: Request) -> Response:
        """The same, and removes it."""
        self._require_trust(request)
        record = await self._store.pop(_wanted(request, _HTTP))
        return _json(record.encode() if record else _NO_PROXY)

    async def all(self, request: Request) -> Response:
        """Every good proxy, or a random `limit` of them."""
        query = _wanted(request, _WEB_PROXIES)
        text = _query(request, ("limit",)).get("limit", "") or "0"
        if not (text.isascii() and text.isdecimal() and len(text) <= 7):
            problem = Problem("limit", "a whole number", repr(text[:80]), "correct it")
            raise BadQueryError(problem)
        records = await self._store.all(query, int(text))
        return _json(f"[{','.join(records)}]".encode())

    async def count(self, _: Request) -> Response:
        """How many there are, by what they carry and by source."""
        total, https, by_source = await self._store.count()
        http_type = {"http": total - https, "https": https}
        return _json(
            {
                "count": total,
                "http_type": {name: number for name, number in http_type.items() if number},
                "source": by_source,
            }
        )

    async def delete(self, request: Request) -> Response:
        """Remove one proxy; it stays away for DELETED_FOR."""
        self._require_trust(request)
        text = _query(request, ("proxy",)).get("proxy", "")
        try:
            proxy = str(Upstream.parse(text))
        except BadAddressError as error:
            advice = "call /delete/?proxy=1.2.3.4:8080"
            raise BadQueryError(Problem("proxy", "ip:port", repr(text[:80]), advice)) from error
        return _json({"code": 0, "src": int(await self._store.delete(proxy))})

    async def healthz(self, _: Request) -> Response:
        """The process answers."""
        return _json({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """The process answers and reaches its store; 503 by the handler where it does not."""
        await self._store.ping()
        return _json({"status": "ok", "redis": "ok"})

    def _require_trust(self, request: Request) -> None:
        caller = caller_of(request)
        if not is_trusted(caller, self._settings.trusted_callers):
            raise _ForbiddenError(
                Problem(
                    "caller",
                    "a caller listed in TRUSTED_CALLERS",
                    caller[:80] or "no address",
                    "call from the pool's own host, or have its operator trust your address",
                )
            )
        # A page of another site that a trusted person's browser has open must not empty the pool.
        site = request.headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin"):
            raise _ForbiddenError(
                Problem("Sec-Fetch-Site", "same-origin or none", site[:80], "call it yourself")
            )


class _ForbiddenError(HTTPException):
    def __init__(self, problem: Problem) -> None:
        super().__init__(HTTPStatus.FORBIDDEN)
        self.problem = problem


async def _on_problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, BadQueryError | _ForbiddenError):
        raise error
    return _error(error.status_code, error.problem)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem = Problem("method", "GET", request.method, f"GET {request.url.path}")
    else:
        problem = Problem("path", "a route of /", request.url.path[:200], "see / for the routes")
    return _error(error.status_code, problem, headers)


async def _on_unavailable(request: Request, error: Exception) -> Response:
    log.warning("%s: redis does not answer: %s: %s", request.url.path, type(error).__name__, error)
    problem = Problem("redis", "an answer", type(error).__name__, "try again in a few seconds")
    return _error(HTTPStatus.SERVICE_UNAVAILABLE, problem, {"Retry-After": "2"})


async def _on_fault(request: Request, _: Exception) -> Response:
    # Starlette raises it again for the server's log after this answer is sent.
    problem = Problem("server", "an answer", "a fault of ours", "see the service's log")
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, problem)


async def _to_slash(request: Request) -> Response:
    # Relative, so that it is right behind any edge, scheme and port.
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path}/{query}", HTTPStatus.PERMANENT_REDIRECT)


def build_app(settings: Settings) -> Starlette:
    """The application; it opens its store when it starts and closes it when it stops."""
    store = Store(settings)
    api = Api(settings, store)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await store.close()

    routes: list[Route | Mount] = [
        Route("/", api.index),
        Route("/healthz", api.healthz),
        Route("/readyz", api.readyz),
        Mount("/assets", StaticFiles(directory=_WEB / "assets")),
    ]
    for name, endpoint in (
        ("get", api.get),
        ("pop", api.pop),
        ("all", api.all),
        ("count", api.count),
        ("delete", api.delete),
    ):
        route = Route(f"/{name}/", endpoint, methods=["GET"])
        if name in ("pop", "delete") and route.methods is not None:
            route.methods.discard("HEAD")  # a HEAD must not change anything
        routes += [route, Route(f"/{name}", _to_slash)]

    handlers: dict[int | type[Exception], ExceptionHandler] = {
        BadQueryError: _on_problem,
        _ForbiddenError: _on_problem,
        HTTPException: _on_http_error,
        Exception: _on_fault,
    }
    handlers.update(dict.fromkeys(UNAVAILABLE, _on_unavailable))
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False
    return app
