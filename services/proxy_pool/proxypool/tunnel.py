"""A client's handshakes that open a tunnel through a proxy: CONNECT, SOCKS4, SOCKS4a and SOCKS5.

They do no input or output themselves, so that whoever owns the connection (a check, the gateway)
decides about timeouts and about what is sent when.
"""

import re
from base64 import b64encode
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import ClassVar

from proxypool.http1 import MAX_HEAD_BYTES, BadAnswerError, ExchangeError, status_of
from proxypool.protocol import Protocol

_DESTINATION = re.compile(r"[0-9A-Za-z._:-]{1,255}")
_MAX_INTERIM_ANSWERS = 4

_HTTP_REASONS = {
    400: "tunnel_unsupported",
    403: "tunnel_refused",
    405: "tunnel_unsupported",
    501: "tunnel_unsupported",
    502: "destination_unreachable",
    503: "destination_unreachable",
    504: "destination_unreachable",
}
_SOCKS4_REASONS = {91: "tunnel_refused", 92: "auth_failed", 93: "auth_failed"}
_SOCKS5_REASONS = {  # RFC 1928, 6
    1: "general_failure",
    2: "tunnel_refused",
    3: "destination_unreachable",
    4: "destination_unreachable",
    5: "destination_refused",
    6: "destination_unreachable",
    7: "tunnel_unsupported",
    8: "address_type_unsupported",
}


class HandshakeError(ExchangeError):
    """No tunnel; `reason` is one word for the statistics.

    The proxy's own doing: `auth_required`, `auth_failed`, `tunnel_refused`, `tunnel_unsupported`,
    `destination_unreachable`, `destination_refused`, `general_failure`, `bad_status`,
    `address_type_unsupported`. It speaks something else: `bad_answer`, `too_large`.
    Nothing was sent, since the protocol cannot say it: `bad_destination`, `needs_ipv4`,
    `bad_credentials`.
    """

    reason = "handshake_failed"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class Handshake:
    """One handshake: send what `start` gives, then feed what comes and send what `feed` gives."""

    __slots__ = ("_buffer", "done", "rest")

    def __init__(self) -> None:
        self._buffer = b""
        self.done = False
        """Whether the tunnel is open."""
        self.rest = b""
        """What came beyond the handshake: the destination's first bytes."""

    def start(self) -> bytes:
        """The first bytes to send."""
        raise NotImplementedError

    def feed(self, data: bytes) -> bytes:
        """Take what the proxy sent, however it is cut; gives what to send next, if anything.

        Raises HandshakeError where there will be no tunnel.
        """
        if self.done:
            self.rest += data
            return b""
        self._buffer += data
        return self._read()

    def _read(self) -> bytes:
        raise NotImplementedError

    def _finish(self, length: int) -> bytes:
        """The proxy's last answer ends after `length` bytes of the buffer."""
        self.rest, self._buffer = self._buffer[length:], b""
        self.done = True
        return b""


def handshake(
    protocol: Protocol, host: str, port: int, username: str = "", password: str = ""
) -> Handshake:
    """A handshake for a tunnel to `host` (name or literal address) and `port` over `protocol`.

    SOCKS4 needs a literal IPv4 address and sends the user name alone, as its user id; SOCKS4a
    takes names too. Raises HandshakeError where the protocol cannot say it, and ValueError for
    plain http, which has no tunnels.
    """
    if not _DESTINATION.fullmatch(host):
        raise HandshakeError("bad_destination", f"{host[:80]!r} is not a host")
    if not 1 <= port <= 65535:
        raise HandshakeError("bad_destination", f"{port} is not a port")
    if protocol is Protocol.CONNECT:
        return _Connect(host, port, username, password)
    if protocol is Protocol.SOCKS5:
        return _Socks5(host, port, username, password)
    if protocol in (Protocol.SOCKS4, Protocol.SOCKS4A):
        return _Socks4(host, port, username, takes_names=protocol is Protocol.SOCKS4A)
    raise ValueError(f"{protocol} has no tunnels")


