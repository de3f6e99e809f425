"""RSA keys and secrets from files, refused with what is wrong with them."""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MIN_KEY_BITS = 2048  # what RSA2 asks for
_MAX_BYTES = 64 * 1024
_Key = TypeVar("_Key")


class BadFileError(ValueError):
    """A file does not hold what it should; the text says what was found, never its content."""


def read_public_key(path: str) -> rsa.RSAPublicKey:
    """The RSA public key in a file: PEM, or bare Base64 of X.509 or PKCS#1 as Alipay's console
    gives it. Raises BadFileError."""
    key = _read_key(path, serialization.load_pem_public_key, serialization.load_der_public_key)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        raise BadFileError(f"{path!r}, whose key is no RSA key of {MIN_KEY_BITS} bits or more")
    return key


def read_private_key(path: str) -> rsa.RSAPrivateKey:
    """The RSA private key in a file: PEM, or bare Base64 of PKCS#8 or PKCS#1 as Alipay's tools
    give it. Raises BadFileError."""

    def pem(content: bytes) -> object:
        return serialization.load_pem_private_key(content, None)

    def der(content: bytes) -> object:
        return serialization.load_der_private_key(content, None)

    key = _read_key(path, pem, der)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < MIN_KEY_BITS:
        raise BadFileError(f"{path!r}, whose key is no RSA key of {MIN_KEY_BITS} bits or more")
    return key


def read_secret(path: str) -> str:
    """The one line in a file. Raises BadFileError."""
    try:
        secret = _read(path).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise BadFileError(f"{path!r}, which is not plain ASCII") from error
    if not secret or not secret.isprintable() or " " in secret:
        raise BadFileError(f"{path!r}, which is not one line without blanks")
    return secret


def new_private_key() -> str:
    """A new RSA private key as PEM (PKCS#8)."""
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=MIN_KEY_BITS)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def public_key_of(private_key: bytes) -> str:
    """The public key of a private key in PEM, as PEM (X.509). Raises BadFileError."""
    try:
        key = serialization.load_pem_private_key(private_key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadFileError("something in which there is no private key in PEM") from error
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise BadFileError(f"{path!r}: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise BadFileError(f"{path!r}, which is longer than {_MAX_BYTES} bytes")
    return content


def _read_key(path: str, pem: Callable[[bytes], _Key], der: Callable[[bytes], _Key]) -> _Key:
    content = _read(path).strip()
    try:
        # Lines before it explain it (RFC 7468).
        if b"-----BEGIN " in content:
            return pem(content)
        return der(base64.b64decode(b"".join(content.split()), validate=True))
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm) as error:
        raise BadFileError(f"{path!r}, in which there is no such key") from error
