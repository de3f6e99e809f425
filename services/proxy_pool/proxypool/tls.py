"""TLS over a connection that already exists, driven by hand.

A tunnel's first bytes are the proxy's and its later ones the destination's, so the transport stays
with its owner and TLS is a layer that bytes are passed through. It costs as much as a transport of
the event loop's own (`loop.start_tls`), about a millisecond: the handshake itself is what counts.
"""

import ssl
from pathlib import Path

import certifi

from proxypool.http1 import TlsFailedError, TlsUnverifiedError, TooLargeError

_READ_BYTES = 16 * 1024
_MAX_HANDSHAKE_BYTES = 128 * 1024


def verifying_context(ca_file: Path | None) -> ssl.SSLContext:
    """A client's context: certificates are verified, host names compared.

    Trusts the system's authorities, or certifi's where the system has none, and those of `ca_file`.
    To be made once a process: it costs milliseconds. Raises OSError (also ssl.SSLError) where
    `ca_file` cannot be read.
    """
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    # Python 3.13 also asks private authorities for extensions that many of them leave out.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


class TlsLayer:
    """One client's side: `start`, then `feed` what comes; both give what to send."""

    __slots__ = ("_incoming", "_object", "_outgoing", "_received", "established")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._received = 0
        self.established = False
        """Whether the handshake is done and the certificate verified."""

    def start(self) -> bytes:
        """The first bytes to send."""
        self._shake_hands()
        return self._outgoing.read()

    def feed(self, data: bytes) -> bytes:
        """Take what came during the handshake; what to send next, if anything.

        Raises TlsUnverifiedError, TlsFailedError, TooLargeError.
        """
        self._received += len(data)
        if self._received > _MAX_HANDSHAKE_BYTES:
            raise TooLargeError(f"more than {_MAX_HANDSHAKE_BYTES} bytes of TLS handshake")
        self._incoming.write(data)
        self._shake_hands()
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> bytes:
        """The bytes to send for `data`."""
        self._object.write(data)
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> tuple[bytes, bool]:
        """What `data` says, and whether the peer has ended what it says. Raises TlsFailedError."""
        self._incoming.write(data)
        pieces = []
        try:
            while piece := self._object.read(_READ_BYTES):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            return b"".join(pieces), False
        except ssl.SSLZeroReturnError:
            pass
        except ssl.SSLError as error:
            raise TlsFailedError(str(error.reason)) from error
        return b"".join(pieces), True

    def _shake_hands(self) -> None:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLCertVerificationError as error:
            raise TlsUnverifiedError(error.verify_message) from error
        except ssl.SSLError as error:
            raise TlsFailedError(str(error.reason)) from error
        self.established = True
