"""Which request ids are taken over: all those that the edge passes on."""

import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "HTTP_X_REQUEST_ID"
# The edge's own rule (haproxy.cfg), so that both logs have the same name for a request.
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,128}")


def well_formed_request_id(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware that drops an id which is none; django_guid makes one then."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.META.get(HEADER)
        if given is not None and not WELL_FORMED.fullmatch(given):
            del request.META[HEADER]
        return get_response(request)

    return middleware
