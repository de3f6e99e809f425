"""Certificates as operators have them made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
KEYS: dict[str, Callable[[], Any]] = {
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
SOMEBODY = x509.NameAttribute(NameOID.COMMON_NAME, "somebody")
SOME_END = datetime(2031, 5, 17, 23, 59, 58, tzinfo=timezone.utc)


def made(
    end: datetime = SOME_END,
    kind: str = "ec",
    names: Sequence[x509.NameAttribute[str]] = (SOMEBODY,),
) -> tuple[bytes, bytes]:
    """A key and its certificate, PEM."""
    key = KEYS[kind]()
    name = x509.Name(names)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - 400 * DAY)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.test")]), critical=False)
        .sign(key, None if kind == "ed25519" else hashes.SHA256())
    )
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return written, certificate.public_bytes(serialization.Encoding.PEM)
