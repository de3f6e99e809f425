"""Each program of lab/requests does what its page says, and says so where it cannot."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests
from requests import exceptions
from write_readme import OF_THE_LAB

from tests.lab.programs import Run, differences, run, run_all

UNAVAILABLE, USAGE = 69, 64


@pytest.fixture(scope="module")
def runs(lab: list[str]) -> dict[str, Run]:
    return run_all(OF_THE_LAB, lab)


@pytest.mark.parametrize("name", OF_THE_LAB)
def test_a_program_prints_what_its_page_says(runs: dict[str, Run], name: str) -> None:
    assert differences(name, runs[name]) == []


def test_no_exception_of_requests_is_left_out(runs: dict[str, Run]) -> None:
    def kinds(of: type[Exception]) -> set[str]:
        below = [one for one in of.__subclasses__() if one.__module__ == exceptions.__name__]
        return {of.__name__}.union(*map(kinds, below))

    assert len(kinds(requests.RequestException)) > 20
    shown = set(runs["exceptions"].stdout.replace("(", " ").split())
    assert kinds(requests.RequestException) - shown == set()


@pytest.fixture
def another_server() -> Iterator[int]:
    """A port where something listens that never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["--host", "http://127.0.0.1/"], USAGE, ["--host", "leave out http://"]),
        (["--host", ""], USAGE, ["--host", "found ''"]),
        (["--host", "no-such-host.invalid"], UNAVAILABLE, ["no-such-host.invalid", "--host"]),
        (["--lab-port", "1"], UNAVAILABLE, ["Connection refused", "demo_world=true"]),
        (["--lab-port", "0"], USAGE, ["--lab-port", "from 1 to 65535", "found 0"]),
        (["--lab-port", "lab"], 2, ["--lab-port", "invalid int value"]),
    ],
)
def test_wrong_options_end_in_a_sentence(options: list[str], status: int, words: list[str]) -> None:
    done = run("timeouts", options)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert [word for word in words if word not in done.stderr] == []
    assert done.stdout == ""


def test_an_account_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_ACCOUNT_FILE", "/no/such/file")
    done = run("proxies", [])
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "POOL_ACCOUNT_FILE: expected a file; found [Errno 2]" in done.stderr


def test_who_is_not_the_lab_is_told_from_it(lab: list[str], another_server: int) -> None:
    silent = run("downloads", ["--lab-port", str(another_server)])
    assert silent.returncode == UNAVAILABLE
    assert "ReadTimeout" in silent.stderr
    port = lab[lab.index("--lab-port") + 1]
    for name, option in (("proxies", "--proxy-pool-port"), ("api_client", "--api-port")):
        done = run(name, [option, port])
        assert (done.returncode, done.stdout) == (UNAVAILABLE, ""), done.stderr
        assert "found status 404" in done.stderr
        assert option in done.stderr


def test_the_demo_world_survives_what_it_does(lab: list[str], runs: dict[str, Run]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        port = lab[lab.index("--lab-port") + 1]
        assert session.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200
