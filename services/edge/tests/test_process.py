"""Starting, checking, reloading and stopping the edge."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
import requests
from conftest import UID, Edge, Judge, Network, StartEdge, address_of, docker, image, render


class Clients:
    """Clients that ask without a pause and count what does not succeed."""

    def __init__(self, edge: Edge, count: int = 4) -> None:
        self.asked = 0
        self.failures: list[str] = []
        self._edge = edge
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(count)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        url = f"http://{self._edge.address}:8080/"
        session = requests.Session()
        while not self._end.is_set():
            if number % 2:  # half of them open a connection for each request
                session.close()
                session = requests.Session()
            try:
                response = session.get(url, headers={"Host": "localhost"}, timeout=5)
                failure = "" if response.status_code == 200 else f"status {response.status_code}"
            except requests.RequestException as error:
                failure = repr(error)
            with self._lock:
                self.asked += 1
                if failure:
                    self.failures.append(failure)


def worker_count(edge: Edge) -> int:
    """How many HAProxy processes there are, the master included."""
    script = "cat /proc/[0-9]*/comm 2>/dev/null | grep -c ^haproxy$"
    return int(edge.execute("sh", "-c", script).stdout)


def reload(edge: Edge) -> None:
    """Reload as the release engine does: check, save the state, then SIGUSR2."""
    edge.execute("edge-check-config")
    edge.execute("edge-save-state")
    docker("kill", "--signal", "USR2", edge.name)


def test_reloads_lose_no_request(start: StartEdge) -> None:
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    with Clients(edge) as clients:
        for count in range(3):
            render(edge.folder, edge_maxconn=900 + count)
            reload(edge)
            time.sleep(1)
    assert clients.asked > 100
    assert clients.failures == []
    assert "\nMaxconn: 902\n" in command(edge, "show info")
    edge.wait_for(lambda: worker_count(edge) == 2, "the old processes are gone")


def test_reload_of_a_broken_configuration_changes_nothing(start: StartEdge) -> None:
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    with (edge.folder / "haproxy.cfg").open("a") as configuration:
        configuration.write("\nfrontend broken\n    sail south\n")
    result = edge.execute("edge-check-config", check=False)
    assert result.returncode == 1
    assert "unknown keyword 'sail'" in result.stderr
    with Clients(edge, count=2) as clients:
        docker("kill", "--signal", "USR2", edge.name)
        time.sleep(2)
    assert clients.failures == []
    assert edge.execute("edge-health").returncode == 0
    render(edge.folder)
    reload(edge)
    time.sleep(1)
    assert edge.get(8080).status_code == 200


def test_switch_to_a_new_container_loses_no_request(start: StartEdge) -> None:
    """New beside old, drain the old one, stop it: what the edge's socket is for."""
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    new = edge.network.run_service("new", "luffycity")
    try:
        edge.wait_for(lambda: answered_by(edge) == "new", "the new one is up")
        slot = slot_of(edge, address_of(new, edge.network.name))
        with Clients(edge) as clients:
            command(edge, f"set server luffycity/{slot} state drain")
            time.sleep(0.5)
            assert {answered_by(edge) for _ in range(10)} == {"services"}
            command(edge, f"set server luffycity/{slot} state maint")
            docker("rm", "--force", new)
            edge.wait_for(lambda: f"{slot} -" in servers(edge), "the slot is empty")
            command(edge, f"set server luffycity/{slot} state ready")
            time.sleep(1)
        assert clients.asked > 50
        assert clients.failures == []
    finally:
        docker("rm", "--force", new, check=False)


def answered_by(edge: Edge) -> str:
    """Which container answers on the site's port."""
    return edge.get(8080).headers.get("x-answered-by", "").partition(":")[0]


def command(edge: Edge, text: str) -> str:
    """Say something to the edge's socket; returns its answer."""
    script = f"echo '{text}' | socat - UNIX-CONNECT:/run/edge/haproxy.sock"
    return edge.execute("sh", "-c", script).stdout


