"""One Redis for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.concurrency.redis_server import redis_server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis of the bundle's image."""
    with redis_server("") as url:
        yield url
