"""The application: every route, and what stands before all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from proxypool.accounts import Accounts
from proxypool.api import docs
from proxypool.api.auth import Guard
from proxypool.api.errors import handlers, json_response
from proxypool.api.limits import BodyLimit
from proxypool.api.lists import lists
from proxypool.api.metrics import Meter, Metrics
from proxypool.api.passed import passed
from proxypool.api.proxies import proxies
from proxypool.api.reference import INDEX, Reference
from proxypool.api.request_id import RequestId
from proxypool.api.statistics import statistics
from proxypool.api.targets import targets
from proxypool.api.trial import Gateway, load_account, trial
from proxypool.api.v2 import PREFIX, query_names
from proxypool.settings import Settings
from proxypool.store import Store

_WEB = Path(str(files("proxypool") / "web"))
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}
_MAX_BODY_BYTES = 1024 * 1024
_EXPORTS_AT_ONCE = 2
_FOLDERS = ("/assets", "/docs-assets")


class _Assets(StaticFiles):
    """The page's files, of which a browser asks each time whether they have changed.

    Without a word about that it would keep some for days, and put old and new ones together.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or that it has not changed. Raises HTTPException (404)."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def build_app(settings: Settings) -> Starlette:
    """The application; it opens its store when it starts and closes it when it stops.

    Raises ConfigurationError where a file that a setting names cannot be read.
    """
    accounts = Accounts.load(settings.accounts_file)
    gateway = Gateway(settings.gateway_url, load_account(settings.gateway_account_file))
    store = Store(settings)
    metrics = Metrics(store)

    v2 = _build_v2()
    v2.state.store = store
    v2.state.settings = settings
    v2.state.accounts = accounts
    v2.state.gateway = gateway
    v2.state.metrics = metrics
    v2.state.export_turns = asyncio.Semaphore(_EXPORTS_AT_ONCE)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await store.close()

    routes: list[BaseRoute] = [
        # The reference's first: they are asked for most.
        *Reference(store).routes(),
        *_operator_routes(store, metrics),
        *docs.routes(v2),
        Mount("/assets", _Assets(directory=_WEB / "assets")),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers=handlers(),
        lifespan=lifespan,
        middleware=[
            Middleware(RequestId),
            Middleware(Meter, metrics=metrics, route_of=_labels(routes)),
            Middleware(Guard, settings=settings, accounts=accounts),
            Middleware(
                BodyLimit,
                limit=_MAX_BODY_BYTES,
                limits={f"{PREFIX}/import": settings.import_max_bytes},
            ),
        ],
    )
    app.state.metrics = metrics
    app.router.redirect_slashes = False
    # Not mounted: a mounted application would take over calls with a wrong method, too.
    app.router.default = v2
    return app


def _build_v2() -> FastAPI:
    api = FastAPI(
        exception_handlers=handlers(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in (proxies, lists, statistics, targets, trial, passed):
        api.include_router(router)
    document = docs.document(api)
    api.openapi = lambda: document  # type: ignore[method-assign]
    api.state.query_names = query_names(document)
    return api


def _operator_routes(store: Store, metrics: Metrics) -> list[BaseRoute]:
    async def index(request: Request) -> Response:
        """The dashboard for browsers, the list of routes for all else."""
        if "text/html" in request.headers.get("accept", ""):
            return FileResponse(_WEB / "index.html", headers=_PAGE_HEADERS)
        return json_response(INDEX, headers={"Vary": "Accept"})

    async def healthz(_: Request) -> Response:
        """The process answers."""
        return json_response({"status": "ok"})

    async def readyz(_: Request) -> Response:
        """The process answers and reaches its store; 503 by the handler where it does not."""
        await store.ping()
        return json_response({"status": "ok", "redis": "ok"})

    return [
        Route("/", index),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics.answer),
    ]


def _labels(routes: list[BaseRoute]) -> Callable[[Scope], str]:
    """What a request is counted as: the path of its route, of which there are few."""
    paths = frozenset(route.path for route in routes if isinstance(route, Route))

    def label(scope: Scope) -> str:
        path: str = scope["path"]
        if path in paths:
            return path
        if (route := scope.get("route")) is not None:
            return str(route.path_format)
        return next((folder for folder in _FOLDERS if path.startswith(f"{folder}/")), "none")

    return label
