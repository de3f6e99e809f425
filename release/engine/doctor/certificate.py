"""When a certificate ends, read from the certificate itself (RFC 5280, section 4.1).

The standard library does not tell that of a certificate in a file, and a host may lack openssl.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timezone

# RFC 7468; what stands around the blocks is explanation, or a key.
FIRST = re.compile(rb"-----BEGIN CERTIFICATE-----\s+(.*?)\s*-----END CERTIFICATE-----", re.DOTALL)
SEQUENCE, VERSION, UTC_TIME, GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
LONG = 0x80
"""Set in the first byte of a length that has bytes of its own; the others say how many."""
BEFORE_VALIDITY = 3
"""What stands before it, behind the version: serial number, signature's algorithm, issuer."""
CENTURY_BEGINS = 50
"""Of a year in two digits: those from here on are of the last century."""


def end_of_first(content: bytes) -> float | None:
    """When the first certificate of a PEM file ends, in Unix seconds; None if there is none.

    Raises ValueError for one that cannot be read, with no word of what is in it.
    """
    found = FIRST.search(content)
    if found is None:
        return None
    try:
        der = base64.b64decode(b"".join(found[1].split()), validate=True)
        return _moment(*_not_after(der)).replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, IndexError):
        raise ValueError("not a certificate, or damaged") from None


def _not_after(der: bytes) -> tuple[int, bytes]:
    """The tag and the content of the second of the two dates of a certificate."""
    certificate, _ = _take(der, SEQUENCE)
    rest, _ = _take(certificate, SEQUENCE)
    if rest[0] == VERSION:
        _, rest = _take(rest)
    for _ in range(BEFORE_VALIDITY):
        _, rest = _take(rest)
    validity, _ = _take(rest, SEQUENCE)
    _, not_after = _take(validity)
    content, _ = _take(not_after)
    return not_after[0], content


def _take(der: bytes, tag: int | None = None) -> tuple[bytes, bytes]:
    """The content of the first element, and what stands behind it."""
    if tag is not None and der[0] != tag:
        raise ValueError(tag)
    start, size = 2, der[1]
    if size & LONG:
        start += size & ~LONG
        size = int.from_bytes(der[2:start], "big")
    if len(der) < start + size:
        raise ValueError(size)
    return der[start : start + size], der[start + size :]


def _moment(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == UTC_TIME:
        text = ("19" if int(text[:2]) >= CENTURY_BEGINS else "20") + text
    elif tag != GENERALIZED_TIME:
        raise ValueError(tag)
    return datetime.strptime(text, "%Y%m%d%H%M%SZ")
