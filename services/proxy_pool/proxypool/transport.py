"""A TCP connection with less to it than an event loop's transport, for thousands of short ones."""

import errno
import os
import socket
from typing import Protocol

from proxypool.poller import PEER_ENDED, READ, WRITE, Poller

_READ_AT_ONCE = 64 * 1024
_KIND = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0)  # one call less where it is there


class Owner(Protocol):
    """Who is told what happens; may close the connection in each of these."""

    def connection_made(self) -> None:
        """It is connected."""

    def data_received(self, data: bytes) -> None:
        """The peer said so much."""

    def connection_lost(self, error: OSError | None) -> None:
        """There is no connection, or none any more; no error: the peer says no more."""


class Transport:
    """Connects as soon as it is made. Speaks to one literal address: it resolves no names."""

    __slots__ = ("_is_connected", "_owner", "_poller", "_socket", "_unsent")

    def __init__(self, poller: Poller, owner: Owner, address: str, port: int) -> None:
        """Raises OSError where no connection can even be begun."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._poller = poller
        self._owner = owner
        self._unsent = b""
        self._is_connected = False
        self._socket: socket.SocketType | None = None
        sock = socket.SocketType(family, _KIND)  # without the layer that pools and files need
        try:
            if _KIND == socket.SOCK_STREAM:
                sock.setblocking(False)
            code = sock.connect_ex((address, port))
            if code not in (0, errno.EINPROGRESS):
                raise _error(code)
            poller.watch(sock, self._go_on)
        except OSError:
            sock.close()
            raise
        self._socket = sock

    def write(self, data: bytes) -> None:
        """Send it, now or as soon as there is room for it."""
        if self._unsent:
            self._unsent += data
        elif self._socket is not None:
            self._send(self._socket, data)

    def close(self) -> None:
        """Be done with it; what is unsent is lost. Nobody is told anything any more."""
        if self._socket is not None:
            self._poller.close(self._socket)
            self._socket = None

    def _go_on(self, events: int) -> None:
        sock = self._socket
        if sock is None:
            return
        if not self._is_connected:
            self._finish_connecting(sock, events)
        elif self._unsent and events & WRITE:
            self._flush(sock)
        if events & ~WRITE and self._socket is not None:
            self._read(sock, ends=bool(events & PEER_ENDED))

    def _finish_connecting(self, sock: socket.SocketType, events: int) -> None:
        if events & ~(READ | WRITE):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code not in (0, errno.ECONNRESET):  # it was connected: then the peer cut it off
                self._lose(_error(code))
                return
        self._is_connected = True
        self._owner.connection_made()

    def _send(self, sock: socket.SocketType, data: bytes) -> None:
        try:
            sent = sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(error)
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._poller.await_room(sock)

    def _flush(self, sock: socket.SocketType) -> None:
        data, self._unsent = self._unsent, b""
        self._send(sock, data)

    def _read(self, sock: socket.SocketType, *, ends: bool) -> None:
        """Take all that is there; where the peer has ended, its end too."""
        while self._socket is not None:
            try:
                data = sock.recv(_READ_AT_ONCE)
            except BlockingIOError:
                return
            except OSError as error:
                self._lose(error)
                return
            if not data:
                self._lose(None)
                return
            self._owner.data_received(data)
            if len(data) < _READ_AT_ONCE and not ends:
                return

    def _lose(self, error: OSError | None) -> None:
        self.close()
        self._owner.connection_lost(error)


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))
