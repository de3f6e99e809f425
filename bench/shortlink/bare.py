"""The bare framework: one route that redirects, in FastAPI on uvicorn, as the service is served.

bare.py PORT WORKERS
"""

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import RedirectResponse

app = FastAPI(openapi_url=None)


@app.get("/readyz")
async def ready() -> dict[str, str]:
    """It answers."""
    return {"status": "ok"}


@app.get("/{code}")
async def redirect(code: str) -> RedirectResponse:
    """To the same page, whatever is asked for: it looks nothing up and counts nothing."""
    return RedirectResponse("https://example.org/courses/7?from=poster", 302)


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
