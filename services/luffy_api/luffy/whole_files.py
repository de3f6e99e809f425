"""Files on the volume that are there whole or not at all."""

import os
import tempfile
from pathlib import Path

READABLE_BY_ALL = 0o644
"""The front end's nginx runs as another user."""


def write_if_missing(path: Path, content: bytes) -> bool:
    """Write `content` to `path` unless something is there; returns whether it was written.

    Its folder is made.

    Raises:
        OSError: the file cannot be written.
    """
    if path.exists():
        return False
    write(path, content)
    return True


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`, in place of what is there. Its folder is made.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Written beside and renamed: nginx never serves half a file.
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(READABLE_BY_ALL)
        Path(temporary).rename(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
