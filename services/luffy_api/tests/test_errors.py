"""Errors have one shape, a real status, and tell nothing of the inside."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError
from django.test import Client

Get = Callable[..., Any]


def test_an_unknown_address_of_the_api(api: Get) -> None:
    answer = api("course/nothing/")
    assert answer.status_code == 404
    body = answer.json()
    assert set(body) == {"code", "error", "msg", "request_id"}
    assert (body["code"], body["error"]) == (404, "not_found")


def test_an_unknown_address_elsewhere_is_a_page(client: Client) -> None:
    answer = client.get("/nothing/")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_messages_come_in_the_language_of_the_request(client: Client) -> None:
    path = "/api/v1/course/chapter/"
    english = client.get(path, headers={"Accept-Language": "en-GB"}).json()["msg"]
    chinese = client.get(path, headers={"Accept-Language": "zh-CN"}).json()["msg"]
    default = client.get(path).json()["msg"]
    assert english == "course_id: This parameter is required."
    assert chinese == default == "course_id: 缺少此参数。"


def test_an_unknown_host_is_refused(client: Client) -> None:
    answer = client.get("/api/v1/home/banner/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert answer.json()["error"] == "bad_request"
    assert "evil.example" not in answer.content.decode()


def test_the_request_id_is_in_the_answer_and_in_the_error(client: Client) -> None:
    given = "0123456789abcdef0123456789abcdef"
    answer = client.get("/api/v1/nothing/", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    assert answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["shop-42.retry_1", "a" * 128, "0" * 8])
def test_any_request_id_that_the_edge_passes_on_is_kept(client: Client, given: str) -> None:
    answer = client.get("/api/v1/nothing/", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ['x"} forged log line', "short", "a" * 129, "<b>12345678</b>"])
def test_a_request_id_that_is_none_is_replaced(client: Client, given: str) -> None:
    answer = client.get("/api/v1/nothing/", headers={"X-Request-ID": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize("code", [2002, 2006, 2013, 1040, 1927])
def test_a_database_out_of_reach_is_a_503(
    client: Client, monkeypatch: pytest.MonkeyPatch, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    def unreachable() -> Any:
        raise OperationalError(code, "Can't connect to server on 'mariadb' (111)")

    monkeypatch.setattr("home.views.banners", unreachable)
    answer = client.get("/api/v1/home/banner/", headers={"Accept-Language": "en"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["error"] == "database_unavailable"
    assert "mariadb" not in answer.content.decode()
    assert "the database is unavailable" in caplog.text


def test_a_fault_of_ours_is_a_500_with_its_traceback_in_the_log_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def faulty() -> Any:
        raise ProgrammingError(1146, "Table 'luffy.secret' doesn't exist")

    monkeypatch.setattr("home.views.banners", faulty)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/home/banner/", headers={"Accept-Language": "en"})
    assert answer.status_code == 500
    assert answer.json()["error"] == "server_error"
    assert "secret" not in answer.content.decode()
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info


def test_a_query_that_is_wrong_is_no_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faulty() -> Any:
        raise OperationalError(1054, "Unknown column")

    monkeypatch.setattr("home.views.banners", faulty)
    answer = Client(raise_request_exception=False).get("/api/v1/home/banner/")
    assert answer.status_code == 500


def test_a_log_line_is_json_with_the_request_id(client: Client) -> None:
    given = "fedcba9876543210fedcba9876543210"
    handler = logging.getLogger().handlers
    stream = next(entry for entry in handler if getattr(entry, "stream", None) is not None)
    lines: list[str] = []

    class Catcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for entry in stream.filters:
                entry.filter(record)  # type: ignore[union-attr]
            lines.append(stream.format(record))

    logger = logging.getLogger("luffy.access")
    catcher = Catcher()
    logger.addHandler(catcher)
    try:
        client.get("/api/v1/nothing/?token=hidden", headers={"X-Request-ID": given})
    finally:
        logger.removeHandler(catcher)
    line = json.loads(lines[0])
    assert line["request_id"] == given
    assert line["level"] == "info"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/nothing/", 404)
    assert line["duration_ms"] >= 0
    assert "hidden" not in lines[0]
