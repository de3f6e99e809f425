"""The published ports of a release: free, or held by the same project."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.docker_api import PROJECT_LABEL, Client
from engine.errors import RefusedError

EVERY_ADDRESS = {"", "0.0.0.0", "::"}  # noqa: S104 (compared with, not bound)


@dataclass(frozen=True)
class Port:
    """One published port."""

    address: str
    number: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.address or '*'}:{self.number}/{self.protocol}"

    def collides(self, other: Port) -> bool:
        """Whether both cannot be published at once."""
        same = self.address == other.address or {self.address, other.address} & EVERY_ADDRESS
        return bool(same) and (self.number, self.protocol) == (other.number, other.protocol)


def check_ports(client: Client, project: str, model: Mapping[str, Any]) -> None:
    """Raise RefusedError if anything but the project holds a port that the release publishes."""
    containers = client.api.containers()
    ours = {port for each in containers if _project(each) == project for port in _published(each)}
    others = [
        (port, each)
        for each in containers
        if _project(each) != project
        for port in _published(each)
    ]
    for service, port in wanted_ports(model):
        # Without the userland proxy a container's port is no socket of the host: ask Docker first.
        for taken, container in others:
            if port.collides(taken):
                name = container["Names"][0].lstrip("/")
                raise _taken(port, service, f"container {name}", f"docker stop {name}")
        if not any(port.collides(held) for held in ours):
            _try_bind(port, service)


def wanted_ports(model: Mapping[str, Any]) -> Iterator[tuple[str, Port]]:
    """Each published port of a compose model, with its service."""
    for name, service in model["services"].items():
        for entry in service.get("ports", []):
            numbers = re.fullmatch(r"(\d+)(?:-(\d+))?", str(entry.get("published", "")))
            if numbers:
                first = int(numbers.group(1))
                for number in range(first, int(numbers.group(2) or first) + 1):
                    yield name, Port(entry.get("host_ip", ""), number, entry.get("protocol", "tcp"))


def _project(container: Mapping[str, Any]) -> str:
    return str((container.get("Labels") or {}).get(PROJECT_LABEL, ""))


def _published(container: Mapping[str, Any]) -> Iterator[Port]:
    for port in container.get("Ports") or []:
        if "PublicPort" in port:
            yield Port(port.get("IP", ""), port["PublicPort"], port.get("Type", "tcp"))


def _try_bind(port: Port, service: str) -> None:
    family = socket.AF_INET6 if ":" in port.address else socket.AF_INET
    kind = socket.SOCK_DGRAM if port.protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(family, kind) as probe:
        # As dockerd binds: a connection that has just ended does not hold a port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.address, port.number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise _taken(port, service, *_holder(port)) from None
            if error.errno == errno.EADDRNOTAVAIL:
                raise RefusedError(
                    f"port {port} of {service}",
                    "an address of this host",
                    f"{port.address}, which it does not have",
                    "correct edge_bind_address",
                ) from None
            raise RefusedError(
                f"port {port} of {service}",
                "a port that can be bound",
                str(error),
                "choose another port in group_vars",
            ) from None


def _taken(port: Port, service: str, holder: str, end_it: str) -> RefusedError:
    do = f"end it ({end_it}), or choose another port in group_vars"
    return RefusedError(f"port {port} of {service}", "a free port", f"held by {holder}", do)


def _holder(port: Port) -> tuple[str, str]:
    """Who listens, and how to find it, from /proc/net (proc(5))."""
    inodes = set()
    for table in (port.protocol, f"{port.protocol}6"):
        path = Path("/proc/net") / table
        for line in path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else []:
            fields = line.split()
            listening = fields[3] == "0A" or port.protocol == "udp"
            if listening and int(fields[1].rpartition(":")[2], 16) == port.number:
                inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"process {process.name} ({name})", f"see: ps -fp {process.name}"
        except OSError:
            # It ended while it was looked at.
            continue
    return "another program", f"see: ss -lnp 'sport = :{port.number}'"
