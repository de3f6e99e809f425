"""How many connections a container still serves, as the kernel counts them.

The edge does not know: after a reload, its replaced process carries those that had begun before.
"""

from __future__ import annotations

from pathlib import Path

from engine.docker_api import Container

# proc_net_tcp: sl, local_address, rem_address, st … in hexadecimal.
ESTABLISHED, LISTEN = "01", "0A"
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


def open_connections(container: Container) -> int:
    """How many connections from elsewhere a container has accepted and not ended.

    None for one that does not run. Those that it has opened itself, to the database for instance,
    are not counted.
    """
    rows = _rows(container.pid) if container.pid else []
    ports = {_port(local) for local, _, state in rows if state == LISTEN}
    return sum(
        1
        for local, remote, state in rows
        if state == ESTABLISHED
        and _port(local) in ports
        and remote.partition(":")[0] not in LOOPBACK
    )


def _rows(pid: int) -> list[tuple[str, str, str]]:
    rows = []
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{name}").read_text(encoding="ascii").splitlines()
        except OSError:
            # It has ended, or its kernel has no IPv6.
            continue
        for line in lines[1:]:
            words = line.split()
            rows.append((words[1], words[2], words[3]))
    return rows


def _port(address: str) -> str:
    return address.rpartition(":")[2]
