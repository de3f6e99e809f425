"""The proxy's side of SOCKS4, SOCKS4a (OpenSSH's description) and SOCKS5 (RFC 1928, RFC 1929).

Bytes in, bytes out: it connects to nothing. After `request` is set, the client waits for
`granted` or `refused`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from demo.behaviour import Protocol
from demo.settings import Destination

_MAX_HANDSHAKE_BYTES = 1024
_NO_CREDENTIALS, _USERNAME_PASSWORD, _NO_METHOD = 0, 2, 255
_IPV4, _NAME, _IPV6 = 1, 3, 4
_UNSPECIFIED = b"\x00\x01" + bytes(6)  # as the address that the proxy is bound to
NOT_ALLOWED, UNREACHABLE = 2, 4
_FAILURE, _NO_SUCH_COMMAND, _NO_SUCH_ADDRESS = 1, 7, 8


class BadHandshakeError(Exception):
    """What the client sent is not SOCKS; there is nothing to answer."""


@dataclass(frozen=True, slots=True)
class Lock:
    """The credentials that are right; without a user name, none are."""

    username: str
    password: str


class Socks5:
    """One handshake of SOCKS5."""

    def __init__(self, lock: Lock | None) -> None:
        self._lock = lock
        self._data = b""
        # Not bound to the instance: that would be a cycle for the garbage collector.
        self._step: Callable[[Socks5], bytes] = Socks5._greeting
        self.request: Destination | None = None
        self.failed = False
        """The last answer was a refusal: the connection is to be closed."""
        self.protocol = Protocol.SOCKS5

    @property
    def rest(self) -> bytes:
        """What came after the handshake."""
        return self._data

    def feed(self, data: bytes) -> bytes:
        """What to answer to `data`. Raises BadHandshakeError."""
        self._data += data
        answer = b""
        while self.request is None and not self.failed:
            before = len(self._data)
            answer += self._step(self)
            if len(self._data) == before:
                break
        if self.request is None and len(self._data) > _MAX_HANDSHAKE_BYTES:
            raise BadHandshakeError(f"more than {_MAX_HANDSHAKE_BYTES} bytes")
        return answer

    def granted(self) -> bytes:
        """The connection stands."""
        return b"\x05\x00" + _UNSPECIFIED

    def refused(self, code: int) -> bytes:
        """It does not, for the reason `code` (RFC 1928, 6)."""
        self.failed = True
        return bytes((5, code)) + _UNSPECIFIED

    def _take(self, count: int) -> bytes:
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def _greeting(self) -> bytes:
        if len(self._data) < 2 or len(self._data) < 2 + self._data[1]:
            return b""
        methods = self._take(2 + self._data[1])[2:]
        wanted = _NO_CREDENTIALS if self._lock is None else _USERNAME_PASSWORD
        if wanted not in methods:
            self.failed = True
            return bytes((5, _NO_METHOD))
        self._step = Socks5._asked if self._lock is None else Socks5._credentials
        return bytes((5, wanted))

    def _credentials(self) -> bytes:
        data = self._data
        if len(data) < 2 or len(data) < 3 + data[1] or len(data) < 3 + data[1] + data[2 + data[1]]:
            return b""
        if data[0] != 1:
            raise BadHandshakeError(f"version {data[0]} of the credentials")
        username = self._take(2 + data[1])[2:]
        password = self._take(1 + self._data[0])[1:]
        lock = self._lock
        if lock and lock.username:
            self.failed = (username, password) != (lock.username.encode(), lock.password.encode())
        else:
            self.failed = True
        self._step = Socks5._asked
        return b"\x01\x01" if self.failed else b"\x01\x00"

    def _asked(self) -> bytes:
        data = self._data
        if len(data) < 5:
            return b""
        if data[0] != 5:
            raise BadHandshakeError(f"version {data[0]} of the request")
        sizes = {_IPV4: 4, _NAME: 1 + data[4], _IPV6: 16}
        if data[3] not in sizes:
            return self.refused(_NO_SUCH_ADDRESS)
        size = sizes[data[3]]
        if len(data) < 6 + size:
            return b""
        asked = self._take(6 + size)
        if asked[1] != 1:
            return self.refused(_NO_SUCH_COMMAND)
        host = _host(asked[3], asked[4 : 4 + size])
        if not host:
            return self.refused(_FAILURE)
        self.request = Destination(host, int.from_bytes(asked[-2:], "big"))
        return b""


class Socks4:
    """One handshake of SOCKS4, or SOCKS4a where `takes_names`; `lock` has the right user id."""

    def __init__(self, lock: Lock | None, *, takes_names: bool) -> None:
        self._lock = lock
        self._takes_names = takes_names
        self._data = b""
        self.request: Destination | None = None
        self.failed = False
        self.protocol = Protocol.SOCKS4

    @property
    def rest(self) -> bytes:
        """What came after the handshake."""
        return self._data

    def feed(self, data: bytes) -> bytes:
        """What to answer to `data`. Raises BadHandshakeError."""
        self._data += data
        if len(self._data) < 9:
            return b""
        address = self._data[4:8]
        is_name = address[:3] == b"\x00\x00\x00" and address[3] != 0
        parts = self._data[8:].split(b"\x00", 2 if is_name else 1)
        if len(parts) < (3 if is_name else 2):
            if len(self._data) > _MAX_HANDSHAKE_BYTES:
                raise BadHandshakeError(f"more than {_MAX_HANDSHAKE_BYTES} bytes")
            return b""
        command, port = self._data[1], int.from_bytes(self._data[2:4], "big")
        self._data = parts[-1]
        if is_name:
            self.protocol = Protocol.SOCKS4A
        host = _host(_NAME, b"\x00" + parts[1]) if is_name else str(IPv4Address(address))
        if command != 1 or not host or (is_name and not self._takes_names):
            return self.refused(_FAILURE)
        if self._lock and parts[0] != self._lock.username.encode():
            self.failed = True
            return b"\x00\x5d" + bytes(6)  # another user id
        self.request = Destination(host, port)
        return b""

    def granted(self) -> bytes:
        """The connection stands."""
        return b"\x00\x5a" + bytes(6)

    def refused(self, code: int) -> bytes:
        """It does not; SOCKS4 has one code for all reasons but wrong user ids."""
        del code
        self.failed = True
        return b"\x00\x5b" + bytes(6)


def _host(kind: int, data: bytes) -> str:
    """The host in `data`; empty where it is none."""
    if kind == _IPV4:
        return str(IPv4Address(data))
    if kind == _IPV6:
        ip = IPv6Address(data)
        return str(ip.ipv4_mapped or ip)
    name = data[1:]
    if not name.isascii():
        return ""
    host = name.decode("ascii").lower().rstrip(".")
    return "" if any(c.isspace() or not c.isprintable() for c in host) else host
