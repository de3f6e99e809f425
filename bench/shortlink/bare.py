"""The bare framework: one route that redirects, in Starlette on uvicorn, as the service's own is.

bare.py PORT WORKERS
"""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_HEADERS = {
    "Location": "https://example.org/courses/7?from=poster",
    "Cache-Control": "no-store",
}


async def ready(_: Request) -> Response:
    """It answers."""
    return JSONResponse({"status": "ok"})


async def redirect(_: Request) -> Response:
    """To the same page, whatever is asked for: it looks nothing up and counts nothing."""
    return Response(None, 302, _HEADERS)


app = Starlette(routes=[Route("/readyz", ready), Route("/{code}", redirect)])


if __name__ == "__main__":
    sys.path.insert(0, "/bench")
    uvicorn.run(
        "bare:app",
        host="127.0.0.1",
        port=int(sys.argv[1]),
        workers=int(sys.argv[2]),
        http="httptools",
        loop="uvloop",
        ws="none",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_level="warning",
    )
