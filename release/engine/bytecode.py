"""A copy of the engine's archive with its bytecode: what Python reads from an archive it compiles.

It does so anew for every command, and the Docker SDK is large: more than half of what a short
command costs. `engine_archive.py` says where the copy is found.
"""

from __future__ import annotations

import compileall
import io
import tempfile
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode

from engine.trees import write_file
from engine_archive import copies_of, copy_of


def keep(archive: Path) -> bool:
    """Write the copy beside the archive, and remove those of others.

    False where it is there, or the engine is no archive. Raises OSError where there is no room.
    """
    copy = copy_of(archive)
    if copy.is_file() or not zipfile.is_zipfile(archive):
        return False
    write_file(copy, with_bytecode(archive))
    for other in archive.parent.glob(f"{copies_of(archive)}*"):
        if other != copy:
            # A run that was started from it has all of its modules already.
            other.unlink()
    return True


def with_bytecode(archive: Path) -> bytes:
    """The archive, with each module's bytecode beside its source."""
    whole = io.BytesIO(archive.read_bytes())
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        modules = Path(folder)
        with zipfile.ZipFile(archive) as found:
            found.extractall(modules)
        # Where zipimport looks; by hash, as the archive's times say nothing.
        compileall.compile_dir(
            modules,
            quiet=1,
            legacy=True,
            invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
            stripdir=folder,
            prependdir=str(archive),
        )
        with zipfile.ZipFile(whole, "a") as grown:
            for path in sorted(modules.rglob("*.pyc")):
                grown.write(path, path.relative_to(modules))
    return whole.getvalue()
