"""The audit log: who asked this host for what, and how it ended. Lines are only ever added.

Three things keep it so: the file may only be appended to where its file system can be told that
(ioctl_iflags(2), as `chattr +a` does); each line holds the hash of the line before; and the last
line's hash is written down beside it. Root can undo all three, but not by mistake and not by
editing one file.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
from collections.abc import Mapping
from typing import Any

from engine.journal import utc_now
from engine.layout import Layout, read_json, write_json
from engine.trees import make_folder, sha256

FILE_MODE = 0o600
# linux/fs.h. The size in the numbers is a long's, what is read and written is an int.
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS = 0x80086601, 0x40086602
FS_APPEND_FL = 0x20


def append(layout: Layout, entry: Mapping[str, Any]) -> None:
    """Append one entry (verb, by, from, why, arguments, run, outcome, exit_code …).

    It gets its number, its time and the hash of the line before, and is on the disk when this
    returns. Raises OSError.
    """
    make_folder(layout.root)
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(layout.audit, flags, FILE_MODE)
    try:
        # Given back with the descriptor, by the kernel if need be.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        lines = _content(descriptor).split(b"\n")
        # A crash may have cut the last line. It cannot be taken back: it stays a line of its own.
        cut = lines[-1]
        lines = lines if cut else lines[:-1]
        number, previous = len(lines), sha256(lines[-1]) if lines else ""
        head = read_json(layout.audit_head)
        if not _vouched(lines, head):
            # Go on from what was written, not from what a hand made of it: it shows for ever.
            number, previous = max(number, int(head["n"])), str(head["sha256"])
        record = {"n": number + 1, "time": utc_now(), **entry, "previous": previous}
        line = json.dumps(record, ensure_ascii=False).encode()
        os.write(descriptor, (b"\n" if cut else b"") + line + b"\n")
        os.fsync(descriptor)
        _append_only(descriptor)
        write_json(layout.audit_head, {"n": record["n"], "sha256": sha256(line)})
    finally:
        os.close(descriptor)


def read(layout: Layout) -> tuple[list[dict[str, Any]], int | None]:
    """Every entry, oldest first, and the number of the first line that cannot be trusted, if any.

    That line does not follow from the one before it, or is not the one that was written last.
    """
    try:
        content = layout.audit.read_bytes()
    except FileNotFoundError:
        content = b""
    *lines, tail = content.split(b"\n")
    entries: list[dict[str, Any]] = []
    doubtful: list[int] = []
    previous = ""
    for number, line in enumerate(lines, 1):
        entry = _parsed(line)
        if entry is None:
            # What a crash cut is followed by the line that vouches for it, or by the start of one.
            if number == len(lines) and not tail:
                doubtful.append(number)
        else:
            entries.append(entry)
            if (entry.get("n"), entry.get("previous")) != (number, previous):
                doubtful.append(number)
        previous = sha256(line)
    head = read_json(layout.audit_head)
    if not _vouched(lines, head):
        doubtful.append(min(int(head["n"]), len(lines) + 1))
    return entries, min(doubtful, default=None)


def _vouched(lines: list[bytes], head: dict[str, Any]) -> bool:
    """Whether the line that was written last is there as it was; a head that is lost says nothing.

    There may be more lines: a crash came before the head was written.
    """
    last, digest = head.get("n"), head.get("sha256")
    if not isinstance(last, int) or not isinstance(digest, str):
        return True
    return 0 < last <= len(lines) and sha256(lines[last - 1]) == digest


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _append_only(descriptor: int) -> bool:
    """Tell the file system that the file may only grow; returns whether it does that."""
    try:
        found = fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, bytes(8))
        flags = struct.unpack_from("i", found)[0]
        if not flags & FS_APPEND_FL:
            wanted = struct.pack("i", flags | FS_APPEND_FL).ljust(8, b"\0")
            fcntl.ioctl(descriptor, FS_IOC_SETFLAGS, wanted)
    except OSError:
        # overlayfs and tmpfs have no such flag, and a container no right to it: the hashes remain.
        return False
    return True
