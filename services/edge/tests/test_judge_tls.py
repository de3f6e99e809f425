"""/check/ over TLS is the same judge, with a certificate that its private authority vouches for."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from conftest import UID, Edge, Judge, StartEdge, certificate_command, docker, image

REQUEST = (
    b"GET /check/?format=json HTTP/1.1\r\nX-Zeta: 2\r\nHost: check.test:8444\r\nAccept:\r\n\r\n"
)


def connect(
    edge: Edge,
    judge: Judge,
    name: str = "check.test",
    port: int = 8444,
    announcement: bytes = b"",
) -> ssl.SSLSocket:
    """A connection whose certificate was checked strictly against the authority, for that name."""
    context = ssl.create_default_context(cafile=str(judge.authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    plain = socket.create_connection((edge.address, port), timeout=15)
    plain.sendall(announcement)
    return context.wrap_socket(plain, server_hostname=name)


def answer(connection: ssl.SSLSocket, request: bytes = REQUEST) -> bytes:
    """The body of the answer, which must say 200."""
    with connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
        assert response.status == 200, body
        return body


@pytest.mark.parametrize("name", ["check.test", "edge", "localhost", "127.0.0.1", "::1"])
def test_every_name_of_the_edge_is_vouched_for(edge: Edge, judge: Judge, name: str) -> None:
    answer(connect(edge, judge, name))


def test_another_name_is_not(edge: Edge, judge: Judge) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        connect(edge, judge, "somebody-else.test")


def test_another_authority_does_not_vouch_for_it(edge: Edge, judge: Judge, tmp_path: Path) -> None:
    stranger = Judge(tmp_path / "authority.pem", tmp_path / "certificate.pem")
    stranger.make()
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(edge, stranger)


def test_answer_is_the_one_of_plain_http(edge: Edge, judge: Judge) -> None:
    plain = edge.send(8001, REQUEST.replace(b"Accept:", b"Connection: close\r\nAccept:"))
    encrypted = answer(
        connect(edge, judge), REQUEST.replace(b"Accept:", b"Connection: close\r\nAccept:")
    )
    assert encrypted == plain.partition(b"\r\n\r\n")[2]
    assert json.loads(encrypted) == {
        "ip": edge.network.gateway,
        "headers": [["x-zeta", "2"], ["host", "check.test:8444"], ["accept", ""]],
    }


def test_unknown_host_is_refused_over_tls_too(edge: Edge, judge: Judge) -> None:
    with connect(edge, judge) as connection:
        connection.sendall(b"GET /check/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 421 ")


def test_several_requests_go_over_one_connection(edge: Edge, judge: Judge) -> None:
    with connect(edge, judge) as connection:
        for _ in range(3):
            connection.sendall(REQUEST)
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert json.loads(response.read())["ip"] == edge.network.gateway


def test_plain_http_is_not_spoken_there(edge: Edge) -> None:
    assert not edge.send(8444, REQUEST).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::7"])
def test_farms_exits_announce_themselves_before_tls(edge: Edge, judge: Judge, address: str) -> None:
    family, end = ("TCP6", "2001:db8::1") if ":" in address else ("TCP4", "198.51.100.1")
    announcement = f"PROXY {family} {address} {end} 4000 8144\r\n".encode()
    seen = answer(connect(edge, judge, port=8144, announcement=announcement))
    assert json.loads(seen)["ip"] == address


def test_announced_listener_is_closed_in_production(public_edge: Edge) -> None:
    with pytest.raises(ConnectionRefusedError):
        public_edge.send(8144, b"")


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
def test_old_versions_of_tls_are_refused(edge: Edge) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    with (
        socket.create_connection((edge.address, 8444), timeout=15) as plain,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        context.wrap_socket(plain)


def test_health_check_fails_where_the_listener_is_gone(start: StartEdge) -> None:
    edge = start()
    file = edge.folder / "haproxy.cfg"
    lines = [line for line in file.read_text().splitlines() if "bind :8444" not in line]
    file.write_text("\n".join(lines) + "\n")
    edge.execute("edge-save-state")
    docker("kill", "--signal", "USR2", edge.name)
    edge.wait_for(
        lambda: "8444" in edge.execute("edge-health", check=False).stderr, "the loss is noticed"
    )


def test_command_signs_for_the_names_alone(judge: Judge) -> None:
    text = subprocess.run(
        [
            *("docker", "run", "--rm", "--interactive", "--network", "none", image()),
            *("openssl", "x509", "-noout", "-ext", "subjectAltName,basicConstraints"),
        ],
        input=judge.certificate.read_text(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "CA:FALSE" in text
    assert (
        "DNS:check.test, DNS:edge, DNS:localhost, IP Address:127.0.0.1, "
        "IP Address:0:0:0:0:0:0:0:1" in text
    )


def test_command_makes_another_key_each_time(judge: Judge) -> None:
    authority = certificate_command("authority")
    made = {certificate_command("server", "edge", given=authority) for _ in range(2)}
    assert len(made) == 2
    assert all(text.count("BEGIN PRIVATE KEY") == 1 for text in made)


@pytest.mark.parametrize(
    ("arguments", "given", "status", "words"),
    [
        ((), "", 64, "expected authority, or server NAME…; found nothing"),
        (("client",), "", 64, "found client"),
        (("authority", "edge"), "", 64, "expected no names; found edge"),
        (("server",), "", 64, "expected at least one name"),
        (("server", "edge test"), "", 64, "found edge test"),
        (("server", "edge\nDNS.9 = evil"), "", 64, "expected host names and addresses"),
        (("server", "edge"), "nonsense", 65, "expected an authority's key and certificate"),
    ],
)
def test_command_refuses_what_it_cannot_use(
    arguments: tuple[str, ...], given: str, status: int, words: str
) -> None:
    result = subprocess.run(
        ["docker", "run", "--rm", "--interactive", image(), "edge-certificate", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (result.returncode, result.stdout) == (status, "")
    assert words in result.stderr


def test_secret_is_readable_by_the_edge_alone(judge: Judge) -> None:
    status = judge.certificate.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (UID, 0o400)