def servers(edge: Edge) -> str:
    """Lines of slot and address of the site's servers."""
    rows = [line.split() for line in command(edge, "show servers state luffycity").splitlines()]
    return "\n".join(f"{row[3]} {row[4]}" for row in rows if len(row) > 4)


def slot_of(edge: Edge, address: str) -> str:
    """The slot that holds that address."""
    return next(
        line.split()[0] for line in servers(edge).splitlines() if line.endswith(f" {address}")
    )


def test_stop_lets_requests_end(start: StartEdge) -> None:
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    answers: list[bytes] = []
    slow = threading.Thread(
        target=lambda: answers.append(
            edge.send(
                8000,
                b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n",
                b"o",
                b"k",
                pause_s=0.7,
            )
        )
    )
    slow.start()
    time.sleep(0.3)
    started = time.monotonic()
    docker("stop", "--time", "20", edge.name)
    slow.join()
    assert answers[0].startswith(b"HTTP/1.1 200 "), answers
    assert time.monotonic() - started < 10


def test_configuration_can_be_checked_anywhere(tmp_path: Path, judge: Judge) -> None:
    render(tmp_path / "candidate")
    command = ("run", "--rm", "--user", f"{UID}:{UID}", "--network", "none")
    mount = ("--volume", f"{tmp_path / 'candidate'}:/candidate:ro", *judge.mount)
    docker(*command, *mount, image(), "edge-check-config", "/candidate")
    (tmp_path / "candidate" / "503.http").unlink()
    result = docker(*command, *mount, image(), "edge-check-config", "/candidate", check=False)
    assert result.returncode == 1
    assert "503.http" in result.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"demo_world": False},
        {"public_scheme": "https"},
        {"edge_bind_address": "0.0.0.0"},
        {"public_hosts": ["203.0.113.5"], "edge_server_slots": 1, "edge_threads": 1},
        {"public_hosts": ["[2001:db8::1]", "2001:db8::2", "a.example", "B.EXAMPLE"]},
        {"shortlink_public_url": "http://[2001:DB8::1]:8002"},
        {"edge_max_body_bytes": 1000},
    ],
    ids=str,
)
def test_every_variant_is_accepted_without_a_warning(
    tmp_path: Path, judge: Judge, variables: dict[str, object]
) -> None:
    render(tmp_path / "bundle", **variables)
    docker(
        *("run", "--rm", "--network", "none", "--env", "EDGE_GATEWAY="),
        *("--volume", f"{tmp_path / 'bundle'}:/bundle:ro", *judge.mount, "--entrypoint", "haproxy"),
        *(image(), "-dW", "-c", "-q", "-f", "/bundle/haproxy.cfg"),
    )


def refused(*options: str) -> str:
    """Start an edge that must be refused; returns what it said at last."""
    result = docker("run", "--rm", "--read-only", *options, image(), check=False)
    assert result.returncode == 78, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[-1]["level"] == "error", lines
    return "\n".join(line["message"] for line in lines)


def test_missing_configuration_is_refused() -> None:
    tmpfs = ("--tmpfs", f"/run/edge:uid={UID},gid={UID},mode=0700")
    assert "haproxy.cfg: expected a file that uid 10001 can read; found nothing" in refused(*tmpfs)


def test_missing_certificate_is_refused(tmp_path: Path) -> None:
    render(tmp_path / "bundle")
    said = refused(
        *("--volume", f"{tmp_path / 'bundle'}:/etc/haproxy/bundle:ro"),
        *("--tmpfs", f"/run/edge:uid={UID},gid={UID},mode=0700"),
    )
    assert "edge_judge_certificate: expected a file that uid 10001 can read; found nothing" in said
    assert "edge-certificate" in said


def test_run_directory_that_cannot_be_written_is_refused(tmp_path: Path, judge: Judge) -> None:
    render(tmp_path / "bundle")
    mount = ("--volume", f"{tmp_path / 'bundle'}:/etc/haproxy/bundle:ro", *judge.mount)
    tmpfs = ("--tmpfs", "/run/edge:uid=0,gid=0,mode=0755")
    assert "/run/edge: expected a directory that uid 10001 can write" in refused(*mount, *tmpfs)


