"""Uploads: one file, many, a stream of unknown length, progress, and more than fits into memory.

上传：单个文件、多个文件、未知长度的流、进度显示，以及大于内存的文件。
"""

from __future__ import annotations

import hashlib
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import requests
from addresses import Addresses, lab_addresses

TIMEOUT_S = (1, 30)
MIB = 1024 * 1024
MORE_MEMORY_BYTES, LARGE_BYTES = 32 * MIB, 96 * MIB


def form(at: Addresses, **options: Any) -> None:
    """Send a form, and print what the server found in it."""
    answer = requests.post(at.lab("/uploads/form"), timeout=TIMEOUT_S, **options)
    answer.raise_for_status()
    for part in answer.json()["parts"]:
        print(f"  {part['name']}: {part['filename']}, {part['type']}, {part['bytes']} bytes")


def one_and_many(at: Addresses, folder: Path) -> None:
    """Files in a form (multipart/form-data): requests makes the whole body in memory."""
    notes, picture = folder / "笔记.txt", folder / "picture.png"
    notes.write_text("第一课\n", encoding="utf-8")
    picture.write_bytes(b"\x89PNG" + bytes(60))
    with notes.open("rb") as first, picture.open("rb") as second:
        print("one file, and a field beside it:")
        # (name, content, type): the name is yours to choose, a path of this machine is nobody's
        # business. Never set Content-Type yourself: the boundary between the parts stands in it.
        form(at, data={"title": "Lesson 1"}, files={"notes": ("notes.txt", first, "text/plain")})
        print("many, two of them under one name:")
        first.seek(0)
        form(at, files=[("file", first), ("file", second), ("csv", ("a.csv", "1,2\n", "text/csv"))])


def streamed(at: Addresses) -> None:
    """A generator has no length: the body goes in chunks (Transfer-Encoding: chunked)."""

    def lines() -> Iterator[bytes]:
        for number in range(1000):
            yield f"line {number}\n".encode()

    told = requests.post(at.lab("/uploads/stream"), data=lines(), timeout=TIMEOUT_S).json()
    print(f"a generator: {told['bytes']} bytes, {told['headers']}")


class Progress:
    """A file that is looked at while requests reads it. It hashes, too, so that it is read once."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size, self._read = file, size, 0
        self._quarter = 0
        self.sha256 = hashlib.sha256()

    def __len__(self) -> int:
        """With a length requests sends Content-Length, which many servers insist on."""
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        """What has this is streamed; it is then read by `read`."""
        return iter(lambda: self.read(64 * 1024), b"")

    def read(self, size: int = -1) -> bytes:
        """The next piece; urllib3 asks for 16 KiB at a time."""
        piece = self._file.read(size)
        self.sha256.update(piece)
        self._read += len(piece)
        if self._read * 4 // self._size > self._quarter:
            self._quarter = self._read * 4 // self._size
            print(f"  {self._quarter * 25} %")
        return piece


def larger_than_memory(at: Addresses, folder: Path) -> None:
    """Send three times of what this process may still take, read piece by piece."""
    large = folder / "large.bin"
    with large.open("wb") as file:
        file.truncate(LARGE_BYTES)  # zeros that take no room on the disk
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MORE_MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    print(f"{LARGE_BYTES // MIB} MiB, with {MORE_MEMORY_BYTES // MIB} MiB of memory:")
    url = at.lab("/uploads/stream")
    for way in ("data=file.read()", "files={'file': file}"):
        with large.open("rb") as file:
            try:
                if way.startswith("data"):
                    requests.post(url, data=file.read(), timeout=TIMEOUT_S)
                else:
                    requests.post(url, files={"file": file}, timeout=TIMEOUT_S)
                print(f"  {way}: sent")
            except MemoryError:
                print(f"  {way}: MemoryError")
    with large.open("rb") as file:
        body = Progress(file, LARGE_BYTES)
        told = requests.put(url, data=body, timeout=TIMEOUT_S).json()
    same = told["sha256"] == body.sha256.hexdigest()
    print(f"  data=file: {told['bytes']} bytes arrived, the same SHA-256: {same}")


def main() -> None:
    """Each way, from the smallest to the largest."""
    at = lab_addresses(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        one_and_many(at, Path(folder))
        streamed(at)
        larger_than_memory(at, Path(folder))


if __name__ == "__main__":
    main()
