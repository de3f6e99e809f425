"""Tells sockets that they can go on: one call of the event loop for all that are ready.

A check opens a connection, says a few words and closes. What an event loop's own transport does for
that costs as much as the check itself; with a poller and `proxypool.transport` it is two thirds.
"""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary

READ, WRITE = 1, 4  # as poll(2) and epoll(7) have them
_AT_ONCE = 512

Callback: TypeAlias = Callable[[int], None]
"""Is given READ, WRITE, or both; after an error or the end also other bits, or those alone."""


class Poller(Protocol):
    """Watches sockets, each for one or both events, until it is told to forget it."""

    def watch(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """Call `callback` whenever `sock` can be read or written to, as `events` asks."""

    def change(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """Wait for other events of a socket that is watched."""

    def close(self, sock: socket.socket) -> None:
        """Forget a socket that is watched, and close it."""


def poller_of(loop: asyncio.AbstractEventLoop) -> Poller:
    """The loop's one poller."""
    poller = _pollers.get(loop)
    if poller is None:
        poller = EpollPoller(loop) if hasattr(select, "epoll") else LoopPoller(loop)
        _pollers[loop] = poller
    return poller


_pollers: "WeakKeyDictionary[asyncio.AbstractEventLoop, Poller]" = WeakKeyDictionary()


class EpollPoller:
    """Sockets in an epoll instance of its own, which the loop watches as one file (Linux)."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._is_telling = False
        self._closed: list[socket.socket] = []
        loop.add_reader(self._epoll.fileno(), self._tell)

    def watch(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """See Poller."""
        number = sock.fileno()
        self._epoll.register(number, events)
        self._callbacks[number] = callback

    def change(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """See Poller."""
        number = sock.fileno()
        self._callbacks[number] = callback
        self._epoll.modify(number, events)

    def close(self, sock: socket.socket) -> None:
        """See Poller."""
        del self._callbacks[sock.fileno()]
        if self._is_telling:
            # Closed at once, its number could be a new socket's, and be told the old one's events.
            self._closed.append(sock)
        else:
            sock.close()

    def _tell(self) -> None:
        self._is_telling = True
        try:
            for number, events in self._epoll.poll(0, _AT_ONCE):
                callback = self._callbacks.get(number)
                if callback is not None:
                    callback(events)
        finally:
            self._is_telling = False
            for sock in self._closed:
                sock.close()
            self._closed.clear()


class LoopPoller:
    """The loop watches each socket: where there is no epoll."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._add = {READ: loop.add_reader, WRITE: loop.add_writer}
        self._remove = {READ: loop.remove_reader, WRITE: loop.remove_writer}

    def watch(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """See Poller."""
        self.change(sock, events, callback)

    def change(self, sock: socket.socket, events: int, callback: Callback) -> None:
        """See Poller."""
        for event in (READ, WRITE):
            if events & event:
                self._add[event](sock.fileno(), callback, event)
            else:
                self._remove[event](sock.fileno())

    def close(self, sock: socket.socket) -> None:
        """See Poller."""
        for remove in self._remove.values():
            remove(sock.fileno())
        sock.close()
