"""The archive: the same bytes each time, and it runs on every Python that a host may have."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RELEASE = Path(__file__).resolve().parent.parent
PYTHONS = ["python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"]


def build(output: Path, cache: Path) -> str:
    command = [
        sys.executable,
        str(RELEASE / "build.py"),
        "--output",
        str(output),
        "--cache",
        str(cache),
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_two_builds_are_equal_byte_for_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert build(tmp_path / name / "engine.pyz", tmp_path / name / "cache").startswith("built")
    first, second = ((tmp_path / name / "engine.pyz").read_bytes() for name in ("one", "two"))
    assert first == second
    assert first.startswith(b"#!/usr/bin/python3\n")


def test_unchanged_sources_are_not_built_again(tmp_path: Path, pyz: Path) -> None:
    (tmp_path / "cache").mkdir()
    build(tmp_path / "engine.pyz", tmp_path / "cache")
    before = (tmp_path / "engine.pyz").stat().st_mtime_ns
    assert build(tmp_path / "engine.pyz", tmp_path / "cache").startswith("unchanged")
    assert (tmp_path / "engine.pyz").stat().st_mtime_ns == before


def test_it_holds_no_compiled_library(pyz: Path) -> None:
    import zipfile

    names = zipfile.ZipFile(pyz).namelist()
    assert {"engine/cli.py", "docker/__init__.py", "requests/__init__.py"} <= set(names)
    assert [name for name in names if name.endswith((".so", ".pyc", ".pyd"))] == []


@pytest.mark.parametrize(
    "path", sorted((RELEASE / "engine").glob("*.py")), ids=lambda path: path.name
)
def test_its_syntax_is_that_of_python_3_9(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))


def test_it_runs_on_every_python_of_this_machine(pyz: Path) -> None:
    ran = []
    for name in [*PYTHONS, sys.executable]:
        python = shutil.which(name)
        # A launcher may stand for a version that is not installed.
        if (
            not python
            or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode
        ):
            continue
        modules = "engine.run, engine.status, docker"
        script = f"import sys; sys.path.insert(0, {str(pyz)!r}); import {modules}"
        subprocess.run([python, "-I", "-c", script], check=True)
        subprocess.run([python, str(pyz), "deploy", "--help"], check=True, capture_output=True)
        ran.append(python)
    print("ran on", ran)
    assert ran


def test_it_leaves_the_ssh_library_of_the_host_alone(pyz: Path, tmp_path: Path) -> None:
    (tmp_path / "paramiko.py").write_text("raise SystemExit('paramiko was imported')\n")
    paths = f"sys.path[:0] = [{str(pyz)!r}, {str(tmp_path)!r}]"
    script = f"import sys; {paths}; import engine.docker_api, docker; docker.DockerClient"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    "arguments",
    [[], ["deplay"], ["deploy", "--lock-timeout", "soon"], ["follow"], ["deploy", "--nope"]],
)
def test_a_wrong_command_line_ends_with_64_and_the_usage(pyz: Path, arguments: "list[str]") -> None:
    done = subprocess.run(
        [sys.executable, str(pyz), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert "usage: engine.pyz" in done.stderr
