"""The archive with the copy that the engine keeps of it for itself after a deploy."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

KEEP = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from engine.bytecode import keep
keep(Path(sys.argv[1]))
"""


def compiled(pyz: Path, python: str, folder: Path) -> Path:
    """A copy of the archive whose commands start in half the time, by that Python alone.

    To compile all of the Docker SDK anew costs the tests more than anything else a command does.
    """
    copy = folder / "engine.pyz"
    shutil.copyfile(pyz, copy)
    subprocess.run([python, "-c", KEEP, str(copy)], check=True)
    return copy
