"""Every language of the repository passes its linter, with nothing waived wholesale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent
# The services' libraries are in their images; luffy_api, whose framework needs a plug-in of the
# checker's, is checked there, by its own tests.
WITHOUT_LIBRARIES = (
    "--ignore-missing-imports --no-warn-unused-ignores --allow-untyped-decorators "
    "--allow-subclassing-any --no-warn-return-any"
)
ROLES_AND_TESTS = " ".join(
    str(path.relative_to(REPOSITORY))
    for pattern in ("roles/*/*/", "plugins/*/", "tests/*.py", "tests/*/")
    for path in sorted(REPOSITORY.glob(pattern))
    if path.is_file() or (any(path.glob("*.py")) and path.name not in ("smoke", "static"))
)


def tracked(*patterns: str) -> list[str]:
    """The repository's files that match; new ones count before they are committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in set(listing.stdout.split("\n")) if (REPOSITORY / name).is_file())


def shell_scripts() -> list[str]:
    """Files that a shell runs, by their ending or their first line."""
    scripts = []
    for name in tracked():
        path = REPOSITORY / name
        if path.suffix in (".sh", ".bash"):
            scripts.append(name)
        elif not path.suffix and path.stat().st_size:
            first_line = path.open("rb").readline()
            if first_line.startswith(b"#!") and first_line.rstrip().endswith((b"sh", b"bash")):
                scripts.append(name)
    return scripts


def lint(*command: str) -> None:
    environment = dict(os.environ) | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    result = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{' '.join(command[:4])}…\n{result.stdout}{result.stderr}"


def test_ansible_passes_the_production_profile() -> None:
    lint("ansible-lint", "--offline", "--profile", "production", "-q")


def test_nothing_is_skipped_for_ansible_lint() -> None:
    configuration = (REPOSITORY / ".ansible-lint").read_text()
    assert "skip_list: []" in configuration
    assert "warn_list: []" in configuration


def test_yaml_is_well_formed() -> None:
    lint("yamllint", "--strict", ".")


def test_python_passes_ruff() -> None:
    lint("ruff", "check", ".")


def test_python_is_formatted() -> None:
    lint("ruff", "format", "--check", ".")


@pytest.mark.parametrize(
    "arguments",
    [
        "operations fabfile.py tests/smoke lab/requests",
        ROLES_AND_TESTS,
        "--config-file release/mypy.ini release",
        f"--config-file services/proxy_pool/pyproject.toml {WITHOUT_LIBRARIES} "
        "services/proxy_pool/proxypool",
        f"--config-file services/shortlink/pyproject.toml {WITHOUT_LIBRARIES} "
        "services/shortlink/shortlink",
        f"--config-file services/demo/pyproject.toml {WITHOUT_LIBRARIES} services/demo/demo",
        f"{WITHOUT_LIBRARIES} lab",
    ],
)
def test_python_types_are_checked(arguments: str) -> None:
    lint("mypy", *arguments.split())


def test_shell_scripts_pass_shellcheck() -> None:
    scripts = shell_scripts()
    assert "scripts/up" in scripts
    lint("shellcheck", "--external-sources", *scripts)


def test_dockerfiles_pass_hadolint() -> None:
    dockerfiles = tracked("*Dockerfile")
    assert len(dockerfiles) >= 7
    lint("hadolint", *dockerfiles)


@pytest.mark.parametrize("playbook", ["site.yml"])
def test_playbooks_parse(playbook: str) -> None:
    for inventory in ("inventory.ini", "inventory.example.ini"):
        lint("ansible-playbook", "--syntax-check", "-i", inventory, playbook)
