"""Ports: which are held, by whom, and whether that is the bundle itself."""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

from ansible.module_utils.preflight_findings import Finding, finding

Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]  # noqa: UP007 - Python 3.9 runs it

DOCKER_TIMEOUT_S = 10.0
LISTEN = "0A"  # TCP_LISTEN in the kernel's include/net/tcp_states.h
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - what Docker means where it names no address


class DockerSilentError(Exception):
    """A Docker engine runs but does not say which ports its containers hold."""


@dataclass(frozen=True)
class Listener:
    """A listening TCP socket as /proc/net/tcp shows it."""

    address: Address
    port: int
    inode: str


@dataclass(frozen=True)
class Published:
    """A port that Docker publishes for a container, and the container's Compose project."""

    address: Address
    port: int
    container: str
    project: str


def check_ports(
    root: Path, ports: list[dict[str, object]], bundle_name: str, docker_socket: str
) -> Iterator[Finding]:
    """Say for each entry of `ports` whether its ports are free or held by the bundle.

    An entry holds `name` (the variable that an operator would change), `address`, `port` and
    `count`. A port counts as the bundle's where its holder is a container of the Compose project
    `bundle_name`. Ports of one entry with one holder are one finding.
    """
    try:
        published = _published(docker_socket) if _docker_runs(root) else []
    except DockerSilentError as silence:
        yield finding(
            "port",
            False,
            "Docker to say which ports its containers hold",
            str(silence),
            "look at its log (`journalctl -u docker`) and restart it",
        )
        return
    listeners = _listeners(root)
    for entry in ports:
        held = _held(root, entry, listeners, published, bundle_name)
        for who, numbers in held.items():
            yield from _taken(entry, who, numbers, bundle_name)
        if not held:
            expected = f"port {entry['port']} ({entry['name']}) to be free or ours"
            yield finding("port", True, expected, "that it is", "")


def _held(
    root: Path,
    entry: dict[str, object],
    listeners: list[Listener],
    published: list[Published],
    bundle_name: str,
) -> dict[tuple[str, str], list[int]]:
    """Map who holds ports of `entry`, and what to do about it, to the ports that they hold."""
    address = ipaddress.ip_address(str(entry["address"]))
    first, count = int(str(entry["port"])), int(str(entry["count"]))
    held: dict[tuple[str, str], list[int]] = {}

    def clashes(other: Listener | Published) -> bool:
        return first <= other.port < first + count and _collide(address, other.address)

    for port in filter(clashes, published):
        if port.project != bundle_name:
            held.setdefault(_container(port), []).append(port.port)
    of_docker = {(port.address, port.port) for port in published}
    for listener in filter(clashes, listeners):
        if (listener.address, listener.port) not in of_docker:
            held.setdefault(_process(root, listener.inode), []).append(listener.port)
    return held


def check_addresses(ports: list[dict[str, object]]) -> Iterator[Finding]:
    """Say whether the host can bind each address of `ports`, by binding a port that is free."""
    for address in dict.fromkeys(str(entry["address"]) for entry in ports):
        yield from _check_bindable(address)


def _check_bindable(address: str) -> Iterator[Finding]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.bind((address, 0))
        problem = ""
    except OSError as error:
        problem = f" ({error.strerror or error})"
    yield finding(
        "address",
        not problem,
        f"{address} to be an address of the host",
        f"it is none{problem}" if problem else "that it is",
        "set edge_bind_address to one of the host's own (`ip address` shows them), or to 0.0.0.0",
    )


def _taken(
    entry: dict[str, object], who: tuple[str, str], ports: list[int], bundle_name: str
) -> Iterator[Finding]:
    holder, stop = who
    numbers = sorted(set(ports))
    shown = str(numbers[0])
    if len(numbers) > 1:
        shown += f" and {len(numbers) - 1} more"
    yield finding(
        "port",
        False,
        f"port {shown} at {entry['address']} ({entry['name']}) to be free, "
        f"or held by {bundle_name} itself",
        f"it held by {holder}",
        f"{stop}, or set {entry['name']} to a free port",
    )


def _listeners(root: Path) -> list[Listener]:
    """Read the listening sockets of the host's network namespace (proc_net_tcp.txt)."""
    found = []
    for table in ("proc/net/tcp", "proc/net/tcp6"):
        path = root / table
        if not path.exists():  # a host without IPv6
            continue
        for line in path.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN:
                address, port = fields[1].split(":")
                found.append(Listener(_address(address), int(port, 16), fields[9]))
    return found


def _address(digits: str) -> Address:
    """Read an address as the kernel prints it: words of 32 bits, each in the machine's order."""
    words = [digits[start : start + 8] for start in range(0, len(digits), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _collide(wanted: Address, held: Address) -> bool:
    """Say whether a socket on `held` keeps another from binding `wanted`.

    One on `::` takes IPv4 too, unless it is bound to IPv6 alone, which /proc does not tell: it is
    taken to do so.
    """
    if wanted == held:
        return True
    if held.is_unspecified:
        return held.version == 6 or wanted.version == 4
    return wanted.is_unspecified and (wanted.version == held.version or wanted.version == 6)


def _process(root: Path, inode: str) -> tuple[str, str]:
    """Name the process with the lowest number that has the socket open, and how to stop it."""
    wanted = f"socket:[{inode}]"
    for folder in _processes(root):
        try:
            if any(str(link.readlink()) == wanted for link in (folder / "fd").iterdir()):
                name = (folder / "comm").read_text().strip()
                return f"{name} (process {folder.name})", f"stop {name}"
        except OSError:  # it ended meanwhile, or belongs to somebody else and we are not root
            continue
    return "a process that cannot be seen from here", "find it (`ss -ltnp`) and stop it"


def _container(port: Published) -> tuple[str, str]:
    """Name the container that a port is published for, and how to stop it."""
    origin = f" of the Compose project {port.project}" if port.project else ""
    return (
        f"the container {port.container}{origin}",
        f"stop it (`docker stop {port.container}`)",
    )


def _processes(root: Path) -> list[Path]:
    folders = [folder for folder in (root / "proc").iterdir() if folder.name.isdigit()]
    return sorted(folders, key=lambda folder: int(folder.name))


def _docker_runs(root: Path) -> bool:
    """Say whether an engine runs: asking at the socket would start one that systemd keeps ready."""
    names = [_comm(folder) for folder in _processes(root)]
    return "dockerd" in names


def _comm(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:  # the process ended meanwhile
        return ""


def _published(docker_socket: str) -> list[Published]:
    """List the TCP ports that running containers publish."""
    return [
        Published(
            ipaddress.ip_address(port.get("IP") or EVERY_ADDRESS),
            port["PublicPort"],
            container["Names"][0].lstrip("/"),
            (container.get("Labels") or {}).get("com.docker.compose.project", ""),
        )
        for container in _running_containers(docker_socket)
        for port in container["Ports"]
        if port["Type"] == "tcp" and "PublicPort" in port
    ]


def _running_containers(docker_socket: str) -> list[dict[str, Any]]:
    """List the running containers by the Engine API (GET /containers/json).

    Raises DockerSilentError where the engine gives no list.
    """
    connection = _UnixConnection(docker_socket)
    try:
        connection.request("GET", "/containers/json")
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise DockerSilentError(f"status {response.status} from {docker_socket}")
        containers: list[dict[str, Any]] = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DockerSilentError(f"no answer at {docker_socket}: {error}") from error
    finally:
        connection.close()
    return containers


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=DOCKER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
