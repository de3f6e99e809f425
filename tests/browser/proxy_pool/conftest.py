"""A browser, and the page of a pool whose content is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import in_network_of
from tests.browser.proxy_pool.pool import Pool

expect.set_options(timeout=15_000)  # a refresh, on a busy machine

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    running = Pool()
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def browser(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """This machine's Chromium, in the network of the pool's container: no other host is reached."""
    program = in_network_of(pool.process, tmp_path_factory.mktemp("browser"))
    with sync_playwright() as playwright:
        # Root runs these tests in places, for whom Chromium's sandbox does not work.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def truth(pool: Pool) -> dict[str, Any]:
    assert pool.truth is not None
    return pool.truth


@pytest.fixture
def open_page(browser: Browser, pool: Pool) -> Iterator[OpenPage]:
    """Opens the dashboard; in the end nothing was logged, and no other host was asked.

    `expected`: words in those errors of the console that a test provokes.
    """
    contexts: list[BrowserContext] = []
    logged: list[str] = []
    provoked: list[str] = []
    asked: list[tuple[str, str]] = []

    def open_(
        url: str = "", *, ready: str = "#proxies table", expected: str = "", **options: Any
    ) -> Page:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        options.setdefault("locale", "en-GB")
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        address = url or pool.open_url
        if expected:
            provoked.append(expected)
        page.on("console", lambda message: logged.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: logged.append(f"error: {error}"))
        page.on("request", lambda request: asked.append((request.url, address)))
        page.goto(address)
        if ready:
            page.wait_for_selector(ready)
        return page

    yield open_
    for context in contexts:
        context.close()
    unexpected = [line for line in logged if not any(words in line for words in provoked)]
    assert not unexpected
    strangers = [url for url, own in asked if not url.startswith((own, "blob:", "data:"))]
    assert not strangers


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page()
