"""The sockets that the API listens on, and which listeners get into each other's way."""

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from itertools import combinations
from typing import NamedTuple

from proxypool.address import Address
from proxypool.problems import ConfigurationError, Problem

_BACKLOG = 1024
_LOOPBACK = ("127.0.0.1", "::1")
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Listener(NamedTuple):
    """An address and a port that something listens on, and the port's setting."""

    setting: str
    host: str
    port: int


def listening(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen there; raises ConfigurationError where that cannot be.

    uvicorn would find that out too, and end with words and an exit code of its own.
    """
    opened: list[socket.socket] = []
    failure: OSError | None = None
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(places):
            try:
                opened.append(_bound(family, address))
            except OSError as error:
                # localhost is also ::1, which not every machine has.
                if error.errno not in _NO_SUCH_ADDRESS:
                    raise
                failure = error
        if not opened and failure is not None:
            raise failure
    except OSError as error:
        for one in opened:
            one.close()
        found = f"{host} port {port}: {error.strerror or error}"
        advice = "change PORT or HOST, or end what listens there"
        expected = "a port that is free, on an address of this machine"
        raise ConfigurationError([Problem("PORT", expected, found, advice)]) from error
    return opened


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(_BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def refuse_same_places(listeners: Sequence[Listener]) -> None:
    """Raises ConfigurationError where two of them would listen on the same port."""
    problems = [
        Problem(
            later.setting,
            f"another port than {earlier.setting}'s",
            f"{later.port} for both, on {later.host}",
            f"change {later.setting} or {earlier.setting}",
        )
        for earlier, later in combinations(listeners, 2)
        if earlier.port == later.port and _meet(earlier.host, later.host)
    ]
    if problems:
        raise ConfigurationError(problems)


def _meet(one: str, other: str) -> bool:
    return any(
        mine == other_one
        or (mine.version == other_one.version and (mine.is_unspecified or other_one.is_unspecified))
        for mine in _addresses(one)
        for other_one in _addresses(other)
    )


def _addresses(host: str) -> list[Address]:
    return [ip_address(text) for text in (_LOOPBACK if host == "localhost" else (host,))]
