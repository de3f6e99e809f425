import json
import logging
from collections.abc import Iterator

import pytest
from shortlink.database import DatabaseAwayError
from shortlink.logs import JsonLines

from tests.conftest import Running


@pytest.fixture
def lines() -> Iterator[list[dict[str, str]]]:
    """What the service logs meanwhile."""
    kept: list[dict[str, str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(json.loads(JsonLines().format(record)))

    handler = Keep()
    logging.getLogger("shortlink").addHandler(handler)
    yield kept
    logging.getLogger("shortlink").removeHandler(handler)


@pytest.mark.parametrize(
    ("given", "logged"), [("abcdef-0123", "abcdef-0123"), ("x", None), ("a\tb" * 9, None)]
)
async def test_a_line_has_the_id_of_its_request(
    running: Running, lines: list[dict[str, str]], given: str, logged: str | None
) -> None:
    async def away(_: str) -> None:
        raise DatabaseAwayError("it is away")

    running.service.lookup.kept = away  # type: ignore[method-assign, assignment]
    answer = await running.client.get("/whatever", headers={"X-Request-Id": given})
    assert answer.status_code == 503
    assert [(line["level"], line.get("request_id")) for line in lines] == [("warning", logged)]


async def test_a_fault_of_ours_is_answered_as_one(running: Running) -> None:
    async def fail(_: str) -> None:
        raise RuntimeError("with a detail that is nobody's business")

    running.service.lookup.kept = fail  # type: ignore[method-assign, assignment]
    answer = await running.client.get("/whatever")
    assert answer.status_code == 500
    assert answer.json()["found"] == "a fault of ours"
    assert "detail" not in answer.text


def test_a_line_is_one_object() -> None:
    record = logging.LogRecord("shortlink", logging.INFO, "", 0, "two\nlines %s", ("课",), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines 课"
    assert json.loads(line)["level"] == "info"
