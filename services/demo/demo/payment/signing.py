"""Alipay's signatures: RSA2, that is SHA256withRSA (PKCS#1 v1.5), in Base64.

What is signed is `key=value` of all that is not empty, sorted by key and joined by `&`. Requests
leave out `sign` alone; notifications and returns leave out `sign_type` too.
Source: opendocs.alipay.com, "self-made signatures" and "verifying asynchronous notifications".
"""

import base64
import binascii
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_KEY_BITS = 2048


def signed_text(values: Mapping[str, str], *, with_sign_type: bool) -> str:
    """What the signature of `values` is over."""
    left_out = {"sign"} if with_sign_type else {"sign", "sign_type"}
    return "&".join(
        f"{key}={value}" for key, value in sorted(values.items()) if value and key not in left_out
    )


def verify(key: rsa.RSAPublicKey, text: str, signature: str) -> bool:
    """Whether `signature`, in Base64, is the one of `text` by the owner of `key`."""
    try:
        # A plus sign that was not percent-encoded arrives as a blank.
        raw = base64.b64decode(signature.replace(" ", "+"), validate=True)
        key.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


class Signer:
    """Signs as the gateway; with a key of its own where it is given none."""

    def __init__(self, key: rsa.RSAPrivateKey | None) -> None:
        self._key = key or rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)

    @property
    def public_pem(self) -> str:
        """The public key, for merchants that are to verify."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode("ascii")
        )

    def sign(self, text: str) -> str:
        """The signature of `text`, in Base64."""
        raw = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(raw).decode("ascii")

    def sign_values(self, values: Mapping[str, str]) -> dict[str, str]:
        """`values` as a notification or a return carries them: with `sign_type` and `sign`."""
        text = signed_text(values, with_sign_type=False)
        return {**values, "sign_type": "RSA2", "sign": self.sign(text)}
