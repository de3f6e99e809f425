#!/usr/bin/python
"""Ansible module: a folder holds exactly some small text files."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: text_tree
short_description: Ensure that a folder holds some text files and no others
description:
  - One call in place of one for each file, which over SSH is what takes the time.
  - A file is replaced as a whole; files, links and empty folders that are not named are removed.
options:
  path:
    description: The folder; it is created with those above it, which anybody may look into.
    type: path
    required: true
  files:
    description: The text of each file by its path below the folder.
    type: dict
    required: true
  beside:
    description: A program that lies elsewhere, and is looked at in the same call.
    type: path
author: The Luffy Bundle authors
"""

EXAMPLES = """
- text_tree:
    path: /opt/luffy-bundle/incoming
    files:
      compose.yaml: "services: {}"
      config/redis/redis.conf: "maxmemory 96mb"
"""

RETURN = """
created:
  description: Whether the folder was not there before.
  returned: always
  type: bool
written:
  description: The files that were new, or had another text or mode.
  returned: always
  type: list
  elements: str
removed:
  description: What was there and is not named.
  returned: always
  type: list
  elements: str
beside_sha1:
  description: The SHA-1 of O(beside), or an empty string where it is not there, not of the user
    that this runs as, or not with the mode 0755.
  returned: always
  type: str
digest:
  description: The SHA-256 of the paths and texts, by which the release engine knows them again.
  returned: always
  type: str
"""

FILE_MODE = 0o644
FOLDER_MODE = 0o755
PROGRAM_MODE = 0o755


class BadPathError(ValueError):
    """A path that does not lie below the folder."""


def refuse_paths_outside(names: list[str]) -> None:
    """Raise BadPathError for a path that is absolute, empty, or holds ``.`` or ``..``."""
    for name in names:
        parts = name.split("/")
        if not name or any(part in ("", ".", "..") for part in parts):
            raise BadPathError(f"files: expected paths below the folder, found {name!r}")


def differs(path: Path, text: bytes) -> bool:
    """Tell whether ``path`` is anything but a file of root's with this text and the right mode."""
    if path.is_symlink() or not path.is_file():
        return True
    status = path.stat()
    if status.st_mode & 0o7777 != FILE_MODE or status.st_uid != os.geteuid():
        return True
    return path.read_bytes() != text


def extra(folder: Path, names: set[str]) -> list[Path]:
    """Return what is below ``folder`` and neither one of ``names`` nor above one; deepest first."""
    above = {parent.as_posix() for name in names for parent in Path(name).parents}
    found = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        is_folder = path.is_dir() and not path.is_symlink()
        if name not in (above if is_folder else names):
            found.append(path)
    return sorted(found, reverse=True)


def make_folder(path: Path, top: Path) -> None:
    """Create a folder below ``top``, and those between, with the mode that all of them have."""
    for folder in (*reversed([each for each in path.parents if top in each.parents]), path):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder.chmod(FOLDER_MODE)


def write(path: Path, text: bytes) -> None:
    """Put the text in place as a whole: a reader sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(FILE_MODE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def apply(folder: Path, files: dict[str, str], check: bool) -> tuple[list[str], list[str]]:
    """Make the folder hold exactly ``files``; return what was written and what was removed.

    With ``check`` nothing is changed. Raises BadPathError, and OSError as the system gives it.
    """
    refuse_paths_outside(list(files))
    texts = {name: text.encode() for name, text in files.items()}
    if check:
        return compare(folder, texts)[:2]
    make_folder(folder, next(each for each in folder.parents if each.is_dir()))
    with alone(folder):
        wanted, removed, superfluous = compare(folder, texts)
        for path in superfluous:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
        for name in wanted:
            make_folder((folder / name).parent, folder)
            write(folder / name, texts[name])
    return wanted, removed


def compare(folder: Path, texts: dict[str, bytes]) -> tuple[list[str], list[str], list[Path]]:
    """Return the files to write, the names to remove, and their paths, deepest first."""
    superfluous = extra(folder, set(texts)) if folder.is_dir() else []
    wanted = [name for name, text in sorted(texts.items()) if differs(folder / name, text)]
    return wanted, [path.relative_to(folder).as_posix() for path in superfluous], superfluous


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep out another controller that ships to the same folder, until this one has done so."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def digest(files: dict[str, str]) -> str:
    """Return what tells these files from others, as the release engine's ``tree_digest`` does."""
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    whole = json.dumps(hashes, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def program_sha1(path: Path | None) -> str:
    """Return a program's SHA-1, or an empty string where it is not one that anybody may run."""
    if path is None or path.is_symlink() or not path.is_file():
        return ""
    status = path.stat()
    if status.st_mode & 0o7777 != PROGRAM_MODE or status.st_uid != os.geteuid():
        return ""
    return hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "required": True},
            "beside": {"type": "path"},
        },
        supports_check_mode=True,
    )
    folder = Path(module.params["path"])
    beside = module.params["beside"]
    created = not folder.is_dir()
    try:
        written, removed = apply(folder, module.params["files"], module.check_mode)
    except (BadPathError, OSError) as error:
        module.fail_json(msg=f"{folder}: {error}")
    names = [*written, *(f"{name} (removed)" for name in removed)]
    module.exit_json(
        changed=created or bool(names),
        created=created,
        written=written,
        removed=removed,
        beside_sha1=program_sha1(Path(beside) if beside else None),
        digest=digest(module.params["files"]),
        diff={"before": "", "after": "".join(f"{name}\n" for name in names)},
    )


if __name__ == "__main__":
    main()
