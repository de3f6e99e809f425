"""Codes of links: drawn ones, which nobody can guess, and names that an owner chose."""

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Letters and digits without those that are taken for one another: 0 and O, 1, I and l."""
LONGEST = 32
CODE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{2,{LONGEST - 1}}}")
"""What may be a code at all; anything else is answered without asking a store."""

NAME = r"[a-z0-9](?:[a-z0-9_-]{1,30})[a-z0-9]"
NAME_EXPECTED = (
    "3 to 32 of a-z, 0-9, - and _, a letter or digit at both ends, and no word of the service's own"
)
RESERVED = frozenset(
    (
        *("about", "account", "admin", "api", "assets", "docs", "docs-assets", "favicon", "health"),
        *("healthz", "help", "index", "links", "login", "logout", "metrics", "openapi", "qr"),
        *("readyz", "redoc", "robots", "root", "security", "sitemap", "static", "statistics"),
        *("status", "support", "swagger", "system", "well-known", "www"),
    )
)
"""Names that are addresses of this service, may become some, or would pass for official ones."""


def draw(length: int) -> str:
    """A code from the system's source of chance."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def is_code(text: str) -> bool:
    """Whether a link could have this code."""
    return CODE.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether an owner may choose this name.

    Lower case alone: of two names that differ in nothing else, one would lead people astray.
    """
    return re.fullmatch(NAME, text) is not None and text not in RESERVED
