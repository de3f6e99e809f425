"""The gateway's address passes bytes on as they are, and announces the caller by PROXY protocol."""

from __future__ import annotations

import contextlib
import socket
import time
from urllib.parse import unquote

import pytest
import requests
from conftest import Edge, StartEdge

GET = b"GET http://somewhere.example/ HTTP/1.1\r\nHost: somewhere.example\r\n"


def announced(edge: Edge) -> str:
    """Whom the edge announces to the gateway for a connection from here."""
    answer = unquote(edge.send(5011, GET + b"Connection: close\r\n\r\n").decode()).lower()
    assert answer.startswith("http/1.1 200 "), answer
    return answer.partition("x-announced: ")[2].split("\r\n")[0]


def wait_for_the_gateway(edge: Edge) -> None:
    edge.wait_for(
        lambda: edge.send(5011, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 "),
        "the gateway is found",
    )


def test_this_host_is_local_while_the_edge_binds_loopback(edge: Edge) -> None:
    wait_for_the_gateway(edge)
    assert announced(edge) == "127.0.0.1"


def test_another_machine_is_announced_by_its_address(public_edge: Edge) -> None:
    wait_for_the_gateway(public_edge)
    assert announced(public_edge) == public_edge.network.gateway


def test_a_container_is_announced_by_its_own(edge: Edge) -> None:
    wait_for_the_gateway(edge)
    request = r"GET http://a.example/ HTTP/1.0\r\nHost: a.example\r\n\r\n"
    printed = edge.network.ask_from_container(edge.address, 5011, request)
    assert f"x-announced: {printed.split()[0]}\r\n" in unquote(printed).lower()


def test_a_callers_own_announcement_is_not_believed(public_edge: Edge) -> None:
    """It arrives behind the edge's, as the first bytes of what the caller says."""
    wait_for_the_gateway(public_edge)
    lie = b"PROXY TCP4 127.0.0.1 127.0.0.1 4000 5011\r\n"
    answer = public_edge.send(5011, lie + GET + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 "), answer


def test_what_is_said_arrives_untouched(edge: Edge) -> None:
    wait_for_the_gateway(edge)
    head = GET + b"Host-Of-Nobody: x\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: close\r\n\r\n"
    body = unquote(edge.send(5011, head).partition(b"\r\n\r\n")[2].decode()).lower()
    assert "\nhost: somewhere.example\r\nhost-of-nobody: x\r\nx-forwarded-for: 9.9.9.9\r\n" in body


def test_too_many_connections_from_one_address(start: StartEdge) -> None:
    edge = start(edge_bind_address="0.0.0.0", demo_world=False, edge_source_max_connections=10)
    wait_for_the_gateway(edge)
    held: list[socket.socket] = []

    def refused() -> bool:
        # One more each time: while the connection before them still counts, one of the first ten
        # is itself refused, and may be so within connect.
        with contextlib.suppress(ConnectionResetError):
            held.append(socket.create_connection((edge.address, 5011), timeout=5))
        return len(held) >= 10 and edge.send(5011, GET + b"Connection: close\r\n\r\n") == b""

    try:
        edge.wait_for(refused, "it is refused")
    finally:
        for connection in held:
            connection.close()
    wait_for_the_gateway(edge)


def test_a_quiet_tunnel_outlives_the_limits_of_requests(edge: Edge) -> None:
    """`edge_request_timeout_s` is 3 s in these tests; a tunnel may be silent for much longer."""
    wait_for_the_gateway(edge)
    with socket.create_connection((edge.address, 5011), timeout=15) as connection:
        connection.sendall(GET)
        time.sleep(4)
        connection.sendall(b"Connection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_its_connections_are_logged(edge: Edge) -> None:
    wait_for_the_gateway(edge)
    edge.send(5011, GET + b"Connection: close\r\n\r\n")
    edge.wait_for(lambda: '"frontend":"gateway"' in edge.log().replace(" ", ""), "it is logged")
    assert "somewhere.example" not in edge.log()


@pytest.mark.parametrize("port", [5010])
def test_the_pools_api_is_not_the_gateway(edge: Edge, port: int) -> None:
    """An absolute address there is a request for an unknown host, never passed on."""
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get(
            "https://somewhere.example/",
            proxies={"https": f"http://{edge.address}:{port}"},
            timeout=15,
        )
