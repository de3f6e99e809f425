"""The picture that a phone's camera takes a secret from, drawn here."""

from base64 import b32encode
from urllib.parse import quote, urlencode

import segno
from django.utils.safestring import SafeString, mark_safe

ISSUER = "Luffy"


def secret_as_text(secret: str) -> str:
    """A secret in groups of four letters, to be typed."""
    letters = b32encode(bytes.fromhex(secret)).decode()
    return " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def address(username: str, secret: str, issuer: str = ISSUER) -> str:
    """What the picture says, as authenticator apps read it.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    letters = b32encode(bytes.fromhex(secret)).decode()
    label = quote(f"{issuer}:{username}")
    return f"otpauth://totp/{label}?{urlencode({'secret': letters, 'issuer': issuer})}"


def picture(text: str, title: str) -> SafeString:
    """An SVG to stand within a page: black on white in light and dark themes."""
    drawn = segno.make_qr(text).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", title=title, svgclass="office-qr"
    )
    # segno escapes the title, and the rest are numbers.
    return mark_safe(drawn)  # noqa: S308
