"""TLS over bytes: one side of a connection whose bytes come and go by other ways."""

import ssl


class TlsSession:
    """One side of a TLS connection. Every call may leave bytes for the peer: `outgoing`."""

    def __init__(
        self, context: ssl.SSLContext, *, server_side: bool, server_name: str | None = None
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=server_side, server_hostname=server_name
        )
        self._established = False
        self._waiting = bytearray()
        if not server_side:
            self._shake_hands()

    def feed(self, data: bytes) -> bytes:
        """Take `data` from the peer; what it says in clear. Raises ssl.SSLError."""
        self._incoming.write(data)
        if not self._established and not self._shake_hands():
            return b""
        plain = []
        try:
            while piece := self._object.read(65536):
                plain.append(piece)
        except ssl.SSLWantReadError:
            pass  # the rest of a record has not come yet
        except ssl.SSLZeroReturnError:
            pass  # the peer said goodbye; its connection ends too
        return b"".join(plain)

    def send(self, plain: bytes) -> None:
        """Say `plain` to the peer, after the handshake where that is not done."""
        if self._established:
            self._object.write(plain)
        else:
            self._waiting += plain

    def outgoing(self) -> bytes:
        """What is to go to the peer now."""
        return self._outgoing.read()

    def _shake_hands(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self._established = True
        if self._waiting:
            self._object.write(self._waiting)
            self._waiting.clear()
        return True


def unverified_client() -> ssl.SSLContext:
    """The context of someone who does not care whom he speaks with."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
