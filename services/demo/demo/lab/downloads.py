"""A file that breaks off on its way, and can be had in parts (RFC 9110, 14)."""

import asyncio
import functools
import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator

from demo.lab.exchange import BYTES, PIECE_BYTES, Endpoint, Exchange, RefusalError

_DEFAULT_BYTES = 4 * 1024 * 1024
_MAX_BYTES = 16 * 1024 * 1024
_MAX_VERSION = 9


async def file(exchange: Exchange) -> None:
    """`?bytes=` of `?version=`; no answer holds more than `?breaks_after=` of them (0: all)"""
    size = exchange.number_of("bytes", _DEFAULT_BYTES, _MAX_BYTES)
    version = exchange.number_of("version", 1, _MAX_VERSION)
    breaks_after = exchange.number_of("breaks_after", 0, _MAX_BYTES)
    etag = f'"{version}-{size}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        # Of the whole file, however much of it is sent (RFC 9530).
        "Repr-Digest": f"sha-256=:{await asyncio.to_thread(_digest, size, version)}:",
    }
    start, end, status = 0, size, 200
    # What was begun of another version is of no use: the whole of this one (RFC 9110, 13.1.5).
    if exchange.headers.get("if-range", etag) == etag and "range" in exchange.headers:
        start, end = _range(exchange.headers["range"], size)
        status = 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    length = end - start
    sent = min(length, breaks_after or length)
    if sent == length or exchange.method == "HEAD":
        headers["Content-Length"] = str(length)
        await exchange.answer(_pieces(start, end, version), status, BYTES, headers)
        return
    lines = {**headers, "Content-Type": BYTES, "Content-Length": str(length)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    reason = "OK" if status == 200 else "Partial Content"
    await exchange.send(f"HTTP/1.1 {status} {reason}\r\n{head}\r\n".encode())
    async for piece in _pieces(start, start + sent, version):
        await exchange.send(piece)


def _range(text: str, size: int) -> tuple[int, int]:
    """First byte and the one behind the last, of one range. Raises RefusalError 416."""
    found = re.fullmatch(r"bytes=(\d{1,11})-(\d{0,11})", text, re.ASCII)
    start = int(found[1]) if found else size
    end = min(int(found[2]) + 1, size) if found and found[2] else size
    if not start < end:
        why = f"Range: expected bytes=START- within {size} bytes; found {text[:60]!r}"
        raise RefusalError(416, why, Content_Range=f"bytes */{size}")
    return start, end


@functools.cache
def _block(version: int) -> bytes:
    """What the file is made of, again and again: a length that divides no size shows every gap."""
    return hashlib.shake_128(f"version {version}".encode()).digest(PIECE_BYTES - 1)


def _parts(start: int, end: int, version: int) -> Iterator[bytes]:
    block = _block(version)
    while start < end:
        offset = start % len(block)
        part = block[offset : offset + end - start]
        yield part
        start += len(part)


async def _pieces(start: int, end: int, version: int) -> AsyncIterator[bytes]:
    for part in _parts(start, end, version):
        yield part


@functools.lru_cache(maxsize=64)
def _digest(size: int, version: int) -> str:
    digest = hashlib.sha256()
    for part in _parts(0, size, version):
        digest.update(part)
    return b64encode(digest.digest()).decode()


ENDPOINTS = (Endpoint("/downloads/file", file),)
