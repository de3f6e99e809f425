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

from proxypool import __version__
from proxypool.api.errors import json_response
from proxypool.api.filters import Filters
from proxypool.api.models import Refusal

_STATIC = Path(str(files("fastapi_offline") / "static"))
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Proxy pool: API</title>
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
Working proxies, checked all the time. `/get/`, `/pop/`, `/all/`, `/count/` and `/delete/` answer
as the reference's do; `/api/v2/` can do all else.

Callers whose address the operator does not trust give an account's name and password (Basic), or
its secret alone as an API key (`Authorization: Bearer …` or `X-API-Key: …`). Calls that change
something are POST, PUT or DELETE in `/api/v2/`.
"""
_SECURITY = {
    "basic": {"type": "http", "scheme": "basic", "description": "An account's name and secret."},
    "bearer": {"type": "http", "scheme": "bearer", "description": "An account's secret alone."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_RECORD = {"$ref": "#/components/schemas/Record"}
_NO_PROXY = {
    "type": "object",
    "properties": {"code": {"const": 0}, "src": {"const": "no proxy"}},
    "required": ["code", "src"],
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
    """The OpenAPI document of `/api/v2/` with the other routes beside it."""
    found = get_openapi(
        title="Proxy pool", version=__version__, description=_DESCRIPTION, routes=api.routes
    )
    _drop_422(found)
    found["paths"] = {**_reference_paths(), **_operator_paths(), **found["paths"]}
    found["components"]["securitySchemes"] = _SECURITY
    # `{}`: whom the operator trusts gives none.
    found["security"] = [{}, *({name: []} for name in _SECURITY)]
    found["components"]["schemas"].setdefault("Refusal", Refusal.model_json_schema())
    return found


def _drop_422(found: dict[str, Any]) -> None:
    """What FastAPI answers with 422 elsewhere is a 400 in the shape of all errors here."""
    for operations in found["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(name, None)


def _answer(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _errors(*statuses: int) -> dict[str, Any]:
    words = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        429: "Too Many Requests",
        503: "Redis does not answer",
    }
    schema = {"$ref": "#/components/schemas/Refusal"}
    return {str(status): _answer(schema, words[status]) for status in statuses}


def _get(
    tag: str,
    summary: str,
    schema: dict[str, Any],
    parameters: list[dict[str, Any]] | None = None,
    errors: tuple[int, ...] = (400, 401, 403, 429, 503),
) -> dict[str, Any]:
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "parameters": parameters or [],
            "responses": {"200": _answer(schema, summary), **_errors(*errors)},
        }
    }


def _parameter(name: str, schema: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text, **more}


def _reference_paths() -> dict[str, Any]:
    kind = _parameter("type", {"enum": ["", "http", "https"]}, "`https`: carries https by CONNECT.")
    properties = Filters.model_json_schema(ref_template="#/components/schemas/{model}")
    # The types that the filters refer to are among those of `/api/v2/`.
    filters = [
        _parameter(name, schema, schema.get("description", ""))
        for name, schema in properties["properties"].items()
    ]
    limit = _parameter("limit", {"type": "integer", "minimum": 0, "maximum": 9999999}, "0: all.")
    proxy = _parameter("proxy", {"type": "string"}, "The proxy.", required=True)
    proxy["example"] = "203.0.113.7:8080"
    record_or_none = {"anyOf": [_RECORD, _NO_PROXY]}
    counts = {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "http_type": {"type": "object", "additionalProperties": {"type": "integer"}},
            "source": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": ["count", "http_type", "source"],
    }
    deleted = {
        "type": "object",
        "properties": {"code": {"const": 0}, "src": {"enum": [0, 1]}},
        "required": ["code", "src"],
    }
    some = {"type": "array", "items": _RECORD}
    tag = "reference"
    return {
        "/get/": _get(tag, "A random proxy", record_or_none, [kind, *filters]),
        "/pop/": _get(tag, "A random proxy, taken out", record_or_none, [kind, *filters]),
        "/all/": _get(tag, "All proxies, or some", some, [kind, limit, *filters]),
        "/count/": _get(tag, "How many there are", counts),
        "/delete/": _get(tag, "Take a proxy out", deleted, [proxy]),
    }


def _operator_paths() -> dict[str, Any]:
    state = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
    metrics = _get("operators", "Prometheus metrics", {}, errors=(401, 403, 429))
    metrics["get"]["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    found = {
        "/healthz": _get("operators", "The process answers", state, errors=()),
        "/readyz": _get("operators", "It reaches its store", state, errors=(503,)),
        "/metrics": metrics,
    }
    for path in ("/healthz", "/readyz"):
        found[path]["get"]["security"] = [{}]
    return found
