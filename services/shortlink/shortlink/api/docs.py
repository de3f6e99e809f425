"""The API's documentation: one OpenAPI document for all routes, and a page that shows it.

The page's scripts are served from here; its policy forbids the browser to ask any other host.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from shortlink import __version__
from shortlink.api.errors import json_response
from shortlink.codes import CODE

_STATIC = Path(str(files("fastapi_offline") / "static"))
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Short links: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs-assets/swagger-ui.css">
<script src="docs-assets/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body><div id="docs"></div></body>
</html>
"""
_START = b"""\
SwaggerUIBundle({
  url: "openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
"""
_HEADERS = {
    # Swagger UI sets styles of its own; nothing else is let in from elsewhere or inline.
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
_DESCRIPTION = """
Short links: `POST /api/links/` a long URL, and share the short one. Calls of `/api/` need the name
and password of an account (Basic); an account sees its own links alone.
"""
_CODE = {
    "name": "code",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": f"^{CODE.pattern}$"},
}


def routes(api: FastAPI) -> list[BaseRoute]:
    """The page, its scripts, and the document."""

    async def page(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers=_HEADERS)

    async def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript", headers=_HEADERS)

    async def document(_: Request) -> Response:
        return json_response(api.openapi())

    return [
        Route("/docs", page),
        Route("/docs/start.js", start),
        Route("/openapi.json", document),
        Mount("/docs-assets", StaticFiles(directory=_STATIC)),
    ]


def document(api: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `/api/` with the other routes beside it."""
    found = get_openapi(
        title="Short links", version=__version__, description=_DESCRIPTION, routes=api.routes
    )
    _drop_422(found)
    found["paths"] = {**_public_paths(), **_operator_paths(), **found["paths"]}
    found["components"]["securitySchemes"] = {"basic": {"type": "http", "scheme": "basic"}}
    for path, operations in found["paths"].items():
        for operation in operations.values():
            operation["security"] = [{"basic": []}] if path.startswith("/api/") else [{}]
    return found


def _drop_422(found: dict[str, Any]) -> None:
    """What FastAPI answers with 422 elsewhere is a 400 in the shape of all errors here."""
    for operations in found["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)


def _errors(*statuses: int) -> dict[str, Any]:
    words = {
        404: "No link has this code",
        410: "The link is over, or was deleted",
        429: "Too many codes that are none, from this address",
        503: "The stores that are needed do not answer",
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {str(status): {"description": words[status], "content": content} for status in statuses}


def _public_paths() -> dict[str, Any]:
    location = {"Location": {"schema": {"type": "string"}, "description": "The long URL"}}
    redirect = {
        "tags": ["visitors"],
        "parameters": [_CODE],
        "responses": {
            "302": {"description": "To the long URL; not to be kept", "headers": location},
            **_errors(404, 410, 429, 503),
        },
    }
    picture = {"image/svg+xml": {"schema": {"type": "string"}}}
    qr = {
        "tags": ["visitors"],
        "summary": "The short URL as a QR code",
        "parameters": [_CODE],
        "responses": {
            "200": {"description": "An SVG picture", "content": picture},
            **_errors(404, 410, 429, 503),
        },
    }
    return {
        "/{code}": {
            "get": {"summary": "Follow a link", **redirect},
            "head": {"summary": "See where a link leads; counts no click", **redirect},
        },
        "/{code}.svg": {"get": qr},
    }


def _operator_paths() -> dict[str, Any]:
    def get(summary: str, media: str, *errors: int) -> dict[str, Any]:
        content: dict[str, Any] = {media: {"schema": {}}}
        answers = {"200": {"description": summary, "content": content}, **_errors(*errors)}
        return {"get": {"tags": ["operators"], "summary": summary, "responses": answers}}

    return {
        "/healthz": get("The process answers", "application/json"),
        "/readyz": get("It reaches a store that knows links", "application/json", 503),
        "/metrics": get(
            "Prometheus metrics, for callers that do not come by the edge", "text/plain", 404
        ),
    }
