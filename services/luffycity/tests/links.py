"""Links as luffy_api makes them (luffy/media_links.py), and a few that it made for good.

The same known links stand in luffy_api's tests/test_media_links.py.
"""

import base64
import hashlib
import hmac
import time
from urllib.parse import quote

SECRET = "0123456789abcdef-ABCDEF_0123456789"
HOLDER = "ab" * 32
VIDEO = "0f" * 16
OTHER = "1e" * 16
FOREVER = 4102444800  # the year 2100

KNOWN = (
    # path, expires, holder, name as it stands in the link, signature
    (
        f"/protected/section/{VIDEO}.mp4",
        FOREVER,
        HOLDER,
        "",
        "ooQw2lwx_9NuOl-V-erp1apcXlHyoAiooLYMefjpXTo",
    ),
    (
        f"/protected/section/{VIDEO}.mp4",
        FOREVER,
        "",
        "",
        "V5MnWkveUHBzD2vgDv-UbKz6vADjVDra4ajpQ4QBasM",
    ),
    (
        f"/protected/attachment/{VIDEO}.txt",
        FOREVER,
        HOLDER,
        "%E5%B8%86%20%26%20sail.txt",
        "NLn82_l_ixe0QTkF6Rhq95FWv_Yig6vxWi6_xy-5mZY",
    ),
)


def link(
    path: str = f"/protected/section/{VIDEO}.mp4",
    holder: str = HOLDER,
    name: str = "",
    expires: int | None = None,
    secret: str = SECRET,
) -> str:
    """A link that is good for an hour, unless something else is asked for."""
    moment = int(time.time()) + 3600 if expires is None else expires
    quoted = quote(name, safe="")
    text = "\n".join((path, str(moment), holder, quoted))
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    signature = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return target(path, moment, quoted, signature)


def target(path: str, expires: int, quoted: str, signature: str) -> str:
    """The parts of a link in their order."""
    return f"{path}?expires={expires}{f'&name={quoted}' if quoted else ''}&signature={signature}"
