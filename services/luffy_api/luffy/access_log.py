"""A line in the log for each request, with its duration, its status and its request id; it is
counted, too."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from luffy import metrics
from luffy.caller import caller_address

logger = logging.getLogger("luffy.access")

# Asked every few seconds by the edge and by the container's health check.
UNLOGGED_PATHS = frozenset({"/healthz", "/readyz", metrics.PATH})


def access_log(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware that logs and counts what was asked and how it was answered, without the query's
    values."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = get_response(request)
        seconds = time.monotonic() - began
        if request.path not in UNLOGGED_PATHS:
            metrics.count(request, response.status_code, seconds)
        if request.path not in UNLOGGED_PATHS or response.status_code >= 500:
            logger.info(
                "%s %s %d",
                request.method,
                request.path,
                response.status_code,
                extra={
                    "method": request.method,
                    "path": request.path,
                    "status": response.status_code,
                    "duration_ms": round(seconds * 1000, 1),
                    "client": caller_address(request),
                },
            )
        return response

    return middleware