def test_bad_configuration_is_refused(tmp_path: Path, judge: Judge) -> None:
    render(tmp_path / "bundle")
    (tmp_path / "bundle" / "haproxy.cfg").write_text("sail south\n")
    said = refused(
        *("--volume", f"{tmp_path / 'bundle'}:/etc/haproxy/bundle:ro", *judge.mount),
        *("--tmpfs", f"/run/edge:uid={UID},gid={UID},mode=0700"),
    )
    assert "unknown keyword 'sail'" in said
    assert "expected a configuration that HAProxy accepts" in said


def test_gateway_is_the_default_routes(edge: Edge, network: Network) -> None:
    assert gateway_of(edge) == network.gateway


def test_without_a_gateway_nobody_is_local(start: StartEdge) -> None:
    """An empty gateway equals no caller's address, not every caller's."""
    edge = start(
        *("--env", "EDGE_GATEWAY=", "--entrypoint", "haproxy"),
        command=("-W", "-db", "-f", "/etc/haproxy/bundle/haproxy.cfg"),
        demo_world=False,
    )
    edge.wait_for(lambda: edge.get(5010).status_code == 200, "the services are found")
    arrived = dict(edge.arrived(edge.get(5010)))
    assert arrived["x-forwarded-for"] == edge.network.gateway


def gateway_of(edge: Edge) -> str:
    """EDGE_GATEWAY in HAProxy's own environment."""
    script = (
        "for p in /proc/[0-9]*; do "
        'if [ "$(cat $p/comm)" = haproxy ]; then tr "\\0" "\\n" <$p/environ; break; fi; done'
    )
    lines = edge.execute("sh", "-c", script).stdout.splitlines()
    return next(line for line in lines if line.startswith("EDGE_GATEWAY=")).partition("=")[2]


def test_health_check_fails_when_the_edge_hangs(start: StartEdge) -> None:
    edge = start()
    stop = (
        'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != haproxy ] || kill -{} ${{p#/proc/}}; done'
    )
    edge.execute("sh", "-c", stop.format("STOP"))
    try:
        assert edge.execute("timeout", "10", "edge-health", check=False).returncode != 0
    finally:
        edge.execute("sh", "-c", stop.format("CONT"))
    edge.wait_for(lambda: edge.execute("edge-health", check=False).returncode == 0, "healthy")


def test_save_state_says_why_it_cannot(start: StartEdge) -> None:
    edge = start()
    edge.execute("rm", "/run/edge/haproxy.sock")
    result = edge.execute("edge-save-state", check=False)
    assert result.returncode != 0
    assert "/run/edge/haproxy.sock" in result.stderr


def test_other_commands_run_as_they_are() -> None:
    assert docker("run", "--rm", image(), "id", "-u").stdout.strip() == "10001"


def test_every_line_of_its_log_is_json(start: StartEdge) -> None:
    """What HAProxy itself says too: at the start, of servers, at reloads, and at the end."""
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    new = edge.network.run_service("new", "luffycity")
    edge.wait_for(lambda: answered_by(edge) == "new", "the new one is up")
    docker("rm", "--force", new)
    edge.wait_for(lambda: "is DOWN" in edge.log(), "it is seen to be gone")
    reload(edge)
    edge.wait_for(lambda: edge.log().count("Loading success") == 2, "it is loaded")
    edge.wait_for(lambda: "Former worker" in edge.log(), "the master is at rest again")
    docker("stop", "--time", "20", edge.name)
    lines = [json.loads(line) for line in edge.log().splitlines()]
    assert all({"time", "level", "message"} <= set(line) for line in lines)
    assert {line["level"] for line in lines} <= {"info", "warning", "error"}
    code = docker("inspect", "--format", "{{.State.ExitCode}}", edge.name).stdout.strip()
    assert code == "0", edge.log()[-3000:]
