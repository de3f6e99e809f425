"""Services are told by the edge who is asking; what a caller says of itself is dropped."""

from __future__ import annotations

import re

import pytest
from conftest import Edge, Network, StartEdge

LIES = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X_Forwarded_For": "127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1",
    "True-Client-IP": "127.0.0.1",
    "X-Original-URL": "/admin/",
    "Proxy": "http://evil.example",
}


def values(edge: Edge, name: str, response_headers: list[tuple[str, str]]) -> list[str]:
    """All values of that header."""
    return [value for found, value in response_headers if found.lower() == name.lower()]


@pytest.mark.parametrize("port", [8080, 8000, 5010])
def test_what_a_caller_says_of_itself_is_replaced(public_edge: Edge, port: int) -> None:
    arrived = public_edge.arrived(public_edge.get(port, headers=LIES))
    caller = public_edge.network.gateway
    assert values(public_edge, "X-Forwarded-For", arrived) == [caller]
    assert values(public_edge, "X-Real-IP", arrived) == [caller]
    assert values(public_edge, "X-Forwarded-Proto", arrived) == ["http"]
    names = {name.lower() for name, _ in arrived}
    assert not names & {
        *("x-forwarded-host", "x-forwarded-port", "x_forwarded_for", "forwarded"),
        *("true-client-ip", "x-original-url", "proxy"),
    }


def test_two_lines_of_the_same_lie_are_both_replaced(public_edge: Edge) -> None:
    answer = public_edge.send(
        8080,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n"
        b"X-Forwarded-For: 127.0.0.1, 127.0.0.1\r\nConnection: close\r\n\r\n",
    )
    assert answer.lower().count(b"x-forwarded-for") == 1
    assert b"127.0.0.1" not in answer


def test_this_host_is_local_while_the_edge_binds_loopback(edge: Edge) -> None:
    """The gateway can only be this host then."""
    arrived = edge.arrived(edge.get(5010, "/pop/"))
    assert values(edge, "X-Forwarded-For", arrived) == ["127.0.0.1"]


@pytest.mark.parametrize("bind", ["::1", "localhost", "127.8.0.1"])
def test_every_spelling_of_loopback_counts(start: StartEdge, bind: str) -> None:
    edge = start(edge_bind_address=bind, demo_world=False)
    edge.wait_for(lambda: edge.get(5010).status_code == 200, "the services are found")
    assert values(edge, "X-Forwarded-For", edge.arrived(edge.get(5010))) == ["127.0.0.1"]


def test_this_host_is_not_trusted_while_the_edge_binds_every_address(public_edge: Edge) -> None:
    arrived = public_edge.arrived(public_edge.get(5010, "/pop/"))
    assert values(public_edge, "X-Forwarded-For", arrived) == [public_edge.network.gateway]


def test_container_is_never_local(edge: Edge, network: Network) -> None:
    request = r"GET /pop/ HTTP/1.0\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n"
    printed = network.ask_from_container(edge.address, 5010, request)
    own = printed.split("\n")[0].strip()
    assert f"x-forwarded-for: {own}%0D%0A" in printed, printed


def test_request_id_is_kept_where_it_is_one(edge: Edge) -> None:
    given = "01J-abc.DEF_123"
    response = edge.get(8000, headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] == given
    assert values(edge, "X-Request-ID", edge.arrived(response)) == [given]


@pytest.mark.parametrize("given", [None, "short", "a" * 200, 'inject"},{"a":"b', "two words here"])
def test_request_id_is_made_where_there_is_none(edge: Edge, given: str | None) -> None:
    response = edge.get(8000, headers={"X-Request-ID": given} if given else {})
    made = response.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made), made
    assert values(edge, "X-Request-ID", edge.arrived(response)) == [made]


def test_refusals_have_a_request_id_too(edge: Edge) -> None:
    response = edge.get(8080, headers={"Host": "evil.example"})
    assert response.status_code == 421
    assert response.headers["x-request-id"]
