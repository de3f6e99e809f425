"""/check/ says who is asking, and shows the request's headers as they came."""

from __future__ import annotations

import json
import socket

import pytest
import requests
from conftest import Edge, Network, docker

HEAD = b"Host: check.test:8001\r\n"


def body_of(answer: bytes) -> bytes:
    """The body of a raw answer that says 200."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), answer
    return body


def test_plain_answer_is_the_callers_address(edge: Edge, network: Network) -> None:
    response = edge.get(8001, "/check/")
    assert response.text == f"{network.gateway}\n"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


def test_container_is_seen_by_its_own_address(edge: Edge, network: Network) -> None:
    request = r"GET /check/ HTTP/1.0\r\nHost: check.test\r\n\r\n"
    printed = network.ask_from_container("check.test", 8001, request).split("\n")
    own, seen = printed[0].strip(), printed[-2]
    assert own.count(".") == 3
    assert seen == own, printed


def test_this_host_is_seen_as_the_gateway(edge: Edge, network: Network) -> None:
    port = docker("port", edge.name, "8001/tcp").stdout.strip().rpartition(":")[2]
    response = requests.get(f"http://127.0.0.1:{port}/check/", timeout=10)
    assert response.text == f"{network.gateway}\n"


def test_json_has_headers_in_their_order(edge: Edge, network: Network) -> None:
    answer = edge.send(
        8001,
        b"GET /check/?format=json HTTP/1.1\r\nX-Zeta:  2 \r\n" + HEAD + b"VIA: 1.1 someone\r\n"
        b"x-zeta: 1\r\nProxy-Connection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\n"
        b"User-Agent: test\r\nAccept:\r\nConnection: close\r\n\r\n",
    )
    assert json.loads(body_of(answer)) == {
        "ip": network.gateway,
        "headers": [
            ["x-zeta", "2"],
            ["host", "check.test:8001"],
            ["via", "1.1 someone"],
            ["x-zeta", "1"],
            ["proxy-connection", "keep-alive"],
            ["x-forwarded-for", "1.2.3.4"],
            ["user-agent", "test"],
            ["accept", ""],
        ],
    }
    assert b"content-type: application/json" in answer


def test_json_of_a_head_that_comes_in_pieces(edge: Edge) -> None:
    pieces = (b"GET /check/?format=json HTTP/1.1\r\nHo", b"st: edge\r\nVi", b"a: x\r\n\r", b"\n")
    answer = edge.send(8001, *pieces, pause_s=0.2)
    assert json.loads(body_of(answer))["headers"] == [["host", "edge"], ["via", "x"]]


def test_json_escapes_what_json_cannot_hold(edge: Edge) -> None:
    value = b'quote " backslash \\ tab \t latin \xe9 </script>'
    answer = edge.send(
        8001, b"GET /check/?format=json HTTP/1.1\r\n" + HEAD + b"X-Odd: " + value + b"\r\n\r\n"
    )
    body = body_of(answer)
    assert body.isascii()
    assert json.loads(body)["headers"][1] == ["x-odd", value.decode("latin-1")]


def test_json_longer_than_a_buffer_is_whole(edge: Edge) -> None:
    value = b"\xff" * 7000
    request = b"GET /check/?format=json HTTP/1.1\r\n" + HEAD + b"X-Long: " + value + b"\r\n\r\n"
    body = body_of(edge.send(8001, request))
    assert len(body) > 42_000
    assert json.loads(body)["headers"][1][1] == value.decode("latin-1")


def test_each_request_of_a_connection_gets_its_own_answer(edge: Edge) -> None:
    first = b"GET /check/?format=json HTTP/1.1\r\n" + HEAD + b"X-Number: 1\r\n\r\n"
    second = first.replace(b"X-Number: 1", b"X-Number: 2\r\nConnection: close")
    _, one, two = edge.send(8001, first + second).split(b"HTTP/1.1 200")
    assert b'["x-number", "1"]' in one
    assert b'["x-number", "2"]' in two
    assert b'"1"' not in two


def test_caller_that_closes_its_side_still_gets_the_answer(edge: Edge) -> None:
    for _ in range(50):
        with socket.create_connection((edge.address, 8001), timeout=5) as connection:
            connection.sendall(b"GET /check/ HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_absolute_form_is_understood(edge: Edge, network: Network) -> None:
    """A proxy may pass the request line on as it got it (RFC 9112, section 3.2.2)."""
    answer = edge.send(8001, b"GET http://check.test:8001/check/ HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert body_of(answer).decode() == f"{network.gateway}\n"


@pytest.mark.parametrize("path", ["/check/", "/check/?format=json"])
def test_head_has_no_body(edge: Edge, path: str) -> None:
    response = edge.request("HEAD", 8001, path)
    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(edge: Edge, method: str) -> None:
    assert edge.request(method, 8001, "/check/").status_code == 405


@pytest.mark.parametrize(
    ("path", "target"), [("/check", "/check/"), ("/check?format=json", "/check/?format=json")]
)
def test_missing_slash_is_added(edge: Edge, path: str, target: str) -> None:
    response = edge.get(8001, path)
    assert response.status_code == 301
    assert response.headers["location"] == target


@pytest.mark.parametrize("path", ["/", "/check/more", "/admin/", "/api/v1/"])
def test_there_is_nothing_else(edge: Edge, path: str) -> None:
    assert edge.get(8001, path).status_code == 404


@pytest.mark.parametrize("host", ["check.test", "check.test:8001", "edge", "localhost", "EDGE"])
def test_names_by_which_it_answers(edge: Edge, host: str) -> None:
    assert edge.get(8001, "/check/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "check.test.evil.example", "10.0.0.1", ""])
def test_names_by_which_it_does_not(edge: Edge, host: str) -> None:
    assert edge.get(8001, "/check/", headers={"Host": host}).status_code == 421


def test_proxy_protocol_announces_another_caller(edge: Edge) -> None:
    request = b"GET /check/ HTTP/1.1\r\n" + HEAD + b"\r\n"
    announced = b"PROXY TCP4 203.0.113.7 198.51.100.1 4000 8101\r\n"
    assert body_of(edge.send(8101, announced + request)) == b"203.0.113.7\n"
    announced = b"PROXY TCP6 2001:db8::7 2001:db8::1 4000 8101\r\n"
    assert body_of(edge.send(8101, announced + request)) == b"2001:db8::7\n"
    as_json = request.replace(b"/check/", b"/check/?format=json")
    assert json.loads(body_of(edge.send(8101, announced + as_json)))["ip"] == "2001:db8::7"


def test_proxy_listener_answers_nobody_who_does_not_announce(edge: Edge) -> None:
    assert edge.send(8101, b"GET /check/ HTTP/1.1\r\n" + HEAD + b"\r\n") == b""


def test_judge_does_not_believe_an_announcement(edge: Edge) -> None:
    announced = b"PROXY TCP4 203.0.113.7 198.51.100.1 4000 8001\r\n"
    answer = edge.send(8001, announced + b"GET /check/ HTTP/1.1\r\n" + HEAD + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b"203.0.113.7" not in answer


@pytest.mark.parametrize("port", [8009, 8010, 8011, 8101, 20000, 20003])
def test_demo_world_is_closed_in_production(public_edge: Edge, port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        public_edge.send(port, b"")
