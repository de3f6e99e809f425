"""Which request a line of the log belongs to."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from proxypool.logs import request_id

# The edge's own rule: what it passes on is always of this form.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,128}")


class RequestId:
    """Middleware: what is logged while a request is answered has the id that came with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the id in the context."""
        if scope["type"] == "http":
            given = next(
                (value for name, value in scope["headers"] if name == b"x-request-id"), b""
            )
            request_id.set(given.decode() if _WELL_FORMED.fullmatch(given) else "")
        await self._app(scope, receive, send)
