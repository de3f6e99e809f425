"""Counts the queries of each case by Django's own test client, with its cache filled and emptied.

    with_django.py queries

Reads /shared/requests.json; prints one JSON object: for each case the queries of a request that
finds its answer in the cache, and of one that does not. Writes a page of courses into
/shared/page.json.
"""

import json
from pathlib import Path
from typing import Any

from course.reads import course_reads
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

SHARED = Path("/shared")


def ask(client: Client, request: dict[str, Any]) -> Any:
    """One request; its answer. Raises RuntimeError where it is not a good one."""
    headers = {"Accept-Language": "en"}
    if "token" in request:
        headers["Authorization"] = f"Bearer {request['token']}"
    answer = client.generic(
        request["method"],
        request["path"],
        request.get("body", ""),
        content_type="application/json",
        headers=headers,
    )
    if answer.status_code != 200:
        raise RuntimeError(f"{request['path']}: {answer.status_code} {answer.content[:500]!r}")
    return answer


def main() -> None:
    """Count."""
    client = Client(HTTP_HOST="127.0.0.1")
    cases = json.loads((SHARED / "requests.json").read_text())
    found = {}
    for name, requests in cases.items():
        course_reads.invalidate()
        counts = []
        # The last ones: the first are for the measurement, and an order is placed once.
        for request in requests[-2:] if len(requests) > 1 else requests * 2:
            again = request if "token" in request else requests[-1]
            with CaptureQueriesContext(connection) as queries:
                answer = ask(client, again)
            counts.append(len(queries))
        found[name] = {"cold": counts[0], "warm": counts[1]}
        if name == "list":
            (SHARED / "page.json").write_bytes(answer.content)
    print(json.dumps(found))
