"""Downloads that go on where they broke off, and end with a file that is whole or with none.

断点续传：从中断处继续，最终得到完整的文件，否则什么都不留下。
"""

from __future__ import annotations

import hashlib
import tempfile
from base64 import b64encode
from pathlib import Path

import requests
from addresses import lab_addresses

TIMEOUT_S = (1, 5)
PIECE_BYTES = 64 * 1024


class DownloadError(Exception):
    """The file is not to be had: it broke off too often, or is not what the server says."""


def download(session: requests.Session, url: str, to: Path, attempts: int = 6) -> None:
    """Write what is at `url` to `to`. Raises DownloadError, or HTTPError at a status from 400 up.

    What came so far lies beside it, with the name of its version, and serves the next call, too.
    """
    part, version = to.with_name(to.name + ".part"), to.with_name(to.name + ".etag")
    for _ in range(attempts):
        if attempt(session, url, part, version):
            part.rename(to)  # in one step: nobody ever sees a half of it under its own name
            version.unlink()
            return
    raise DownloadError(f"{url}: broke off {attempts} times, at {part.stat().st_size} bytes")


def attempt(session: requests.Session, url: str, part: Path, version: Path) -> bool:
    """One request for what is missing; whether the file is whole now."""
    have = part.stat().st_size if part.exists() and version.exists() else 0
    # A compressed answer has no places to go on from: ask for the bytes as they are.
    headers = {"Accept-Encoding": "identity"}
    if have:
        # If-Range: the rest of that very version, or all of the one that is there now. Without it
        # two halves of different files would fit together.
        headers |= {"Range": f"bytes={have}-", "If-Range": version.read_text()}
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        if have and answer.status_code == requests.codes.requested_range_not_satisfiable:
            # There is nothing from there on: the file was whole, and had not got its name yet.
            print(f"  416, goes on at {have} of {version.read_text()}", end=": ")
            return is_whole(session, url, part, version, answer.headers.get("Content-Range", ""))
        answer.raise_for_status()
        is_rest = answer.status_code == requests.codes.partial_content
        if is_rest and not answer.headers["Content-Range"].startswith(f"bytes {have}-"):
            raise DownloadError(f"asked from {have} on, got {answer.headers['Content-Range']}")
        version.write_text(answer.headers["ETag"])
        said = f"  {answer.status_code}, {'goes on at' if is_rest else 'begins at'}"
        print(said, f"{have if is_rest else 0} of {answer.headers['ETag']}", end=": ")
        with part.open("ab" if is_rest else "wb") as file:
            try:
                for piece in answer.iter_content(PIECE_BYTES):
                    file.write(piece)
            except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError):
                # The first where the connection closed too early, the second where it fell silent.
                print(f"broke off, {file.tell()} bytes are there")
                return False
        print(f"whole, {part.stat().st_size} bytes")
        verify(part, answer.headers["Repr-Digest"])
    return True


def is_whole(session: requests.Session, url: str, part: Path, version: Path, told: str) -> bool:
    """Whether what is there is all of that version; what is none of it is emptied."""
    have = part.stat().st_size
    headers = {"Accept-Encoding": "identity"}
    with session.head(url, headers=headers, timeout=TIMEOUT_S) as answer:
        answer.raise_for_status()
        if told != f"bytes */{have}" or answer.headers["ETag"] != version.read_text():
            print(f"no part of it, {told} is told")
            part.write_bytes(b"")
            return False
        print(f"whole, {have} bytes")
        verify(part, answer.headers["Repr-Digest"])
    return True


def verify(file: Path, told: str) -> None:
    """Compare with what the server says of the whole file (RFC 9530). Raises DownloadError."""
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").digest()
    if told != f"sha-256=:{b64encode(digest).decode()}:":
        file.unlink()
        raise DownloadError("the digest is another one: the file was thrown away")


def main() -> None:
    """Download what breaks off after 1.5 MiB each time."""
    at = lab_addresses(__doc__)
    url = at.lab("/downloads/file?bytes=4194304&breaks_after=1572864")
    with tempfile.TemporaryDirectory() as folder, requests.Session() as session:
        to = Path(folder) / "course.mp4"
        print("a file that breaks off:")
        download(session, url, to)
        print(f"  {sorted(path.name for path in Path(folder).iterdir())}")
        to.unlink()
        print("one that is replaced by another version meanwhile:")
        try:
            download(session, url, to, attempts=2)
        except DownloadError as error:
            print("  DownloadError:", str(error).partition(": ")[2])
        whole = at.lab("/downloads/file?bytes=4194304&version=2")
        download(session, whole, to)
        to.unlink()
        print("one whose program was killed before the file got its name:")
        attempt(session, whole, Path(f"{to}.part"), Path(f"{to}.etag"))
        download(session, whole, to)
        print(f"  {sorted(path.name for path in Path(folder).iterdir())}")


if __name__ == "__main__":
    main()
