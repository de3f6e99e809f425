"""The application that gunicorn serves in the experiment on servers: two ways to be busy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

WAIT_S = 0.05


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]
) -> Iterable[bytes]:
    """/wait waits as for a service of others; /compute computes for some milliseconds."""
    if environ["PATH_INFO"] == "/wait":
        time.sleep(WAIT_S)
    elif environ["PATH_INFO"] == "/compute":
        sum(number * number for number in range(150_000))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
