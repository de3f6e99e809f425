"""How long a request's body may be."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shortlink.api.errors import RefusedError
from shortlink.problems import Problem


class BodyLimit:
    """Refuses bodies that are longer than `limit` bytes, without reading them whole."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                problem = Problem("body", f"at most {self._limit} bytes", "more", "send less")
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                # What is left of it is not read: the connection cannot be used again.
                raise RefusedError(problem, status, {"Connection": "close"})
            return message

        await self._app(scope, limited, send)
