"""The smoke tests ask a deployment what its users ask, from outside, with requests alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from deployment import Deployment


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("deployment", "the deployment to ask")
    group.addoption(
        "--base-url", default="http://127.0.0.1", help="scheme and host, e.g. http://HOST"
    )
    for name, port in (
        ("site", 80), ("api", 8000), ("check", 8001), ("proxy-pool", 5010), ("demo", 8009),
    ):  # fmt: skip
        group.addoption(f"--{name}-port", type=int, default=port, help=f"default {port}")
    group.addoption(
        "--no-demo-world",
        action="store_true",
        help="the demo world is off: leave out the tests that need its proxies",
    )
    group.addoption(
        "--no-sample-data",
        action="store_true",
        help="no sample courses were loaded: leave out the tests that need a course",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "demo_world: needs the demo world's sites and proxies")
    config.addinivalue_line("markers", "sample_data: needs a course in the catalogue")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = [
        marker
        for marker, option in (
            ("demo_world", "--no-demo-world"),
            ("sample_data", "--no-sample-data"),
        )
        if config.getoption(option)
    ]
    left_out = [item for item in items if any(map(item.get_closest_marker, absent))]
    if not left_out:
        return
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def deployment(request: pytest.FixtureRequest) -> Deployment:
    base_url = request.config.getoption("--base-url")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise pytest.UsageError(
            f"--base-url: expected http://HOST or https://HOST; found {base_url!r}; "
            "do: leave out path and query, and give ports by --site-port and its like"
        )
    option = request.config.getoption
    return Deployment(
        scheme=parts.scheme,
        host=parts.hostname,
        site_port=parts.port or option("--site-port"),
        api_port=option("--api-port"),
        check_port=option("--check-port"),
        proxy_pool_port=option("--proxy-pool-port"),
        demo_port=option("--demo-port"),
    )


@pytest.fixture(scope="session")
def http() -> Iterator[requests.Session]:
    """A session that ignores this machine's own proxy settings."""
    with requests.Session() as session:
        session.trust_env = False
        yield session
