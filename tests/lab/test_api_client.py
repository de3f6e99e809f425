"""Whatever an API answers, its client raises what it says that it raises."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from api_client import ApiError, ApiUnavailableError, Course, CourseApi

COURSE = '{"id": 1, "name": "Python", "price": "39.00"}'
DIGITS = "1" * 5000  # more than Python makes a number of
MALFORMED = [
    *("null", "[]", '"text"', "1", "{}", "NaN", "[" * 100_000, DIGITS, "\xff"),
    '{"id": null, "name": "x", "price": "1"}',
    '{"id": "x", "name": "x", "price": "1"}',
    '{"id": Infinity, "name": "x", "price": "1"}',
    '{"id": 1, "name": "x", "price": "cheap"}',
    '{"id": 1, "name": "x", "price": null}',
    '{"id": 1, "name": "x", "price": ["1"]}',
    '{"id": 1, "name": "x", "price": {}}',
    '{"results": null, "next": null}',
    '{"results": 1, "next": null}',
    '{"results": "x", "next": null}',
    '{"results": {"id": 1}, "next": null}',
    '{"results": [null], "next": null}',
    '{"results": [[]], "next": null}',
    '{"results": [{}], "next": null}',
    f'{{"results": [{COURSE}]}}',
]


class Api:
    """A server that gives one answer, whatever it is asked."""

    def __init__(self) -> None:
        self.status, self.body, self.location = 200, "", ""
        api = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = api.body.encode("latin-1")
                self.send_response(api.status)
                if api.location:
                    self.send_header("Location", api.location)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)


@pytest.fixture(scope="module")
def running() -> Iterator[Api]:
    api = Api()
    with api.server as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield api
        server.shutdown()
        thread.join()


@pytest.fixture
def api(running: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("NO_PROXY", "*")
    running.status, running.body, running.location = 200, "", ""
    return running


@pytest.fixture
def client(api: Api) -> Iterator[CourseApi]:
    with CourseApi(f"http://127.0.0.1:{api.server.server_port}/") as client:
        yield client


def test_what_is_well_formed_is_read(api: Api, client: CourseApi) -> None:
    api.body = COURSE
    course = client.course(1)
    assert (course.id, str(course.price)) == (1, "39.00")
    api.body = f'{{"results": [{COURSE}], "next": null}}'
    assert list(client.courses()) == [course]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: body[:40])
def test_a_malformed_answer_is_none(api: Api, client: CourseApi, body: str) -> None:
    api.body = body
    with pytest.raises(ApiUnavailableError):
        client.course(1)
    with pytest.raises(ApiUnavailableError):
        list(client.courses())


@pytest.mark.parametrize("body", ["null", "[]", '"text"', "1", "", "<html>"])
def test_a_refusal_that_is_no_object_is_none(api: Api, client: CourseApi, body: str) -> None:
    api.status, api.body = 404, body
    with pytest.raises(ApiUnavailableError):
        client.course(1)


def test_a_refusal_says_what_it_has_to_say(api: Api, client: CourseApi) -> None:
    api.status, api.body = 400, '{"error": "invalid", "msg": null}'
    with pytest.raises(ApiError, match=r"400 invalid: $") as refused:
        client.course(1)
    assert (refused.value.word, refused.value.request_id) == ("invalid", "")


@pytest.mark.parametrize("to", ["http://[::1/", "http:///x", "ftp://ftp.example/", "http://a:b/"])
def test_a_redirect_to_no_url_is_no_answer(api: Api, client: CourseApi, to: str) -> None:
    api.status, api.location = 302, to
    with pytest.raises(ApiUnavailableError):
        client.course(1)


def test_one_row_that_is_malformed_spoils_no_page_before_it(api: Api, client: CourseApi) -> None:
    api.body = f'{{"results": [{COURSE}], "next": "page 2"}}'
    courses = client.courses()
    assert isinstance(next(courses), Course)
    api.body = '{"results": [{"id": 1}], "next": null}'
    with pytest.raises(ApiUnavailableError, match="'name'"):
        next(courses)
