"""`/CODE` and `/CODE.svg`: what visitors ask for."""

import time
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from shortlink.api.errors import error_response, too_many
from shortlink.cache import GONE, NONE, Target
from shortlink.codes import is_code
from shortlink.limits import Limit
from shortlink.problems import Problem
from shortlink.qr import svg
from shortlink.service import Service

_WINDOW_S = 60
# Each click is to be counted, and a link's end or its new URL to hold at once: nobody keeps it. The
# 302 says that the short URL is the one to be used again.
_REDIRECT_HEADERS = {"Cache-Control": "no-store"}
_QR_HEADERS = {
    # The picture of a code never changes.
    "Cache-Control": "public, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}
_PURPOSES = (b"purpose", b"sec-purpose")
"""Headers by which browsers tell that nobody has clicked yet."""


class Redirects:
    """Answers for codes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._unknown = Limit("unknown", service.settings.unknown_limit, _WINDOW_S)

    async def redirect(self, request: Request) -> Response:
        """302 to the long URL; 404 for what is no code, 410 for one that was."""
        code: str = request.path_params["code"]
        found = await self._target(request, code)
        if isinstance(found, Response):
            return found
        if request.method == "GET":
            self._count(request.scope, found.id)
        return Response(None, HTTPStatus.FOUND, {"Location": found.url, **_REDIRECT_HEADERS})

    async def qr(self, request: Request) -> Response:
        """The short URL as a QR code; it counts no click."""
        code: str = request.path_params["code"]
        found = await self._target(request, code)
        if isinstance(found, Response):
            return found
        picture = svg(self._service.short_url(code))
        return Response(picture, HTTPStatus.OK, _QR_HEADERS, "image/svg+xml")

    def _count(self, scope: Scope, link: int) -> None:
        referrer = b""
        for name, value in scope["headers"]:
            if name == b"referer":
                referrer = value
            elif name in _PURPOSES and b"prefetch" in value:
                return
        self._service.clicks.note(link, referrer.decode("latin-1"))

    async def _target(self, request: Request, code: str) -> Target | Response:
        """Raises DatabaseAwayError, and RefusedError for callers that try code after code."""
        if not is_code(code):
            return _no_code(code)
        found = await self._service.lookup.kept(code)
        if found is None:
            # Each guess is another code: what keeps them from MariaDB is who asks.
            self._refuse(await self._service.limits.wait_s(self._unknown, self._caller(request)))
            found = await self._service.lookup.read(code)
        if found is NONE:
            self._refuse(await self._service.limits.take(self._unknown, self._caller(request)))
            return _no_code(code)
        if found is GONE or 0 < found.ends <= time.time():
            what = "one that was deleted" if found is GONE else "one whose time is over"
            problem = Problem("code", "a link that lives", what, "ask whoever gave you the link")
            return error_response(HTTPStatus.GONE, problem)
        return found

    def _caller(self, request: Request) -> str:
        return self._service.callers.of(request.scope)

    def _refuse(self, wait_s: int) -> None:
        if wait_s:
            raise too_many("codes that are none", self._unknown, wait_s)


def _no_code(code: str) -> Response:
    problem = Problem("code", "the code of a link", ascii(code[:40]), "look at its letters again")
    return error_response(HTTPStatus.NOT_FOUND, problem)
