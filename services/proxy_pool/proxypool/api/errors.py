"""Errors as JSON in one shape: what was expected, what was found, what to do."""

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from proxypool.api.wording import expected_in, found_in_body, shown
from proxypool.problems import Problem
from proxypool.store import UNAVAILABLE

__all__ = ["RefusedError", "error_response", "handlers", "json_response", "problem_of", "shown"]

log = logging.getLogger(__name__)

_RETRY_AFTER_S = "2"


class RefusedError(HTTPException):
    """A call that is not answered as asked: a status of 4xx or 5xx, and why."""

    def __init__(
        self,
        problem: Problem,
        status: int = HTTPStatus.BAD_REQUEST,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, headers=headers)
        self.problem = problem


def json_response(
    content: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """`content` as JSON; bytes are JSON already."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Response(body, status, headers, media_type="application/json")


def error_response(
    status: int, problem: Problem, headers: dict[str, str] | None = None
) -> Response:
    """The answer to a call that is not answered as asked."""
    content = {
        "code": status,
        "src": HTTPStatus(status).phrase.lower(),
        "name": problem.name,
        "expected": problem.expected,
        "found": problem.found,
        "what_to_do": problem.advice,
    }
    return json_response(content, status, headers)


def problem_of(error: ValidationError | RequestValidationError, where: str = "") -> Problem:
    """The first thing that is wrong with a query or a body.

    Of a body's fields that may hold credentials only the kind of value is shown.
    """
    detail: dict[str, Any] = dict(error.errors()[0])
    place = [str(part) for part in detail["loc"]]
    if place and place[0] in ("query", "path", "body"):
        where = place.pop(0)
    name = ".".join(place) or where or "query"
    found = detail["input"]
    if detail["type"] == "missing":
        return Problem(name, "a value", "nothing", f"give {name}")
    if detail["type"] == "json_invalid":
        return Problem("body", "JSON", "something else", "send JSON; see /docs")
    if detail["type"] == "extra_forbidden":
        return Problem(name, "a field of this call", "another", f"leave {name} out; see /docs")
    text = found_in_body(found, place) if where == "body" else shown(found)
    return Problem(name, expected_in(detail), text, "correct it; see /docs")


async def _on_refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return error_response(error.status_code, error.problem, dict(error.headers or {}))


async def _on_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return error_response(HTTPStatus.BAD_REQUEST, problem_of(error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    path = request.url.path
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = sorted({*(headers or {}).get("Allow", "GET").split(", ")} - {"HEAD"})
        advice = f"{allowed[0]} {path[:200]}"
        problem = Problem("method", " or ".join(allowed), request.method, advice)
    elif error.status_code == HTTPStatus.NOT_FOUND:
        advice = "see / and /docs for the routes"
        problem = Problem("path", "a route of /", path[:200], advice)
    elif error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's word for JSON that is nested too deep or has endless numbers.
        problem = Problem("body", "JSON that can be read", "something else", "see /docs")
    else:
        problem = Problem("request", "one that can be read", str(error.detail), "see /docs")
    return error_response(error.status_code, problem, headers)


async def _on_unavailable(request: Request, error: Exception) -> Response:
    # The route's own path: the one asked for may hold a proxy's credentials.
    route = getattr(request.scope.get("route"), "path_format", request.url.path)
    log.warning("%s: redis does not answer: %s: %s", route, type(error).__name__, error)
    request.app.state.metrics.store_errors.inc()
    problem = Problem("redis", "an answer", type(error).__name__, "try again in a few seconds")
    return error_response(HTTPStatus.SERVICE_UNAVAILABLE, problem, {"Retry-After": _RETRY_AFTER_S})


async def _on_fault(_: Request, __: Exception) -> Response:
    # Starlette raises it again for the server's log after this answer is sent.
    problem = Problem("server", "an answer", "a fault of ours", "see the service's log")
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, problem)


def handlers() -> dict[Any, Any]:
    """What answers for each kind of exception, for an application."""
    found: dict[Any, Any] = {
        RefusedError: _on_refused,
        RequestValidationError: _on_invalid,
        HTTPException: _on_http_error,
        Exception: _on_fault,
    }
    found.update(dict.fromkeys(UNAVAILABLE, _on_unavailable))
    return found
