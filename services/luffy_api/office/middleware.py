"""What every request to the administration goes through."""

from collections.abc import Callable

from auditlog.context import disable_auditlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from luffy.caller import UNKNOWN, caller_address
from office.audit import watching

PREFIX = "/admin/"

# From this site alone: scripts, styles, fonts, pictures, and where forms go. The theme's scripts
# (Alpine) evaluate expressions that stand in its templates, and its templates hold styles; nothing
# that a visitor or an editor wrote is ever put there as HTML.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

Handler = Callable[[HttpRequest], HttpResponseBase]


def content_security(get_response: Handler) -> Handler:
    """Middleware: a browser asks no other host for anything on a page of the administration."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path.startswith(PREFIX):
            response["Content-Security-Policy"] = POLICY
            response["Referrer-Policy"] = "same-origin"
        return response

    return middleware


def audit_trail(get_response: Handler) -> Handler:
    """Middleware: what is changed in the administration is written down with who did it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(PREFIX):
            # Not even asked for the row as it was before each save.
            with disable_auditlog():
                return get_response(request)
        address = caller_address(request)
        actor = request.user if request.user.is_authenticated else None
        with watching(actor, None if address == UNKNOWN else address):
            return get_response(request)

    return middleware
