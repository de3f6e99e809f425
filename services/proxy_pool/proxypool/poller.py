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

READ, WRITE, ERROR, PEER_ENDED = 1, 4, 8, 0x2000  # as poll(2) and epoll(7) have them
_EVERYTHING = READ | WRITE | PEER_ENDED | 1 << 31
_AT_ONCE = 512

Callback: TypeAlias = Callable[[int], None]
"""Is given READ, WRITE or both; where there may be an error, ERROR as well, and PEER_ENDED where
the peer says no more. It must take all that is there to be read: it may not be told of it again."""


class Poller(Protocol):
    """Watches sockets until it is told to forget them."""

    def watch(self, sock: socket.SocketType, callback: Callback) -> None:
        """Call `callback` when `sock` begins to have something to read, or room to write."""

    def await_room(self, sock: socket.SocketType) -> None:
        """A watched socket did not take all that was to be written: tell when it can go on."""

    def close(self, sock: socket.SocketType) -> None:
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
    """Sockets in an epoll instance of its own, which the loop watches as one file (Linux).

    It tells of changes alone (edge-triggered), so that the kernel is asked once for each socket.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._is_telling = False
        self._closed: list[socket.SocketType] = []
        loop.add_reader(self._epoll.fileno(), self._tell)

    def watch(self, sock: socket.SocketType, callback: Callback) -> None:
        """See Poller."""
        number = sock.fileno()
        self._epoll.register(number, _EVERYTHING)
        self._callbacks[number] = callback

    def await_room(self, sock: socket.SocketType) -> None:
        """See Poller: room is a change, which is told anyway."""

    def close(self, sock: socket.SocketType) -> None:
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
    """The loop watches each socket: where there is no epoll. It cannot tell of errors apart."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._callbacks: dict[int, Callback] = {}

    def watch(self, sock: socket.SocketType, callback: Callback) -> None:
        """See Poller."""
        self._callbacks[sock.fileno()] = callback
        self._loop.add_reader(sock.fileno(), callback, READ | ERROR)
        self.await_room(sock)

    def await_room(self, sock: socket.SocketType) -> None:
        """See Poller."""
        self._loop.add_writer(sock.fileno(), self._has_room, sock.fileno())

    def close(self, sock: socket.SocketType) -> None:
        """See Poller."""
        del self._callbacks[sock.fileno()]
        self._loop.remove_reader(sock.fileno())
        self._loop.remove_writer(sock.fileno())
        sock.close()

    def _has_room(self, number: int) -> None:
        self._loop.remove_writer(number)  # else it would be told for as long as there is room
        self._callbacks[number](WRITE | ERROR)
