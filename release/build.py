#!/usr/bin/env python3
"""Build the release engine's zipapp: the same bytes from the same sources, on every machine.

    release/build.py --output .cache/engine.pyz

The locked wheels are pure Python, so the archive runs on every Python from 3.9 on. Work that was
done before is found in a cache by the hash of everything that goes in.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHEBANG = b"#!/usr/bin/python3\n"
# The first moment that a zip archive can hold.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
OLDEST_PYTHON = "3.9"
MAIN = b"""\
import sys
from pathlib import Path
from engine_archive import copy_of
sys.path.insert(0, str(copy_of(Path(sys.path[0]))))
from engine.cli import main
sys.exit(main())
"""
# The engine's own format of the archive; raised when this file changes what it writes.
FORMAT = b"1"


def main() -> int:
    """Build, or copy what the cache holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--cache",
        type=Path,
        default=HERE.parent / ".cache" / "release",
        help="folder of earlier builds (default: %(default)s)",
    )
    options = parser.parse_args()
    cached = options.cache / f"{inputs_digest()}.pyz"
    if cached.is_file():
        print(f"unchanged: {cached}")
    else:
        cached.parent.mkdir(parents=True, exist_ok=True)
        replace(cached, build)
        print(f"built: {cached}")
    if not options.output.is_file() or options.output.read_bytes() != cached.read_bytes():
        options.output.parent.mkdir(parents=True, exist_ok=True)
        replace(options.output, lambda path: shutil.copyfile(cached, path))
    options.output.chmod(0o755)
    whole = options.output.read_bytes()
    print(f"{hashlib.sha256(whole).hexdigest()}  {options.output}")
    # By this the engine is asked for (`deploy --expect-engine`), as Ansible's modules name files.
    print(f"sha1 {hashlib.sha1(whole, usedforsecurity=False).hexdigest()}")
    return 0


def inputs_digest() -> str:
    """The hash of everything that the archive is made of."""
    digest = hashlib.sha256(FORMAT + SHEBANG + MAIN)
    for name, path in sorted([*sources(), ("requirements.lock", HERE / "requirements.lock")]):
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def sources() -> Iterator[tuple[str, Path]]:
    """The engine's own modules, by their name in the archive."""
    for path in (HERE / "engine_archive.py", *(HERE / "engine").rglob("*.py")):
        yield path.relative_to(HERE).as_posix(), path


def build(output: Path) -> None:
    """Write the archive."""
    with tempfile.TemporaryDirectory(prefix="release-build-") as temporary:
        libraries = Path(temporary)
        install(libraries)
        entries = {name: path.read_bytes() for name, path in sources()}
        entries.update(
            (path.relative_to(libraries).as_posix(), path.read_bytes())
            for path in libraries.rglob("*")
            if path.is_file() and wanted(path.relative_to(libraries))
        )
    entries["__main__.py"] = MAIN
    with output.open("wb") as file:
        file.write(SHEBANG)
        # In order, with one time and one mode, and not compressed: the bytes depend on the entries
        # alone, not on a version of zlib. What is shipped is compressed on its way.
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(entries):
                info = zipfile.ZipInfo(name, TIMESTAMP)
                info.external_attr = 0o644 << 16
                info.create_system = 3
                info.compress_type = zipfile.ZIP_STORED
                archive.writestr(info, entries[name])


def install(target: Path) -> None:
    """Install the locked wheels, pure Python ones alone, each checked by its hash."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-compile", "--no-deps", "--require-hashes", "--target", str(target)]
    command += ["--only-binary", ":all:", "--platform", "any", "--implementation", "py"]
    command += ["--abi", "none", "--python-version", OLDEST_PYTHON]
    subprocess.run([*command, "-r", str(HERE / "requirements.lock")], check=True)


def wanted(name: Path) -> bool:
    """What of an installed library is needed at run time, and is the same on every machine."""
    if name.parts[0] == "bin" or "__pycache__" in name.parts:
        return False
    # Of the records of an installation, the metadata and the licences stay; pip's own notes differ.
    if name.parts[0].endswith(".dist-info"):
        return (
            name.name == "METADATA" or "licenses" in name.parts or name.name.startswith("LICENSE")
        )
    return True


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside `path` and rename it, so that nobody ever finds half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
