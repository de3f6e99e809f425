"""The course site with the demo world, a browser, and people who look at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.luffycity import browsing, people, stack
from tests.browser.luffycity.browsing import Window
from tests.browser.luffycity.people import Learner, Person
from tests.browser.luffycity.site import Site
from tests.playbook import REPOSITORY

expect.set_options(timeout=20_000)  # on a busy machine

OpenWindow = Callable[..., Window]
FAILED = pytest.StashKey[bool]()
PICTURES = REPOSITORY / ".cache/failed-in-browser"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--keep-site",
        action="store_true",
        help="take over the deployment that an earlier run kept, and keep it: for who writes tests",
    )


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    kept: bool = request.config.getoption("--keep-site")
    if not kept:
        stack.remove()
    try:
        yield stack.bring_up()
    finally:
        if not kept:
            stack.remove()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(
    playwright: Playwright, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    with browsing.launched(playwright, site, tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="session")
def newcomer(site: Site) -> Iterator[Person]:
    with people.newcomer(site) as person:
        yield person


@pytest.fixture(scope="session")
def learner(site: Site) -> Iterator[Learner]:
    with people.learner(site) as learner:
        yield learner


@pytest.fixture(scope="session")
def audits_image() -> str:
    """The image that has axe-core and Lighthouse."""
    image = os.environ.get("AUDITS_TEST_IMAGE")
    assert image, "expected AUDITS_TEST_IMAGE; found none. What to do: scripts/test images site"
    return image


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remembers whether a test failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture
def open_window(
    browser: Browser, site: Site, request: pytest.FixtureRequest
) -> Iterator[OpenWindow]:
    """Opens windows; in the end nothing went wrong in them, and no other host was asked.

    `expected`: words in those errors that a test provokes.
    """
    with ExitStack() as opened:
        windows: list[Window] = []
        provoked: list[str] = []

        def open_(*, expected: tuple[str, ...] = (), **options: Any) -> Window:
            window = opened.enter_context(browsing.window(browser, site, **options))
            windows.append(window)
            provoked.extend(expected)
            return window

        yield open_
        if request.node.stash.get(FAILED, False):
            photograph(windows, request.node.name)
        errors = [error for window in windows for error in window.errors]
        unexpected = [one for one in errors if not any(words in one for words in provoked)]
        assert not unexpected, "\n".join(unexpected)
        assert [address for window in windows for address in window.strangers] == []


def photograph(windows: list[Window], test: str) -> None:
    """Keep pictures of what was seen when a test failed."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    pages = [page for window in windows for page in window.context.pages]
    for number, page in enumerate(pages):
        page.screenshot(path=PICTURES / f"{test}-{number}.png", full_page=True)
