"""An edge with services to stand behind it, hardened and configured as in the deployment."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jinja2
import pytest
import requests

TEMPLATES = Path(__file__).parents[3] / "roles/stack/templates/edge"
BACKEND = Path(__file__).parent / "backend"
UID = 10001
SERVICES = ("luffy_api", "luffycity", "proxy_pool_api", "proxy_pool_gateway", "shortlink", "demo")
VARIABLES: dict[str, object] = {
    "edge_bind_address": "127.0.0.1",
    "public_hosts": ["localhost", "127.0.0.1", "::1", "Courses.example"],
    "public_scheme": "http",
    "shortlink_public_url": "https://S.example:8002",
    "demo_world": True,
    "demo_lab_port": 8010,
    "demo_lab_tls_port": 8011,
    "demo_farm_port_first": 20000,
    "demo_farm_port_count": 4,
    "edge_maxconn": 1000,
    "edge_threads": 2,
    "edge_server_slots": 4,
    "edge_hard_stop_after_s": 30,
    "edge_request_timeout_s": 3,
    "edge_source_max_connections": 500,
    "edge_source_max_requests_per_10s": 100000,
    "edge_max_request_header_bytes": 8192,
    "edge_max_body_bytes": 1048576,
}


def docker(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the docker command line; a failure carries what it printed."""
    result = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    if check and result.returncode != 0:
        pytest.fail(f"docker {' '.join(arguments)}: {result.stderr or result.stdout}")
    return result


def image() -> str:
    """The image under test."""
    return os.environ["EDGE_IMAGE"]


def render(folder: Path, **variables: object) -> None:
    """Write the edge's configuration directory, as a deployment does (Ansible trims blocks)."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True)  # noqa: S701 (no web page)
    # Ansible's filters. Of the first these tests need what is a truth value already, or its word.
    environment.filters["bool"] = lambda value: str(value).lower() == "true"
    environment.filters["urlsplit"] = lambda url, part: getattr(urlsplit(url), part)
    for source in TEMPLATES.iterdir():
        if source.suffix == ".j2":
            template = environment.from_string(source.read_text())
            (folder / source.stem).write_text(template.render(VARIABLES | variables) + "\n")
        else:
            shutil.copy(source, folder)


@dataclass(frozen=True)
class Judge:
    """What the edge answers /check/ over TLS with, made by its own image as in a deployment."""

    authority: Path
    """The private authority's certificate."""
    certificate: Path
    """The edge's secret: its key, and its certificate for `names`."""
    names: tuple[str, ...] = ("check.test", "edge", "localhost", "127.0.0.1", "::1")

    @property
    def mount(self) -> tuple[str, str]:
        """The option of `docker run` that gives the secret to an edge."""
        return "--volume", f"{self.certificate}:/run/secrets/edge_judge_certificate:ro"

    def make(self) -> None:
        """Make the authority and the certificate."""
        both = certificate_command("authority")
        self.certificate.write_text(certificate_command("server", *self.names, given=both))
        os.chown(self.certificate, UID, UID)
        self.certificate.chmod(0o400)
        self.authority.write_text(both[both.index("-----BEGIN CERTIFICATE-----") :])


