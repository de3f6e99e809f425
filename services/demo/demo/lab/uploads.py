"""Counts and hashes what it is sent, and keeps nothing."""

import hashlib
import re

from demo.lab.exchange import Endpoint, Exchange, RefusalError

MAX_STREAM_BYTES = 256 * 1024 * 1024
MAX_FORM_BYTES = 256 * 1024
_MAX_PARTS = 50
_BOUNDARY = re.compile(r'multipart/form-data; *boundary="?([\w\'()+,./:=?-]{1,70})"?', re.ASCII)
_DISPOSITION = re.compile(r'(?im)^content-disposition: *form-data; *name="([^"\r\n]*)"')
_FILENAME = re.compile(r'(?im)^content-disposition:[^\r\n]*; *filename="([^"\r\n]*)"')
_TYPE = re.compile(r"(?im)^content-type: *([^\r\n]*)")


async def stream(exchange: Exchange) -> None:
    """any body up to 256 MiB: how long it was, its SHA-256, and how its length was told"""
    digest, count = hashlib.sha256(), 0
    async for piece in exchange.body(MAX_STREAM_BYTES):
        digest.update(piece)
        count += len(piece)
    names = ("content-length", "transfer-encoding", "content-type")
    told = {name: exchange.headers[name] for name in names if name in exchange.headers}
    await exchange.answer_json({"bytes": count, "sha256": digest.hexdigest(), "headers": told})


async def form(exchange: Exchange) -> None:
    """a form with files (multipart/form-data) up to 256 KiB: what its parts were"""
    media_type = exchange.headers.get("content-type", "")
    boundary = _BOUNDARY.fullmatch(media_type)
    if boundary is None:
        raise RefusalError(415, f"expected multipart/form-data; found {media_type[:60]!r}")
    body = b"".join([piece async for piece in exchange.body(MAX_FORM_BYTES)])
    # RFC 2046, 5.1.1: each part stands behind a line of its own, and two dashes end the last one.
    pieces = (b"\r\n" + body).split(f"\r\n--{boundary[1]}".encode())
    parts = pieces[1:-1]
    if not parts or not pieces[-1].startswith(b"--"):
        raise RefusalError(400, "expected parts between boundaries; found none that are whole")
    if len(parts) > _MAX_PARTS:
        raise RefusalError(400, f"expected at most {_MAX_PARTS} parts; found {len(parts)}")
    await exchange.answer_json({"parts": list(map(_described, parts))})


def _described(part: bytes) -> dict[str, object]:
    """What a part is (RFC 7578: its names are UTF-8). Raises RefusalError 400."""
    raw, separator, content = part.partition(b"\r\n\r\n")
    head = raw.decode("utf-8", "replace")
    name, filename, media_type = (
        found[1] if (found := shape.search(head)) else None
        for shape in (_DISPOSITION, _FILENAME, _TYPE)
    )
    if not separator or name is None:
        raise RefusalError(
            400, "expected a part with Content-Disposition: form-data; name=…; found none"
        )
    return {
        "name": name,
        "filename": filename,
        "type": media_type,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


ENDPOINTS = (
    Endpoint("/uploads/stream", stream, ("POST", "PUT")),
    Endpoint("/uploads/form", form, ("POST",)),
)
