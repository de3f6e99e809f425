"""Folders of small files: read into memory, hashed, and written so that no half of one is seen."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import EngineError, RefusedError

Tree = Mapping[str, bytes]

FILE_MODE = 0o644
FOLDER_MODE = 0o755
MAX_TREE_BYTES = 32 * 1024 * 1024


def sha256(content: bytes) -> str:
    """The hex SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def canonical(value: Any) -> bytes:
    """JSON bytes that are equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def tree_digest(tree: Tree) -> str:
    """The hex SHA-256 of a folder's relative names and contents (modes are always ours)."""
    return sha256(canonical({name: sha256(content) for name, content in tree.items()}))


def read_tree(folder: Path) -> dict[str, bytes]:
    """Read every file below `folder`: relative POSIX name to content.

    Raises RefusedError for anything that is not a plain file or folder, and for more than 32 MiB.
    """
    tree: dict[str, bytes] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise RefusedError(
                str(path), "a plain file or folder", "a link or a special file", "replace it"
            )
        if path.is_file():
            content = path.read_bytes()
            total += len(content)
            if total > MAX_TREE_BYTES:
                raise RefusedError(
                    str(folder), f"at most {MAX_TREE_BYTES} bytes", "more", "ship data as a volume"
                )
            tree[path.relative_to(folder).as_posix()] = content
    return tree


def try_read_tree(folder: Path) -> dict[str, bytes] | None:
    """`read_tree`, or None where the folder is missing or is not what we would have written."""
    if not folder.is_dir():
        return None
    try:
        return read_tree(folder)
    except (EngineError, OSError):
        return None


def write_file(path: Path, content: bytes, mode: int = FILE_MODE, uid: int | None = None) -> None:
    """Replace one file atomically and durably; readers see the old or the new one, never half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        if uid is not None:
            os.fchown(file.fileno(), uid, uid)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (POSIX: a rename is durable once its folder is synced)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = FOLDER_MODE) -> None:
    """Create a folder and its parents with a mode that the umask cannot narrow."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)


def new_tree(folder: Path, tree: Tree) -> None:
    """Write a folder that must appear complete or not at all; one that exists is replaced."""
    make_folder(folder.parent)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    for leftover in (temporary, old):
        shutil.rmtree(leftover, ignore_errors=True)
    make_folder(temporary)
    update_tree(temporary, tree)
    if folder.is_dir():
        folder.rename(old)
    temporary.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def update_tree(folder: Path, tree: Tree) -> list[str]:
    """Make an existing folder hold exactly `tree`, each file replaced atomically, the folder kept.

    Containers that mount the folder go on seeing it. Returns the names that were changed.
    """
    make_folder(folder)
    changed = []
    for name, content in sorted(tree.items()):
        path = folder / name
        # A folder or a link where the file belongs would make the write fail or go elsewhere.
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        make_folder(path.parent)
        if not path.is_symlink() and path.is_file() and path.read_bytes() == content:
            path.chmod(FILE_MODE)
            continue
        write_file(path, content)
        changed.append(name)
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            if not any(kept.startswith(name + "/") for kept in tree):
                path.rmdir()
        elif name not in tree:
            path.unlink()
            changed.append(name)
    return changed


def leftovers(folder: Path) -> list[Path]:
    """What an interrupted `new_tree` or `write_file` left in a folder."""
    found = folder.glob(".*.[0-9]*.*") if folder.is_dir() else ()
    return [path for path in found if path.suffix in {".new", ".old"}]


def remove_leftovers(folder: Path) -> None:
    """Remove them."""
    for path in leftovers(folder):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
