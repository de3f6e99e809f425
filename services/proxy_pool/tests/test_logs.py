"""The log is JSON, and what is said while a request is answered has the request's id."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from proxypool.api.request_id import RequestId
from proxypool.logs import JsonLines
from starlette.types import Message, Receive, Scope, Send

log = logging.getLogger("a.part")


class Lines(logging.Handler):
    """The lines that were logged."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.objects: list[dict[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        assert "\n" not in line
        self.objects.append(json.loads(line))


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)


def test_a_line_says_when_how_bad_who_and_what(lines: Lines) -> None:
    log.warning("%s of 路飞", 'a "word"')
    [line] = lines.objects
    assert (line["level"], line["logger"], line["message"]) == (
        "warning", "a.part", 'a "word" of 路飞'
    )  # fmt: skip
    assert line["time"].endswith("Z")
    assert "request_id" not in line


def test_an_exception_stays_in_its_line(lines: Lines) -> None:
    try:
        raise OSError("no such device")
    except OSError:
        log.exception("it broke")
    [line] = lines.objects
    assert line["exception"].endswith("OSError: no such device")
    assert line["exception"].startswith("Traceback")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.01)
    log.info("answering")


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def nowhere(_: Message) -> None:
    pass


async def ask(*ids: bytes) -> None:
    headers = [(b"x-request-id", one) for one in ids]
    await RequestId(app)({"type": "http", "headers": headers}, nothing, nowhere)


async def test_two_requests_at_once_keep_their_ids(lines: Lines) -> None:
    await asyncio.gather(ask(b"request-1"), ask(b"request-2"), ask())
    assert sorted(line.get("request_id", "") for line in lines.objects) == [
        "", "request-1", "request-2"
    ]  # fmt: skip


@pytest.mark.parametrize("bad", [b"short", b"a" * 129, b"with space", b"\xff" * 8, b""])
async def test_what_is_no_request_id_is_not_taken_over(lines: Lines, bad: bytes) -> None:
    await ask(bad)
    assert "request_id" not in lines.objects[0]


def test_a_process_logs_json_alone() -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import logging, types; from proxypool.logs import start_log; "
            "start_log(types.SimpleNamespace(log_level='INFO')); "
            "logging.getLogger('uvicorn.error').info('started'); logging.getLogger().debug('no')",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = [json.loads(text) for text in ended.stderr.splitlines()]
    assert (line["logger"], line["message"]) == ("uvicorn.error", "started")
