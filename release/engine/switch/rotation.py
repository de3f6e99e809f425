"""The edge's rotation: which containers it asks, told and read by the edge's own socket.

HAProxy's management guide (9.3) has the commands; what it answers is read by the names in its head
lines, since columns come and go between versions.
"""

from __future__ import annotations

import csv
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.docker_api import Client, Container, look_again
from engine.errors import StepFailedError
from engine.interrupts import Interrupts

# Where every edge has it. Root reaches it from the host: each `docker exec` would start processes
# that take the processor from the visitors, several times a second.
SOCKET = "run/edge/haproxy.sock"
ANSWER_TIMEOUT_S = 5.0
NO_ADDRESS = "-"
# Of srv_admin_state: what a reload or an operator has set, and what was set here.
DRAINED, IN_MAINTENANCE = 0x08, 0x01
RUNNING = "2"
# Finding a new address by DNS takes a second or two, and two good checks one more.
ADMIT_TIMEOUT_S = 30.0
# What is gone stays for as long as the resolver holds it (`hold obsolete`).
FREE_TIMEOUT_S = 10.0
POLL_S = 0.1
# Of `show stat` (9.1): answers by the first digit of their status.
STATUSES, FAILED = ("1xx", "2xx", "3xx", "4xx", "5xx"), "5xx"


@dataclass(frozen=True)
class Slot:
    """One of the places that a backend has for its servers."""

    backend: str
    name: str
    address: str
    """Empty while it has none."""
    up: bool
    drained: bool

    @property
    def path(self) -> str:
        """As the commands name it."""
        return f"{self.backend}/{self.name}"


@dataclass(frozen=True)
class Answered:
    """What a backend has answered since its edge was started or reloaded."""

    all: int
    failed: int
    """Those with a status of 500 or more."""


class Rotation:
    """The rotation of one running edge.

    One that this release is about to replace has not read the release's configuration (`outdated`):
    a backend that only the next one has is left out, as nobody is sent there yet.
    """

    def __init__(
        self, client: Client, edge: Container, interrupts: Interrupts, outdated: bool = False
    ) -> None:
        self.client, self.edge, self.interrupts = client, edge, interrupts
        self.outdated = outdated

    def slots(self, backends: Sequence[str]) -> list[Slot]:
        """The slots of some backends.

        Raises StepFailedError for a backend that the edge does not have.
        """
        found = []
        for backend in self._there(backends):
            rows = self._table(f"show servers state {backend}")
            for row in rows:
                address = row["srv_addr"]
                admin = int(row["srv_admin_state"])
                found.append(
                    Slot(
                        backend,
                        row["srv_name"],
                        "" if address == NO_ADDRESS else address,
                        row["srv_op_state"] == RUNNING,
                        bool(admin & (DRAINED | IN_MAINTENANCE)),
                    )
                )
        return found

    def answered(self, backends: Sequence[str]) -> dict[str, Answered]:
        """What each of some backends has answered by HTTP; a backend without HTTP is left out."""
        rows = csv.DictReader(self._ask("show stat").lstrip("# \n").splitlines())
        found = {}
        for row in rows:
            if row["svname"] != "BACKEND" or row["pxname"] not in backends:
                continue
            statuses = {each: row.get(f"hrsp_{each}") or "" for each in STATUSES}
            if all(statuses.values()):
                total = sum(int(number) for number in statuses.values())
                found[row["pxname"]] = Answered(total, int(statuses[FAILED]))
        return found

    def admit(self, backends: Sequence[str], addresses: Iterable[str]) -> None:
        """Have the edge ask these addresses; returns once it finds each of them up.

        Raises StepFailedError if it does not within 30 seconds.
        """
        given = list(addresses)
        wanted = {(backend, address) for backend in self._there(backends) for address in given}
        deadline = time.monotonic() + ADMIT_TIMEOUT_S
        while True:
            slots = self.slots(backends)
            mine = [slot for slot in slots if (slot.backend, slot.address) in wanted]
            self._set("ready", [slot for slot in mine if slot.drained])
            up = {(slot.backend, slot.address) for slot in mine if slot.up and not slot.drained}
            if up == wanted:
                return
            if time.monotonic() >= deadline:
                missing = sorted(f"{backend} at {address}" for backend, address in wanted - up)
                raise StepFailedError(
                    "the edge's rotation",
                    f"{', '.join(missing)} up within {ADMIT_TIMEOUT_S:g} s",
                    ", ".join(f"{slot.path} {slot.address or 'free'}" for slot in slots),
                    f"see: docker logs {self.edge.name}; raise edge_server_slots if none is free",
                )
            self.interrupts.sleep(POLL_S)

    def drain(self, backends: Sequence[str], addresses: Iterable[str]) -> None:
        """Have the edge send nothing new to these addresses; what it has sent goes on."""
        # One that was never started has none; nor has a slot that is free.
        gone = set(addresses) - {""}
        self._set("drain", [slot for slot in self.slots(backends) if slot.address in gone])

    def free_left(self, backends: Sequence[str], addresses: Iterable[str]) -> None:
        """Wait until the slots of addresses that are gone have none any more, and free them.

        Freed sooner, a slot would be asked at its old address. After 10 s it stays drained, and the
        next switch frees it.
        """
        gone = set(addresses)
        deadline = time.monotonic() + FREE_TIMEOUT_S
        while time.monotonic() < deadline and any(
            slot.address in gone for slot in self.slots(backends)
        ):
            self.interrupts.sleep(POLL_S)
        self.free(backends)

    def free(self, backends: Sequence[str]) -> None:
        """Let drained slots without an address be taken again."""
        self._set(
            "ready", [slot for slot in self.slots(backends) if slot.drained and not slot.address]
        )

    def _there(self, backends: Sequence[str]) -> list[str]:
        if not self.outdated:
            return list(backends)
        known = set(self._ask("show backend").split())
        return [backend for backend in backends if backend in known]

    def _set(self, state: str, slots: Sequence[Slot]) -> None:
        if slots:
            self._ask("; ".join(f"set server {slot.path} state {state}" for slot in slots))

    def _table(self, command: str) -> list[dict[str, str]]:
        # The format's version, the names after a #, and a line for each server.
        lines = [line for line in self._ask(command).splitlines() if line.strip()]
        if len(lines) < 2 or not lines[1].startswith("#"):
            raise StepFailedError(
                f"the edge's answer to `{command}`",
                "a table of servers",
                " ".join(lines)[:200] or "nothing",
                "the edge's configuration must have the backends that release.json names",
            )
        names = lines[1].lstrip("# ").split()
        return [dict(zip(names, line.split())) for line in lines[2:]]

    def _ask(self, command: str) -> str:
        try:
            return _say(self.edge.pid, command)
        except OSError:
            # Restarted meanwhile, it has another process.
            self.edge = next(iter(look_again(self.client, [self.edge])), self.edge)
        try:
            return _say(self.edge.pid, command)
        except OSError as error:
            raise StepFailedError(
                f"the socket of {self.edge.name}",
                f"an answer to `{command}` within {ANSWER_TIMEOUT_S:g} s",
                str(error),
                f"see: docker logs {self.edge.name}",
            ) from error


def _say(pid: int, command: str) -> str:
    """What the HAProxy in the container of that process answers; raises OSError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        connection.connect(f"/proc/{pid}/root/{SOCKET}")
        connection.sendall(f"{command}\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return answer.decode("utf-8", "replace")
