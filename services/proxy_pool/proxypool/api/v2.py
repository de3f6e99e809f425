"""`/api/v2/`: what its routes share."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.exceptions import HTTPException
from starlette.requests import Request

from proxypool.address import BadAddressError, Upstream
from proxypool.api.errors import RefusedError, shown
from proxypool.api.filters import refuse_unknown
from proxypool.api.models import Refusal
from proxypool.problems import Problem
from proxypool.settings import Settings
from proxypool.store import Store

PREFIX = "/api/v2"

_CALLS = {"pop": "POST", "random": "GET", "best": "GET"}
"""Of `/proxies/`, and their methods."""


def store_of(request: Request) -> Store:
    """The application's store."""
    store: Store = request.app.state.store
    return store


def settings_of(request: Request) -> Settings:
    """The application's settings."""
    settings: Settings = request.app.state.settings
    return settings


StoreOf = Annotated[Store, Depends(store_of)]
SettingsOf = Annotated[Settings, Depends(settings_of)]


async def _strict(request: Request) -> None:
    """Refuse names in the query that the route does not know."""
    allowed: dict[tuple[str, str], frozenset[str]] = request.app.state.query_names
    key = (request.scope["route"].path_format, request.method)
    _refuse_method(request, key[0])
    refuse_unknown(request.url.query, allowed[key])


def _refuse_method(request: Request, path: str) -> None:
    """405 for another method of what stands where proxies' names do: no proxy is called so."""
    allowed = _CALLS.get(request.path_params.get("proxy", ""))
    if path == f"{PREFIX}/proxies/{{proxy}}" and allowed:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": allowed})


def query_names(schema: dict[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """What each route takes in its query, by its path and method, from the OpenAPI document."""
    return {
        (path, method.upper()): frozenset(
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        )
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    }


async def json_body(request: Request) -> None:
    """Refuse a body of another kind than JSON (415)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        problem = Problem("Content-Type", "application/json", shown(kind), "send JSON")
        raise RefusedError(problem, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route answers beside those of all routes, for its documentation."""
    return {
        status: {"model": Refusal, "description": HTTPStatus(status).phrase} for status in statuses
    }


def router(tag: str) -> APIRouter:
    """A router for one kind of resource, with the errors that all routes may answer."""
    return APIRouter(
        prefix=PREFIX,
        tags=[tag],
        dependencies=[Depends(_strict)],
        responses={
            **answers(400, 401, 403, 429),
            503: {
                "model": Refusal,
                "description": "Redis does not answer",
                "headers": {"Retry-After": {"schema": {"type": "integer"}}},
            },
        },
    )


def _proxy(
    proxy: Annotated[
        str,
        Path(
            description="`host:port` or `user:password@host:port` as records have it, "
            "percent-encoded.",
            examples=["203.0.113.7:8080"],
            # For the documentation: what is wrong is told below, without its credentials.
            json_schema_extra={"pattern": "^[^/?#]+:[0-9]{1,5}$", "maxLength": 2000},
        ),
    ],
) -> str:
    """The proxy of the path in its normal form."""
    try:
        return str(Upstream.parse(proxy))
    except BadAddressError as error:
        found = shown(proxy.rpartition("@")[2])
        advice = "give it as a record's field `proxy` has it, percent-encoded"
        raise RefusedError(Problem("proxy", "host:port", found, advice)) from error


ProxyName = Annotated[str, Depends(_proxy)]


def no_such(name: str, found: str, advice: str) -> RefusedError:
    """404: what the path names is not there."""
    problem = Problem(name, f"a {name} of the pool", shown(found), advice)
    return RefusedError(problem, HTTPStatus.NOT_FOUND)
