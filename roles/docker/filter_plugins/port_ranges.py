"""Filter: ports as ranges, since each rule of a firewall takes its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def port_ranges(ports: Iterable[int]) -> list[str]:
    """Return ports in firewalld's words, neighbours joined: ``["80", "20000-20063"]``.

    Raises:
        ValueError: a port is not from 1 to 65535.
    """
    ranges: list[list[int]] = []
    for port in sorted({int(port) for port in ports}):
        if not 1 <= port <= 65535:
            raise ValueError(f"port {port}: expected a number from 1 to 65535")
        if ranges and port == ranges[-1][1] + 1:
            ranges[-1][1] = port
        else:
            ranges.append([port, port])
    return [str(first) if first == last else f"{first}-{last}" for first, last in ranges]


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"docker_port_ranges": port_ranges}
