from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from backups.owners import Owners, new_owners


@pytest.fixture
def owners(tmp_path: Path, fast_pyz: Path, python: str) -> Iterator[Owners]:
    """Services that own data, deployed for one test."""
    found = new_owners(tmp_path, python, fast_pyz)
    try:
        found.deployed()
        yield found
    finally:
        found.remove()


@pytest.fixture(scope="module")
def standing_owners(
    tmp_path_factory: pytest.TempPathFactory, fast_pyz: Path, python: str
) -> Iterator[Owners]:
    """The same for all tests of a file that leave them as they are."""
    found = new_owners(tmp_path_factory.mktemp("owners"), python, fast_pyz)
    try:
        found.deployed()
        yield found
    finally:
        found.remove()