def certificate_command(*arguments: str, given: str = "") -> str:
    """What `edge-certificate` prints, run as the release engine does; fails with its words."""
    result = subprocess.run(
        [
            *("docker", "run", "--rm", "--interactive", "--network", "none", "--read-only"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--log-driver", "none"),
            *(image(), "edge-certificate", *arguments),
        ],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def address_of(container: str, network: str) -> str:
    """The container's address on that network."""
    query = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
    return docker("inspect", "--format", query, container).stdout.strip()


def is_whole(answer: bytes) -> bool:
    """Whether the bytes hold an answer with as much body as its head says."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head.lower())
    return bool(separator and length) and len(body) >= int(length[1] if length else 0)


@dataclass
class Network:
    """A Docker network of the tests' own, with stand-ins for the services on it."""

    judge: Judge
    name: str = field(default_factory=lambda: f"edge-test-{uuid.uuid4().hex[:12]}")
    containers: list[str] = field(default_factory=list)

    @property
    def gateway(self) -> str:
        """The address by which callers from this host are seen."""
        query = "{{(index .IPAM.Config 0).Gateway}}"
        return docker("network", "inspect", "--format", query, self.name).stdout.strip()

    def run(self, *arguments: str, name: str | None = None) -> str:
        """Start a container on the network; returns its name."""
        name = name or f"{self.name}-{len(self.containers)}"
        self.containers.append(name)
        docker("run", "--detach", "--name", name, "--network", self.name, *arguments)
        return name

    def run_service(self, label: str, *aliases: str) -> str:
        """Start a stand-in that answers by those names, and says it is `label`."""
        return self.run(
            *(f"--network-alias={alias}" for alias in aliases),
            *("--env", f"NAME={label}", "--volume", f"{BACKEND}:/backend:ro"),
            *("--entrypoint", "haproxy", image(), "-db", "-f", "/backend/haproxy.cfg"),
        )

    def ask_from_container(self, host: str, port: int, request: str) -> str:
        """Send those bytes from a container of its own on the network; returns the answer."""
        result = docker(
            *("run", "--rm", "--network", self.name, "--env", f"REQUEST={request}"),
            *("--entrypoint", "bash", image(), "-c"),
            f'hostname -i; printf "%b" "$REQUEST" | socat -T 5 - TCP:{host}:{port}',
        )
        return result.stdout

    def remove(self) -> None:
        """Remove all containers and the network."""
        for name in self.containers:
            docker("rm", "--force", name, check=False)
        docker("network", "rm", self.name, check=False)


@dataclass
class Edge:
    """A running edge."""

    name: str
    address: str
    folder: Path
    network: Network

    def get(self, port: int, path: str = "/", **options: object) -> requests.Response:
        """A GET with a known Host."""
        return self.request("GET", port, path, **options)

    def request(self, method: str, port: int, path: str, **options: object) -> requests.Response:
        """A request with a known Host, unless `headers` has another; follows no redirect."""
        headers = {"Host": f"localhost:{port}"}
        given = options.pop("headers", None)
        headers.update(given if isinstance(given, dict) else {})
        return requests.request(
            method,
            f"http://{self.address}:{port}{path}",
            headers=headers,
            timeout=15,
            allow_redirects=False,
            **options,  # type: ignore[arg-type]
        )

    def send(self, port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
        """Send raw bytes, pausing between the pieces; returns what comes.

        Waits for the close, or for half a second of silence after a whole answer: an edge that
        refused a body goes on reading it for a while.
        """
        received = b""
        try:
            connection = socket.create_connection((self.address, port), timeout=15)
        except ConnectionResetError:
            return received  # an edge that refuses at once may be quicker than our own connect
        with connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
            except (BrokenPipeError, ConnectionResetError):
                pass  # an edge that has refused closes while we still speak
            try:
                while chunk := connection.recv(65536):
                    received += chunk
                    if is_whole(received):
                        connection.settimeout(0.5)
            except ConnectionResetError:
                pass  # the same
            except TimeoutError:
                if not is_whole(received):
                    raise
        return received

    def arrived(self, response: requests.Response) -> list[tuple[str, str]]:
        """The headers that a stand-in service says it got."""
        _, _, head = response.text.partition("\n")
        lines = unquote(head).split("\r\n")
        return [
            (name, value) for name, _, value in (line.partition(": ") for line in lines) if name
        ]

    def execute(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in the container."""
        return docker("exec", self.name, *command, check=check)

    def log(self) -> str:
        """What the container has printed."""
        result = docker("logs", self.name)
        return result.stdout + result.stderr

    def wait_for(self, condition: Callable[[], bool], what: str, timeout_s: float = 15) -> None:
        """Wait until that holds; fails with the log's end otherwise."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if condition():
                    return
            except requests.RequestException:
                pass  # not answering yet
            if time.monotonic() > deadline:
                pytest.fail(f"not within {timeout_s} s: {what}\n{self.log()[-3000:]}")
            time.sleep(0.05)


StartEdge = Callable[..., Edge]


def start_edge(
    network: Network,
    folder: Path,
    *options: str,
    command: tuple[str, ...] = (),
    **variables: object,
) -> Edge:
    """Render, start, and wait for the health check."""
    render(folder, **variables)
    name = network.run(
        *("--init", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--user", f"{UID}:{UID}", "--memory", "128m", "--pids-limit", "64"),
        *("--tmpfs", f"/run/edge:uid={UID},gid={UID},mode=0700"),
        *("--volume", f"{folder}:/etc/haproxy/bundle:ro", *network.judge.mount),
        *options,
        image(),
        *command,
    )
    edge = Edge(name, address_of(name, network.name), folder, network)
    edge.wait_for(lambda: edge.execute("edge-health", check=False).returncode == 0, "healthy")
    return edge


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """A private authority, and a certificate of it."""
    folder = tmp_path_factory.mktemp("judge")
    judge = Judge(folder / "authority.pem", folder / "certificate.pem")
    judge.make()
    return judge


@pytest.fixture(scope="session")
def network(judge: Judge) -> Iterator[Network]:
    """A network with all services on it."""
    network = Network(judge)
    docker("network", "create", network.name)
    try:
        network.run_service("services", *SERVICES)
        yield network
    finally:
        network.remove()


@pytest.fixture(scope="session")
def edge(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """The edge of a local deployment: bound to the loopback address, demo world on."""
    folder = tmp_path_factory.mktemp("edge")
    options = ("--network-alias", "check.test", "--publish", "127.0.0.1::8001")
    edge = start_edge(network, folder, *options)
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    return edge


@pytest.fixture(scope="session")
def public_edge(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """The edge of a production deployment: bound to every address, no demo world."""
    folder = tmp_path_factory.mktemp("public-edge")
    # As `ansible-playbook -e demo_world=false` has it.
    edge = start_edge(network, folder, edge_bind_address="0.0.0.0", demo_world="false")
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    return edge


@pytest.fixture
def start(network: Network, tmp_path: Path) -> Iterator[StartEdge]:
    """Starts an edge of this test alone with variables of its own."""

    started: list[Edge] = []

    def start_one(*options: str, command: tuple[str, ...] = (), **variables: object) -> Edge:
        folder = tmp_path / f"bundle-{len(started)}"
        started.append(start_edge(network, folder, *options, command=command, **variables))
        return started[-1]

    yield start_one
    for edge in started:
        docker("rm", "--force", edge.name)
