"""Answers of the gateway's own: short JSON that says what was expected, found, and what to do."""

import json
from collections.abc import Sequence
from http import HTTPStatus

from proxypool.gateway.route import Failure
from proxypool.problems import Problem

REALM = "proxypool"


def answer(
    status: int,
    problem: Problem,
    *,
    close: bool,
    with_body: bool = True,
    headers: Sequence[str] = (),
    attempts: Sequence[Failure] = (),
) -> bytes:
    """A whole answer. `with_body` is false for HEAD."""
    content: dict[str, object] = {
        "code": status,
        "src": HTTPStatus(status).phrase.lower(),
        "name": problem.name,
        "expected": problem.expected,
        "found": problem.found,
        "what_to_do": problem.advice,
    }
    if attempts:
        content["attempts"] = [
            {"upstream": one.upstream, "protocol": one.protocol, "reason": one.reason}
            for one in attempts
        ]
    body = json.dumps(content).encode() + b"\n"
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Connection: {'close' if close else 'keep-alive'}",
        *headers,
    ]
    head = "\r\n".join(lines).encode("ascii") + b"\r\n\r\n"
    return head + body if with_body else head
