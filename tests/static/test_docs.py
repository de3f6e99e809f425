"""The documentation says what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def test_the_roles_tables_are_those_of_their_specs() -> None:
    result = subprocess.run(
        [sys.executable, "scripts/lib/role_docs.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_links_lead_somewhere(page: str) -> None:
    links = LINK.findall((REPOSITORY / page).read_text())
    assert links
    assert [link for link in links if not (REPOSITORY / link).exists()] == []


def test_both_languages_name_the_same_addresses_and_files() -> None:
    def named(page: str) -> set[str]:
        return set(re.findall(r"`([^`\n]+)`", (REPOSITORY / page).read_text()))

    only_in_one = named("README.md") ^ named("README.zh-CN.md")
    assert only_in_one == set()


@pytest.mark.parametrize("role", ["preflight", "docker", "images", "stack", "timers", "verify"])
def test_every_default_has_a_comment_and_a_spec(role: str) -> None:
    folder = REPOSITORY / "roles" / role
    text = (folder / "defaults/main.yml").read_text()
    specs = (folder / "meta/argument_specs.yml").read_text()
    block_has_comment = False
    for line in text.splitlines():
        if line.startswith("#"):
            block_has_comment = True
        elif not line.strip():
            block_has_comment = False
        elif match := re.match(r"^([a-z0-9_]+):", line):
            assert block_has_comment, f"{role}: {match[1]} has no comment above it"
            assert re.search(rf"^\s+{match[1]}:", specs, re.MULTILINE), (
                f"{role}: no spec: {match[1]}"
            )
