"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import local_deployment
from tests.playbook import PlaybookResult


@pytest.fixture(scope="session")
def bare_check() -> PlaybookResult:
    """`site.yml --check` on this machine before anything of the tests' deployment exists."""
    local_deployment.remove()
    return local_deployment.run_site("--check")


@pytest.fixture(scope="session")
def deployed(bare_check: PlaybookResult) -> Iterator[PlaybookResult]:
    """The whole bundle, deployed on this machine under the tests' own name and ports."""
    run = local_deployment.run_site()
    assert run.ok, run.output
    yield run
    local_deployment.remove()
