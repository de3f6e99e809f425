"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import local_deployment
from tests.playbook import PlaybookRun, run_playbook


@pytest.fixture(scope="session")
def bare_check() -> PlaybookRun:
    """`site.yml --check` on this machine before anything of the tests' deployment exists."""
    local_deployment.remove()
    return run_playbook("site.yml", "--check")


@pytest.fixture(scope="session")
def deployed(bare_check: PlaybookRun) -> Iterator[PlaybookRun]:
    """The whole bundle, deployed on this machine under the tests' own name and ports."""
    run = run_playbook("site.yml")
    assert run.status == 0, run.output
    yield run
    local_deployment.remove()
