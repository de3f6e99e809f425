"""Links to files that the front end's nginx serves to those alone who were given one.

    /protected/section/NAME.mp4?expires=1767225600&signature=…

The signature is an HMAC-SHA256 over the path, the moment of expiry, the holder's cookie and the
name to save under. nginx makes the same sum from what it is asked for
(`services/luffycity/nginx/protected_links.js`): the two are kept together by known answers that
stand in both services' tests.
"""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings

FOLDER = "protected"
"""Below MEDIA_ROOT. nginx serves nothing of it as `/media/`."""
ANYONE = ""
"""The holder of a link to what everybody may see."""


@dataclass(frozen=True)
class Link:
    """Where a file can be had until `expires`, in seconds since 1970."""

    address: str
    expires: int


def make_link(file: str, holder: str, save_as: str = "") -> Link:
    """A link to `file`, a name on the volume that begins with `protected/`.

    Args:
        file: the file's name, as a FileField has it.
        holder: the value of the cookie that has to come along, or `ANYONE`.
        save_as: the name that a browser saves it under; without one it is shown.

    Raises:
        ValueError: the file lies where anyone can have it.
    """
    if not file.startswith(f"{FOLDER}/"):
        raise ValueError(f"expected a name below {FOLDER}/, found {file!r}")
    path, quoted = f"/{file}", quote(save_as, safe="")
    # Whole minutes: who asks twice is given the same link, which a browser knows already.
    expires = int(time.time() + settings.MEDIA_LINK_LIFETIME_S) // 60 * 60 + 60
    name = f"&name={quoted}" if quoted else ""
    signature = sign(settings.MEDIA_SECRET, path, expires, holder, quoted)
    return Link(f"{path}?expires={expires}{name}&signature={signature}", expires)


def sign(secret: str, path: str, expires: int, holder: str, quoted_name: str) -> str:
    """The signature, in the letters of base64url without padding (RFC 4648).

    No part holds a line break, so no two sets of parts make the same text.
    """
    text = "\n".join((path, str(expires), holder, quoted_name))
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
