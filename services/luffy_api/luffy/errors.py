"""One shape for every error, with the HTTP status that it deserves.

    {"code": 404, "error": "not_found", "msg": "…", "errors": {"field": ["…"]}, "request_id": "…"}

`code` repeats the status, `error` is a word for programs, `msg` a sentence in the request's
language, and `errors` names the fields that are wrong, if some are.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.html import escape
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_guid import get_guid
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from luffy.outage import is_outage, is_redis_outage

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
RETRY_AFTER_S = 5


class DatabaseUnavailable(APIException):
    """The database cannot be reached for now."""

    status_code = 503
    default_detail = _("The service cannot reach its database just now. Please try again shortly.")
    default_code = "database_unavailable"
    wait = RETRY_AFTER_S  # DRF sends it as Retry-After


class RedisUnavailable(APIException):
    """Redis cannot be reached for now, and what was asked cannot be done without it."""

    status_code = 503
    default_detail = _("The service cannot keep count of this just now. Please try again shortly.")
    default_code = "redis_unavailable"
    wait = RETRY_AFTER_S


class FieldedException(APIException):
    """An error with a word of its own that says something of the fields that were sent."""

    def __init__(self, fields: Mapping[str, list[str]], message: str | None = None) -> None:
        super().__init__(message)
        self.fields = fields


def error_body(
    code: int, error: str, message: str, fields: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    """The body of an error answer."""
    body: dict[str, Any] = {"code": code, "error": error, "msg": message}
    if fields:
        body["errors"] = dict(fields)
    body["request_id"] = get_guid()
    return body


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: turn what a view raised into an answer of the one shape.

    What is not meant for the caller (a bug) is passed on: it is logged with its traceback and
    answered by `server_error`.
    """
    if is_outage(error):
        logger.error("the database is unavailable: %s", error)
        error = DatabaseUnavailable()
    elif is_redis_outage(error):
        logger.error("Redis is unavailable: %s", error)
        error = RedisUnavailable()
    response = drf_exception_handler(error, context)
    if response is None:
        return None
    fields: Mapping[str, list[str]] = {}
    if isinstance(error, ValidationError):
        fields = _fields(error.detail)
        message = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items())
        word = "invalid"
    else:
        # Django's own Http404 and PermissionDenied became DRF's in the call above.
        detail = response.data["detail"]
        message, word = str(detail), getattr(detail, "code", "error")
        fields = getattr(error, "fields", {})
    response.data = error_body(response.status_code, word, message, fields)
    return response


def _fields(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, Mapping):
        return {str(name): _texts(texts) for name, texts in detail.items()}
    return {"non_field_errors": _texts(detail)}


def _texts(detail: Any) -> list[str]:
    if isinstance(detail, ErrorDetail | str):
        return [str(detail)]
    if isinstance(detail, Mapping):
        return [text for part in detail.values() for text in _texts(part)]
    return [text for part in detail for text in _texts(part)]


# --- outside of DRF: unknown addresses, the admin, faults in middleware ---------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django found malformed: an unknown Host, a bad encoding, too many fields."""
    return _page(request, 400, "bad_request", gettext("The request is malformed."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a refusal outside of DRF."""
    return _page(request, 403, "permission_denied", gettext("You may not do this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist."""
    return _page(request, 404, "not_found", gettext("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours: 503 while the database or Redis is out of reach, else 500."""
    error = sys.exc_info()[1]
    for is_gone, kind in ((is_outage, DatabaseUnavailable), (is_redis_outage, RedisUnavailable)):
        if is_gone(error):
            response = _page(request, 503, kind.default_code, str(kind.default_detail))
            response["Retry-After"] = str(RETRY_AFTER_S)
            return response
    message = gettext("Something went wrong on our side. It has been logged.")
    return _page(request, 500, "server_error", message)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token does not fit; the reason is for the log alone."""
    logger.warning("CSRF check failed: %s", reason)
    message = gettext("The form has expired. Go back, load the page again and send it once more.")
    return _page(request, 403, "csrf_failed", message)


def _page(request: HttpRequest, status: int, word: str, message: str) -> HttpResponse:
    if request.path.startswith(API_PREFIX):
        return JsonResponse(
            error_body(status, word, message),
            status=status,
            json_dumps_params={"ensure_ascii": False},
        )
    page = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>{status}</title><h1>{status}</h1><p>{message}</p><p><small>{guid}</small></p>"
    )
    return HttpResponse(
        page.format(status=status, message=escape(message), guid=escape(get_guid())),
        status=status,
    )
