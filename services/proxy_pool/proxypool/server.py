"""Runs the API on uvicorn."""

import uvicorn

from proxypool.api.app import build_app
from proxypool.api.connection import BoundedProtocol
from proxypool.settings import Settings

__all__ = ["build_app", "build_server"]


def build_server(settings: Settings) -> uvicorn.Server:
    """The server of the API, not yet started. Raises ConfigurationError as `build_app`."""
    return uvicorn.Server(
        uvicorn.Config(
            build_app(settings),
            host=settings.host,
            port=settings.port,
            http=BoundedProtocol,
            ws="none",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            log_config=None,
            timeout_graceful_shutdown=5,
            backlog=1024,
        )
    )
