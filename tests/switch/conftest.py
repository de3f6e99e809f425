"""A deployment of the tests' own, and how it is changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deployment import Deployment

from tests import local_deployment
from tests.local_deployment import INVENTORY, SITE, release, wait_until_healthy
from tests.playbook import REPOSITORY

FAB = str(Path(sys.executable).with_name("fab"))

Fab = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def site() -> Iterator[Deployment]:
    """A deployment, as a visitor reaches it; what its smoke tests ask, the traffic asks."""
    local_deployment.remove()
    release()
    wait_until_healthy()
    yield SITE
    local_deployment.remove()


@pytest.fixture(scope="session")
def fab() -> Fab:
    """`fab VERB …` on the tests' inventory."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        verb, *rest = words
        return subprocess.run(
            [FAB, verb, "-i", str(INVENTORY), *rest],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=600,
        )

    return run
