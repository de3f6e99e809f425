"""Services of others: every failure has a name, every wait an end, and no secret a log line."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from luffy.environment import SmsSettings
from luffy.outside.circuit import Circuit
from luffy.outside.client import OutsideClient
from luffy.outside.failures import (
    BadAnswerError,
    CircuitOpenError,
    NoAnswerError,
    NotReachedError,
    OutsideError,
    RefusedError,
)
from luffy.outside.sms import send_code, signature
from tests.sms_provider import SmsProvider

SECRET = "hunter2-of-the-test"


def client(**options: Any) -> OutsideClient:
    usual: dict[str, Any] = {"circuit": Circuit(100, 60), "read_timeout_s": 0.5, "backoff_s": 0.01}
    return OutsideClient("test", **(usual | options))


class Web:
    """A server whose answers the test decides, by number."""

    def __init__(self) -> None:
        self.answers: list[Callable[[BaseHTTPRequestHandler], None]] = []
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                web.asked.append(f"{self.command} {self.path}")
                number = min(len(web.asked), len(web.answers)) - 1
                web.answers[number](self)

            do_GET = do_POST = answer  # noqa: N815 - their names there

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Nothing: callers that hang up are what some tests are about."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/path"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.server.shutdown()
    web.server.server_close()


def status(code: int, body: bytes = b"ok", **headers: str) -> Any:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def go_on(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    """Send it again and again, for longer than anybody waits."""
    for _piece in range(60):
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(0.1)


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    go_on(handler, b".")


def drip_the_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    go_on(handler, b".")


def drip_chunks(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    go_on(handler, b"1\r\n.\r\n")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_get_is_repeated_until_it_is_answered(web: Web) -> None:
    web.answers = [status(503), hang_up, status(200, b"at last")]
    answer = client(tries=3).call("GET", web.url, {"a": "b c"})
    assert (answer.status, answer.body) == (200, b"at last")
    assert web.asked == ["GET /path?a=b+c"] * 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(503), BadAnswerError),
        (status(302, Location="http://127.0.0.1:9/"), BadAnswerError),
        (hang_up, NoAnswerError),
        (silence, NoAnswerError),
        (drip, NoAnswerError),
        (drip_the_head, NoAnswerError),
        (drip_chunks, NoAnswerError),
        (status(200, b"x" * 2000), BadAnswerError),
        (lambda handler: handler.wfile.write(b"not HTTP\r\n\r\n"), OutsideError),
    ],
    ids=[
        *("503", "redirection", "hang-up", "silence", "drip", "drip-head", "drip-chunks"),
        *("too-long", "not-http"),
    ],
)
def test_a_post_that_may_have_been_done_is_sent_once(web: Web, answer: Any, error: Any) -> None:
    web.answers = [answer]
    began = time.monotonic()
    with pytest.raises(error):
        client(tries=3, most_bytes=1000, connect_timeout_s=0.5).call("POST", web.url, {"a": "b"})
    assert time.monotonic() - began < 2
    assert web.asked == ["POST /path"]


def test_a_post_that_never_connected_is_repeated() -> None:
    circuit = Circuit(100, 60)
    with pytest.raises(NotReachedError):
        client(tries=3, circuit=circuit).call("POST", f"http://127.0.0.1:{closed_port()}/")
    assert circuit._failed == 3


def test_a_name_that_nobody_has_is_not_reached() -> None:
    with pytest.raises(NotReachedError):
        client(tries=1).call("POST", "http://nobody.invalid/")


def test_a_refusal_is_an_answer(web: Web) -> None:
    web.answers = [status(400, b"no")]
    assert client().call("POST", web.url).status == 400


def test_the_circuit_opens_after_failures_in_a_row_and_tries_one_later(web: Web) -> None:
    web.answers = [status(503), status(200), status(503), status(503), status(503), status(200)]
    calls = client(tries=1, circuit=Circuit(2, 0.3))
    for error in (BadAnswerError, None, BadAnswerError, BadAnswerError, CircuitOpenError):
        if error is None:
            calls.call("POST", web.url)
            continue
        with pytest.raises(error):
            calls.call("POST", web.url)
    assert len(web.asked) == 4, "an open circuit asks nobody"
    time.sleep(0.35)
    with pytest.raises(BadAnswerError):
        calls.call("POST", web.url)
    with pytest.raises(CircuitOpenError):
        calls.call("POST", web.url)
    assert calls.circuit.failing
    time.sleep(0.35)
    assert not calls.circuit.failing, "a failure of long ago says nothing of now"
    assert calls.call("POST", web.url).status == 200
    assert calls.call("POST", web.url).status == 200
    assert not calls.circuit.failing


@pytest.mark.parametrize("answer", [drip, drip_the_head])
def test_an_answer_that_drips_is_a_failure_for_the_circuit(web: Web, answer: Any) -> None:
    web.answers = [answer]
    calls = client(tries=1, circuit=Circuit(1, 60))
    for error in (NoAnswerError, CircuitOpenError):
        with pytest.raises(error):
            calls.call("GET", web.url)
    assert len(web.asked) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_that_was_sent_is_in_the_log(
    web: Web, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="luffy")
    web.answers = [status(200), hang_up, status(500)]
    form = {"AccessKeySecret": SECRET, "PhoneNumbers": "13800000001"}
    client(tries=1).call(method, web.url, form)
    for url in (web.url, web.url, f"http://127.0.0.1:{closed_port()}/"):
        with pytest.raises(OutsideError) as failure:
            client(tries=1).call(method, url, form)
        assert failure.value.__cause__ is None
        assert failure.value.__suppress_context__ or failure.value.__context__ is None
        assert SECRET not in str(failure.value)
    logged = json.dumps(
        [{**record.__dict__, "args": str(record.args)} for record in caplog.records], default=str
    )
    assert "luffy.outside.client" in logged
    assert SECRET not in logged
    assert "13800000001" not in logged


# --- the SMS provider -----------------------------------------------------------------------------


def test_a_signature_is_that_of_the_documentations_example() -> None:
    # https://www.alibabacloud.com/help/en/ecs/developer-reference/signature-method
    parameters = {
        "TimeStamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    parameters["Timestamp"] = parameters.pop("TimeStamp")
    assert signature("GET", parameters, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_a_code_is_texted(sms: SmsProvider, settings: Any) -> None:
    send(settings.SMS)
    assert sms.inbox == [("13800000001", "012345")]


def send(settings: SmsSettings) -> None:
    send_code(settings, "13800000001", "012345")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, b'{"Code": "isv.BUSINESS_LIMIT_CONTROL"}'), RefusedError),
        ((200, b'{"Code": "isv.AMOUNT_NOT_ENOUGH"}'), BadAnswerError),
        ((403, b'{"Code": "SignatureDoesNotMatch"}'), BadAnswerError),
        ((200, b'{"Code": ["x"]}'), BadAnswerError),
        ((200, b"[]"), BadAnswerError),
        ((200, b"<html>"), BadAnswerError),
        ((200, b"\xff"), BadAnswerError),
        ((500, b'{"Code": "OK"}'), BadAnswerError),
    ],
)
def test_what_the_provider_answers_is_told_apart(
    sms: SmsProvider, settings: Any, answer: tuple[int, bytes], error: Any
) -> None:
    sms.answer = answer
    with pytest.raises(error):
        send(settings.SMS)


def test_an_account_that_is_refused_again_and_again_opens_the_circuit(
    sms: SmsProvider, settings: Any
) -> None:
    sms.answer = (403, b'{"Code": "InvalidAccessKeyId.NotFound"}')
    for error in (BadAnswerError, BadAnswerError, BadAnswerError, CircuitOpenError):
        with pytest.raises(error):
            send(settings.SMS)
    assert sms.asked == 3


def test_phones_that_are_refused_open_no_circuit(sms: SmsProvider, settings: Any) -> None:
    sms.answer = (200, b'{"Code": "isv.MOBILE_NUMBER_ILLEGAL"}')
    for _number in range(5):
        with pytest.raises(RefusedError):
            send(settings.SMS)


def test_a_wrong_secret_is_refused_by_the_provider(sms: SmsProvider, settings: Any) -> None:
    good = settings.SMS
    bad = SmsSettings(good.url, good.access_key_id, "wrong", good.sign_name, good.template_code)
    with pytest.raises(BadAnswerError, match="SignatureDoesNotMatch"):
        send(bad)
    assert sms.inbox == []
