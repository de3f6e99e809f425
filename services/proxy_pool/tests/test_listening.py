"""Where the API listens, and what it says where it cannot."""

import socket
import subprocess
import sys

import pytest
from proxypool.listening import Listener, listening, refuse_same_places
from proxypool.problems import EX_CONFIG, ConfigurationError

from tests.ports import free_port


def ended(command: str, environment: dict[str, str], **settings: str) -> tuple[int, str]:
    process = subprocess.run(
        [sys.executable, "-m", "proxypool", command],
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return process.returncode, process.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_port_in_use_is_refused_by_its_name(host: str, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, errors = ended("server", environment, HOST=host, PORT=str(port))
    assert code == EX_CONFIG
    assert (
        f"PORT: expected a port that is free, on an address of this machine; found {host}" in errors
    )
    assert "Address already in use. What to do: change PORT or HOST" in errors


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"found 192\.0\.2\.1 port"):
        listening("192.0.2.1", free_port())


def test_localhost_is_listened_on() -> None:
    port = free_port()
    opened = listening("localhost", port)
    socket.create_connection(("127.0.0.1", port), 5).close()
    for one in opened:
        one.close()


@pytest.mark.parametrize("name", ["HOST", "GATEWAY_HOST"])
@pytest.mark.parametrize("value", ["foo", "127.0.0.1:80", "[::1]", "127.1", "pool.example"])
def test_what_is_no_address_is_refused(name: str, value: str, environment: dict[str, str]) -> None:
    code, errors = ended("server", environment, **{name: value})
    assert code == EX_CONFIG
    assert f"{name}: expected an IPv4 or IPv6 address of this machine, or localhost" in errors


def test_run_refuses_one_port_for_two(environment: dict[str, str]) -> None:
    code, errors = ended("run", environment, PORT="5610", GATEWAY_PORT="5610")
    assert code == EX_CONFIG
    assert "GATEWAY_PORT: expected another port than PORT's; found 5610 for both" in errors
    assert "runs as process" not in errors


@pytest.mark.parametrize(
    ("host", "other", "meet"),
    [
        ("127.0.0.1", "localhost", True),
        ("127.0.0.1", "0.0.0.0", True),
        ("::", "localhost", True),
        ("::1", "localhost", True),
        ("::", "127.0.0.1", False),
        ("127.0.0.1", "127.0.0.2", False),
    ],
)
def test_one_port_on_two_addresses_is_no_contradiction(host: str, other: str, meet: bool) -> None:
    listeners = Listener("PORT", host, 80), Listener("GATEWAY_PORT", other, 80)
    if not meet:
        refuse_same_places(listeners)
        return
    with pytest.raises(ConfigurationError, match="another port"):
        refuse_same_places(listeners)