def basic_credentials(username: str, password: str) -> str:
    """The value of Proxy-Authorization (RFC 7617, in UTF-8)."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


class _Connect(Handshake):
    """RFC 9110, 9.3.6."""

    __slots__ = ("_has_credentials", "_head_bytes", "_interim", "_request")

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        super().__init__()
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._has_credentials = bool(username)
        credentials = (
            f"Proxy-Authorization: {basic_credentials(username, password)}\r\n" if username else ""
        )
        self._request = (
            f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credentials}\r\n"
        ).encode("ascii")
        self._head_bytes = 0
        self._interim = 0

    def start(self) -> bytes:
        return self._request

    def _read(self) -> bytes:
        while True:
            if not self._buffer.startswith(b"HTTP/"[: len(self._buffer)]):
                raise HandshakeError("bad_answer", f"starts with {self._buffer[:5]!r}")
            end = self._buffer.find(b"\r\n\r\n")
            head_bytes = self._head_bytes + (len(self._buffer) if end < 0 else end + 4)
            if head_bytes > MAX_HEAD_BYTES:
                raise HandshakeError("too_large", f"more than {MAX_HEAD_BYTES} bytes of headers")
            if end < 0:
                return b""
            line = self._buffer[:end].partition(b"\r\n")[0].decode("latin-1")
            try:
                status = status_of(line)
            except BadAnswerError as error:
                raise HandshakeError(error.reason, str(error)) from error
            if not 100 <= status < 200 or status == 101:
                break
            self._interim += 1
            if self._interim > _MAX_INTERIM_ANSWERS:
                raise HandshakeError("bad_answer", f"{self._interim} interim answers")
            self._head_bytes = head_bytes
            self._buffer = self._buffer[end + 4 :]
        if 200 <= status < 300:
            # What these headers say of a body does not count: the tunnel begins right after them.
            return self._finish(end + 4)
        if status == 407:
            raise HandshakeError(
                "auth_failed" if self._has_credentials else "auth_required", "status 407"
            )
        raise HandshakeError(_HTTP_REASONS.get(status, "bad_status"), f"status {status}")


class _Socks4(Handshake):
    """SOCKS4 (Ying-Da Lee) and its extension 4a for names."""

    __slots__ = ("_request",)

    def __init__(self, host: str, port: int, username: str, *, takes_names: bool) -> None:
        super().__init__()
        user = username.encode()
        if b"\0" in user:
            raise HandshakeError("bad_credentials", "a user id with a zero byte")
        name = b""
        try:
            address = IPv4Address(host).packed
        except ValueError as error:
            if not takes_names or ":" in host:
                raise HandshakeError("needs_ipv4", f"{host} is not an IPv4 address") from error
            address, name = b"\0\0\0\1", host.encode("ascii") + b"\0"
        self._request = b"\4\1" + port.to_bytes(2, "big") + address + user + b"\0" + name

    def start(self) -> bytes:
        return self._request

    def _read(self) -> bytes:
        buffer = self._buffer
        # Some servers answer with the request's version instead of the reply's, which is 0.
        if buffer[:1] not in (b"\0", b"\4", b""):
            raise HandshakeError("bad_answer", f"starts with {buffer[:8]!r}")
        if len(buffer) >= 2 and not 90 <= buffer[1] <= 93:
            raise HandshakeError("bad_answer", f"reply code {buffer[1]}")
        if len(buffer) < 8:
            return b""
        if buffer[1] != 90:
            raise HandshakeError(_SOCKS4_REASONS[buffer[1]], f"reply code {buffer[1]}")
        return self._finish(8)


class _Socks5(Handshake):
    """RFC 1928, with user name and password by RFC 1929."""

    __slots__ = ("_credentials", "_request", "_step")

    _ADDRESS_BYTES: ClassVar[dict[int, int]] = {1: 4, 4: 16}

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        super().__init__()
        user, secret = username.encode(), password.encode()
        if len(user) > 255 or len(secret) > 255:
            raise HandshakeError("bad_credentials", "more than 255 bytes")
        self._credentials = (
            b"\1" + bytes([len(user)]) + user + bytes([len(secret)]) + secret if user else b""
        )
        self._request = b"\5\1\0" + _socks5_address(host) + port.to_bytes(2, "big")
        self._step = _Socks5._read_method  # not bound: that would be a cycle

    def start(self) -> bytes:
        return b"\5\2\0\2" if self._credentials else b"\5\1\0"

    def _read(self) -> bytes:
        return self._step(self)

    def _read_method(self) -> bytes:
        buffer = self._buffer
        if buffer[:1] not in (b"\5", b""):
            raise HandshakeError("bad_answer", f"starts with {buffer[:8]!r}")
        if len(buffer) < 2:
            return b""
        method = buffer[1]
        self._buffer = buffer[2:]
        if method == 0:
            self._step = _Socks5._read_reply
            return self._request + self._read_reply()
        if method == 2 and self._credentials:
            self._step = _Socks5._read_credentials_reply
            return self._credentials + self._read_credentials_reply()
        if method in (2, 255):
            raise HandshakeError("auth_failed" if self._credentials else "auth_required")
        raise HandshakeError("bad_answer", f"method {method} was not offered")

    def _read_credentials_reply(self) -> bytes:
        buffer = self._buffer
        if buffer[:1] not in (b"\1", b"\5", b""):  # 5: a common mistake of servers
            raise HandshakeError("bad_answer", f"starts with {buffer[:8]!r}")
        if len(buffer) < 2:
            return b""
        if buffer[1] != 0:
            raise HandshakeError("auth_failed", f"status {buffer[1]}")
        self._buffer = buffer[2:]
        self._step = _Socks5._read_reply
        return self._request + self._read_reply()

    def _read_reply(self) -> bytes:
        buffer = self._buffer
        if buffer[:1] not in (b"\5", b""):
            raise HandshakeError("bad_answer", f"starts with {buffer[:8]!r}")
        if len(buffer) >= 2 and buffer[1] != 0:
            # At once: some servers send no more than this where they refuse.
            raise HandshakeError(
                _SOCKS5_REASONS.get(buffer[1], "bad_answer"), f"reply code {buffer[1]}"
            )
        if len(buffer) < 5:
            return b""
        kind = buffer[3]
        if kind == 3:
            length = 7 + buffer[4]
        elif kind in self._ADDRESS_BYTES:
            length = 6 + self._ADDRESS_BYTES[kind]
        else:
            raise HandshakeError("bad_answer", f"address type {kind}")
        return self._finish(length) if len(buffer) >= length else b""


def _socks5_address(host: str) -> bytes:
    try:
        ip = ip_address(host)
    except ValueError:
        if ":" in host:
            raise HandshakeError("bad_destination", f"{host!r} is not a host") from None
        name = host.encode("ascii")
        return b"\3" + bytes([len(name)]) + name
    return (b"\4" if isinstance(ip, IPv6Address) else b"\1") + ip.packed
