"""Errors as JSON in one shape: what was expected, what was found, what to do."""

import json
import logging
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shortlink.api.wording import expected_in, shown
from shortlink.database import DatabaseAwayError
from shortlink.problems import Problem

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
    """`content` as JSON."""
    return Response(json.dumps(content).encode(), status, headers, media_type="application/json")


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
    return json_response(content, status, {"Cache-Control": "no-store", **(headers or {})})


def refusal(error: RefusedError) -> Response:
    """The answer that a refusal is."""
    return error_response(error.status_code, error.problem, dict(error.headers or {}))


def too_many(name: str, limit: object, wait_s: int) -> RefusedError:
    """The refusal of a caller that has used up its share."""
    problem = Problem(name, str(limit), "more", f"wait {wait_s} s and ask more slowly")
    return RefusedError(problem, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(wait_s)})


def problem_of(error: RequestValidationError) -> Problem:
    """The first thing that is wrong with a query or a body."""
    detail: dict[str, Any] = dict(error.errors()[0])
    place = [str(part) for part in detail["loc"]]
    where = place.pop(0) if place and place[0] in ("query", "path", "body") else "body"
    name = ".".join(place) or where
    if detail["type"] == "missing":
        return Problem(name, "a value", "nothing", f"give {name}; see /docs")
    if detail["type"] == "json_invalid":
        return Problem("body", "JSON", "something else", "send JSON; see /docs")
    if detail["type"] == "extra_forbidden":
        return Problem(name, "a field of this call", "another", f"leave {name} out; see /docs")
    return Problem(name, expected_in(detail), shown(detail["input"]), "correct it; see /docs")


async def _on_refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return refusal(error)


async def _on_invalid(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return error_response(HTTPStatus.BAD_REQUEST, problem_of(error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    path = request.url.path[:200]
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = sorted((headers or {}).get("Allow", "GET").split(", "))
        advice = f"{allowed[0]} {path}"
        problem = Problem("method", " or ".join(allowed), request.method, advice)
    elif error.status_code == HTTPStatus.NOT_FOUND:
        problem = Problem("path", "a route of /docs, or a code", path, "see /docs for the routes")
    elif error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI's word for JSON that is nested too deep or has endless numbers.
        problem = Problem("body", "JSON that can be read", "something else", "see /docs")
    else:
        problem = Problem("request", "one that can be read", str(error.detail), "see /docs")
    return error_response(error.status_code, problem, headers)


async def _on_away(request: Request, error: Exception) -> Response:
    log.warning("%s: mariadb does not answer: %s", request.method, error)
    problem = Problem("mariadb", "an answer", "none", "try again in a few seconds")
    return error_response(HTTPStatus.SERVICE_UNAVAILABLE, problem, {"Retry-After": _RETRY_AFTER_S})


async def _on_fault(_: Request, __: Exception) -> Response:
    # Starlette raises it again for the server's log after this answer is sent.
    problem = Problem("server", "an answer", "a fault of ours", "see the service's log")
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, problem)


def handlers() -> dict[Any, Any]:
    """What answers for each kind of exception, for an application."""
    return {
        RefusedError: _on_refused,
        RequestValidationError: _on_invalid,
        HTTPException: _on_http_error,
        DatabaseAwayError: _on_away,
        Exception: _on_fault,
    }
