"""Nothing that is tracked is a secret of somebody's."""

from __future__ import annotations

import re
import subprocess

import pytest
from conftest import REPOSITORY

# What providers' consoles give, by its shape.
SHAPES = {
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\\n|\s)+[A-Za-z0-9+/]{40}"),
    "an access key of Alibaba Cloud": re.compile(rb"\bLTAI[0-9A-Za-z]{12,24}\b"),
    "an access key of Amazon": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(rb"\bgh[pousr]_[0-9A-Za-z]{36}\b"),
}


def tracked() -> list[str]:
    """Every tracked file; keys of tests, which guard nothing, lie in folders of tests."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and "/tests/" not in f"/{name}"]


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_no_tracked_file_holds_one(kind: str) -> None:
    names = tracked()
    assert len(names) > 300
    files = [name for name in names if (REPOSITORY / name).is_file()]  # no links to folders
    found = [name for name in files if SHAPES[kind].search((REPOSITORY / name).read_bytes())]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("a private key", b"-----BEGIN RSA PRIVATE KEY-----\n" + b"A" * 64),
        ("a private key", b'KEY = "-----BEGIN PRIVATE KEY-----\\n' + b"A" * 64),
        ("an access key of Alibaba Cloud", b'id = "LTAI' + b"5" * 16 + b'"'),
        ("an access key of Amazon", b"AKIA" + b"Q" * 16),
        ("a token of GitHub", b"ghp_" + b"a" * 36),
    ],
)
def test_one_would_be_found(kind: str, text: bytes) -> None:
    assert SHAPES[kind].search(text)
