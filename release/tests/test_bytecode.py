"""The engine keeps its bytecode beside its archive: used as long as the archive is that one."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from bundle import Bundle
from compiled import KEEP

from engine import VERSION
from engine_archive import copies_of

OTHER = "9.9.9-of-the-copy"


@pytest.fixture
def archive(pyz: Path, tmp_path: Path) -> Path:
    found = tmp_path / "engine.pyz"
    found.write_bytes(pyz.read_bytes())
    return found


def kept(archive: Path) -> list[Path]:
    return sorted(archive.parent.glob(f"{archive.name}.*"))


def keep(archive: Path, python: str, limit: str = "unlimited") -> subprocess.CompletedProcess[str]:
    """Have that Python keep the bytecode; no file may be longer than `limit` KiB."""
    command = ["bash", "-c", f'ulimit -f {limit}; exec "$@"', "bash", python, "-c", KEEP]
    return subprocess.run([*command, str(archive)], capture_output=True, text=True, check=False)


def version(archive: Path, python: str) -> str:
    command = [python, str(archive), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_each_module_has_its_bytecode_and_nothing_is_done_twice(archive: Path, python: str) -> None:
    assert keep(archive, python).returncode == 0
    [copy] = kept(archive)
    with zipfile.ZipFile(copy) as found:
        names = set(found.namelist())
    modules = {name for name in names if name.endswith(".py")}
    assert {f"{name}c" for name in modules} <= names
    assert {"engine/cli.py", "docker/__init__.py", "__main__.py"} <= modules
    before = copy.stat().st_mtime_ns
    assert keep(archive, python).returncode == 0
    assert (kept(archive), copy.stat().st_mtime_ns) == ([copy], before)
    assert version(archive, python) == VERSION


def test_it_is_used_until_the_archive_is_another_one(archive: Path, python: str) -> None:
    assert keep(archive, python).returncode == 0
    [copy] = kept(archive)
    with zipfile.ZipFile(copy, "w") as other:
        other.writestr(
            "engine/__init__.py", f'VERSION = "{OTHER}"\n__path__.append("{archive}/engine")'
        )
    assert version(archive, python) == OTHER
    archive.write_bytes(archive.read_bytes())
    assert version(archive, python) == VERSION
    assert keep(archive, python).returncode == 0
    assert copy not in kept(archive)
    assert len(kept(archive)) == 1


def test_half_a_copy_is_none(archive: Path, python: str) -> None:
    assert keep(archive, python).returncode == 0
    [copy] = kept(archive)
    copy.write_bytes(copy.read_bytes()[:100_000])
    assert version(archive, python) == VERSION


def test_without_room_there_is_none_and_the_engine_works(archive: Path, python: str) -> None:
    done = keep(archive, python, limit="3000")
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert kept(archive) == []
    assert version(archive, python) == VERSION


def test_a_deploy_keeps_it(running: Bundle, archive: Path) -> None:
    assert not kept(archive)
    running.pyz = archive
    running.use("v2")
    assert running.deploy().code == 0
    assert [each.name.startswith(copies_of(archive)) for each in kept(archive)] == [True]
