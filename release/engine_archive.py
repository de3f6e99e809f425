"""Where the engine's archive has its copy with bytecode, which is looked at before the archive.

Not in the package `engine`: whoever imports that has chosen one of both already.
"""

from __future__ import annotations

import sys
from pathlib import Path


def copy_of(archive: Path) -> Path:
    """The copy of the archive as it is now, for this Python; beside it, there or not yet."""
    now = archive.stat()
    return archive.with_name(f"{copies_of(archive)}{now.st_size}-{now.st_mtime_ns}")


def copies_of(archive: Path) -> str:
    """How the names of its copies for this Python begin."""
    return f"{archive.name}.{sys.implementation.cache_tag}."
