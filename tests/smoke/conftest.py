"""The smoke tests ask a deployment what its users ask, from outside, with requests alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from deployment import TIMEOUT_S, Deployment
from farm import Farm, ask_farm

UNAVAILABLE = 69


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("deployment", "the deployment to ask")
    group.addoption(
        "--base-url", default="http://127.0.0.1", help="scheme and host, e.g. http://HOST"
    )
    for name, port in (
        ("site", 80), ("api", 8000), ("check", 8001), ("check-tls", 8444),
        ("shortlink", 8002), ("proxy-pool", 5010), ("gateway", 5011), ("demo", 8009),
    ):  # fmt: skip
        group.addoption(f"--{name}-port", type=int, default=port, help=f"default {port}")
    group.addoption(
        "--pool-account-file",
        type=Path,
        default=os.environ.get("POOL_ACCOUNT_FILE"),
        help="a file whose first line is NAME:SECRET, an account of the proxy pool; needed from "
        "other machines (default: the variable POOL_ACCOUNT_FILE)",
    )
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
        check_tls_port=option("--check-tls-port"),
        shortlink_port=option("--shortlink-port"),
        proxy_pool_port=option("--proxy-pool-port"),
        gateway_port=option("--gateway-port"),
        demo_port=option("--demo-port"),
        account=read_account(option("--pool-account-file")),
    )


def read_account(file: Path | None) -> tuple[str, str] | None:
    """The account that the file's first line holds."""
    if file is None:
        return None
    try:
        name, colon, secret = Path(file).read_text().partition("\n")[0].partition(":")
    except OSError as error:
        raise pytest.UsageError(f"--pool-account-file: {file}: {error.strerror}") from error
    if not (name and colon and secret):
        raise pytest.UsageError(
            f"--pool-account-file: expected NAME:SECRET in the first line of {file}; found "
            "something else; do: give a copy of /etc/luffy-bundle/secrets/proxy_pool_accounts"
        )
    return name, secret.strip()


@pytest.fixture(scope="session", autouse=True)
def _open(deployment: Deployment, http: requests.Session) -> None:
    """End everything with a clear word where the site is closed: nobody would find out why."""
    try:
        answer = http.get(deployment.site("/"), timeout=TIMEOUT_S)
    except requests.RequestException:
        return  # what does not answer is the tests' own business
    if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "X-Maintenance" in answer.headers:
        pytest.exit(
            f"{deployment.site('/')}: expected an open site; found maintenance, which is on; "
            "do: fab maintenance off, or let this machine in: fab maintenance on --let ADDRESS",
            returncode=UNAVAILABLE,
        )


@pytest.fixture(scope="session")
def pool(deployment: Deployment) -> Iterator[requests.Session]:
    """The same, with the account of the proxy pool where there is one."""
    with requests.Session() as session:
        session.trust_env = False
        session.auth = deployment.account
        yield session


@pytest.fixture(scope="session")
def farm(deployment: Deployment, http: requests.Session) -> Farm:
    """What the demo world planted."""
    return ask_farm(deployment, http)


@pytest.fixture(scope="session")
def http() -> Iterator[requests.Session]:
    """A session that ignores this machine's own proxy settings."""
    with requests.Session() as session:
        session.trust_env = False
        yield session
