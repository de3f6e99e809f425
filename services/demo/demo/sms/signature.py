"""Alibaba Cloud's RPC signature, version 1.0: HMAC-SHA1 over the sorted parameters, in Base64.

Source: help.aliyun.com, "RPC style: signature mechanism".
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote


def percent_encode(text: str) -> str:
    """As RFC 3986 has it: a blank is %20, `*` is %2A, and `~` stays as it is."""
    return quote(text, safe="~")


def signed_text(method: str, values: Mapping[str, str]) -> str:
    """What the signature of a request is over."""
    canonical = "&".join(
        f"{percent_encode(name)}={percent_encode(value)}"
        for name, value in sorted(values.items())
        if name != "Signature"
    )
    return f"{method}&{percent_encode('/')}&{percent_encode(canonical)}"


def sign(secret: str, text: str) -> str:
    """The signature of `text` by the owner of an AccessKey's secret."""
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")
