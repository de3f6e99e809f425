"""Counts and times requests, by route."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shortlink import metrics


class Meter:
    """Middleware; says nothing of what a request asks for but the route."""

    def __init__(self, app: ASGIApp, route_of: Callable[[Scope], str]) -> None:
        self._app = app
        self._route_of = route_of
        # Finding a metric by its labels costs more than counting; there are few of them.
        self._counting: dict[tuple[str, int], Callable[[], None]] = {}
        self._timing: dict[str, Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # what the server answers where the application raises

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(self._route_of(scope), status, time.perf_counter() - began)

    def _note(self, route: str, status: int, seconds: float) -> None:
        count = self._counting.get((route, status))
        if count is None:
            count = metrics.requests.labels(route, str(status)).inc
            self._counting[route, status] = count
        count()
        observe = self._timing.get(route)
        if observe is None:
            observe = self._timing[route] = metrics.durations.labels(route).observe
        observe(seconds)
