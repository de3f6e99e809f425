"""The application: every route, and what stands before all of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from shortlink import metrics
from shortlink.api import docs
from shortlink.api.bodies import BodyLimit
from shortlink.api.errors import handlers, json_response
from shortlink.api.links import links
from shortlink.api.meter import Meter
from shortlink.api.owners import Owners
from shortlink.api.redirects import Redirects
from shortlink.api.request_id import RequestId
from shortlink.service import OK, Service
from shortlink.settings import Settings

_MAX_BODY_BYTES = 16 * 1024
_INDEX = {"service": "short links", "documentation": "/docs", "links": "/api/links/"}


def build_app(settings: Settings) -> Starlette:
    """The application; what it does between requests begins and ends with its lifespan.

    Raises ConfigurationError where a file that a setting names cannot be read.
    """
    service = Service(settings)
    api = _build_api(service)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with service.running():
            yield

    redirects = Redirects(service)
    routes: list[BaseRoute] = [
        *_operator_routes(service),
        *docs.routes(api),
        Route("/{code}.svg", redirects.qr),
        Route("/{code}", redirects.redirect),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers=handlers(),
        lifespan=lifespan,
        middleware=[
            Middleware(RequestId),
            Middleware(Meter, route_of=_labels()),
            Middleware(
                Owners,
                accounts=service.accounts,
                callers=service.callers,
                limits=service.limits,
                rate_limit=settings.rate_limit,
            ),
        ],
    )
    app.state.service = service
    app.router.redirect_slashes = False
    # Not mounted: a mounted application would take over calls with a wrong method, too.
    app.router.default = BodyLimit(api, _MAX_BODY_BYTES)
    return app


def _build_api(service: Service) -> FastAPI:
    api = FastAPI(
        exception_handlers=handlers(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.include_router(links)
    api.state.service = service
    document = docs.document(api)
    api.openapi = lambda: document  # type: ignore[method-assign]
    return api


def _operator_routes(service: Service) -> list[BaseRoute]:
    async def index(_: Request) -> Response:
        return json_response(_INDEX)

    async def healthz(_: Request) -> Response:
        """The process answers."""
        return json_response({"status": OK})

    async def readyz(_: Request) -> Response:
        """503 where no store answers: with either of them some redirects go on."""
        checks = await service.checks()
        well = [said == OK for said in checks.values()]
        status = OK if all(well) else "degraded" if any(well) else "unavailable"
        code = HTTPStatus.OK if any(well) else HTTPStatus.SERVICE_UNAVAILABLE
        return json_response({"status": status, **checks}, code)

    async def numbers(request: Request) -> Response:
        """Nothing for callers from outside, whom the edge names in a header."""
        if "x-forwarded-for" in request.headers:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        text = metrics.text(await service.gauges())
        return Response(text, media_type=metrics.CONTENT_TYPE_LATEST)

    return [
        Route("/", index),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", numbers),
    ]


def _labels() -> Callable[[Scope], str]:
    """What a request is counted as: its route, of which there are few, never its path."""
    own = frozenset(("/", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"))

    def label(scope: Scope) -> str:
        path: str = scope["path"]
        if path in own:
            return path
        if (route := scope.get("route")) is not None:
            return str(route.path_format)
        if path.startswith(("/docs/", "/docs-assets/")):
            return "/docs"
        # Of Starlette's own routes the parameters alone tell that one was found.
        if "code" not in scope.get("path_params", {}):
            return "none"
        return "/{code}.svg" if path.endswith(".svg") else "/{code}"

    return label
