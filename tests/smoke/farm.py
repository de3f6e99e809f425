"""What the demo world planted, as it tells it, and how its proxies are reached from here."""

from __future__ import annotations

import http.client
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import requests
from deployment import TIMEOUT_S, Deployment

JUDGE = "check.test"
JUDGE_PORT, JUDGE_TLS_PORT = 8001, 8444


@dataclass(frozen=True)
class Farm:
    """The planted proxies by their ports."""

    planted: dict[int, dict[str, Any]]

    def truth(self, proxy: str) -> dict[str, Any]:
        """What was planted at the port of a proxy that the pool names."""
        return self.planted[int(proxy.rpartition(":")[2])]

    @property
    def usable_exits(self) -> set[str]:
        """The addresses that destinations may see."""
        return {str(one["exit_ip"]) for one in self.planted.values() if one["usable"]}


def ask_farm(deployment: Deployment, http: requests.Session) -> Farm:
    """Ask the demo world what it planted."""
    answer = http.get(deployment.demo("/farm/"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return Farm({int(one["port"]): one for one in answer.json()["proxies"]})


def as_reached_from_here(deployment: Deployment, proxy: str) -> str:
    """`proxy` with the deployment's address for the farm's own.

    That one is of the deployment's inner network; the edge publishes its ports.
    """
    credentials, at, place = proxy.rpartition("@")
    return f"{credentials}{at}{deployment.url_host}:{place.rpartition(':')[2]}"


def judge_context(deployment: Deployment) -> ssl.SSLContext:
    """Verifies that the far end of a tunnel has the very certificate that the judge has.

    The judge's authority is private: what is trusted is the certificate that is seen without any
    proxy in between, and it has to be for the judge's name.
    """
    address = (deployment.host, deployment.check_tls_port)
    context = ssl.create_default_context(cadata=ssl.get_server_certificate(address, timeout=15))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def ask_judge_by_tunnel(
    proxy: str, context: ssl.SSLContext, path: str = "/check/"
) -> tuple[int, str]:
    """Open a tunnel by CONNECT through `proxy` ([user:password@]host:port) and ask over TLS."""
    credentials, _, place = proxy.rpartition("@")
    host, _, port = place.rpartition(":")
    headers = {}
    if credentials:
        given = b64encode(unquote(credentials).encode()).decode()
        headers["Proxy-Authorization"] = f"Basic {given}"
    connection = http.client.HTTPSConnection(
        host.strip("[]"), int(port), timeout=TIMEOUT_S[1], context=context
    )
    try:
        connection.set_tunnel(JUDGE, JUDGE_TLS_PORT, headers)
        connection.request("GET", path, headers={"Host": f"{JUDGE}:{JUDGE_TLS_PORT}"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def ask_judge_by_socks5(
    address: tuple[str, int], account: tuple[str, str] | None, path: str = "/check/"
) -> bytes:
    """Ask over SOCKS5 (RFC 1928, RFC 1929), the name resolved at the far end; the whole answer."""
    with socket.create_connection(address, timeout=TIMEOUT_S[1]) as connection:
        stream = connection.makefile("rb")
        connection.sendall(b"\5\1\2" if account else b"\5\1\0")
        assert stream.read(2) == (b"\5\2" if account else b"\5\0")
        if account:
            name, secret = (part.encode() for part in account)
            connection.sendall(bytes([1, len(name)]) + name + bytes([len(secret)]) + secret)
            assert stream.read(2) == b"\1\0"
        destination = bytes([len(JUDGE)]) + JUDGE.encode() + JUDGE_PORT.to_bytes(2, "big")
        connection.sendall(b"\5\1\0\3" + destination)
        version, reply, _, kind = stream.read(4)
        assert (version, reply) == (5, 0), f"SOCKS5 reply {reply}"
        stream.read({1: 4, 4: 16}[kind] + 2)
        request = f"GET {path} HTTP/1.1\r\nHost: {JUDGE}:{JUDGE_PORT}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        return stream.read()
