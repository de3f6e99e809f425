"""Windows of a browser in which somebody looks at the site, and what they logged and asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
)

from tests.browser import chromium
from tests.browser.luffycity.people import Person
from tests.browser.luffycity.site import Site

LANGUAGES = {"en": "en", "zh": "zh-CN"}
"""As the tests call them, and as the site does."""
PHONE, TABLET, DESKTOP = 390, 768, 1280
HEIGHTS = {PHONE: 844, TABLET: 1024, DESKTOP: 900}
READY = """() => document.querySelector('main h1, main h2')
    && !document.querySelector('main [aria-busy=true], main .skeleton')
    && [...document.images].every((image) => image.complete || image.loading === 'lazy')"""
# Another theme's colours go from parent to child, a picture (of the screen) each.
STILL = """async () => {
  for (let still = 0; still < 3; still = document.getAnimations().length ? 0 : still + 1)
    await new Promise(requestAnimationFrame)
}"""
# What no page needs, and would ask other hosts.
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")


@contextmanager
def launched(playwright: Playwright, site: Site, folder: Path) -> Iterator[Browser]:
    """A browser that reaches the site; `folder` is for what it needs."""
    program = str(
        chromium.in_network_of(site.process, folder) if site.process else chromium.installed()
    )
    # Root runs these tests in places, for whom Chromium's sandbox does not work.
    browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    yield browser
    browser.close()


@dataclass
class Window:
    """A browser's window of its own: its cookies, its pages, and what went wrong in them."""

    context: BrowserContext
    site: Site
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Addresses of other hosts that were asked."""

    def __post_init__(self) -> None:
        self.context.set_default_timeout(30_000)
        self.context.on("console", self._read)
        self.context.on("weberror", lambda error: self.errors.append(f"thrown: {error.error}"))
        self.context.on("request", self._look)

    def _read(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _look(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site.url}/", f"{self.site.demo_url}/", "blob:")):
            self.strangers.append(request.url)

    def open(self, path: str = "/") -> Page:
        """A new page, when all that it fetches is shown."""
        page = self.context.new_page()
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        """Type an address."""
        page.goto(self.site.url + path)
        settle(page)


def settle(page: Page) -> None:
    """Wait until the page has what it shows: a heading, no skeleton, every picture in sight."""
    page.wait_for_function(READY)
    page.evaluate(STILL)


@contextmanager
def window(
    browser: Browser,
    site: Site,
    *,
    person: Person | None = None,
    language: str = "en",
    width: int = DESKTOP,
    dark: bool = False,
    still: bool = False,
    **options: Any,
) -> Iterator[Window]:
    """A window, in which `person` is logged in. `still`: nothing moves in it."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        storage_state=remembered(site, language, person),
        **options,
    )
    try:
        yield Window(context, site)
    finally:
        context.close()


def remembered(site: Site, language: str, person: Person | None) -> Any:
    """What a browser remembers of the site: its language, and who is logged in."""
    host = site.url.removeprefix("http://").partition(":")[0]
    everywhere = {"domain": host, "secure": False, "expires": -1}
    chosen = {"name": "luffy_locale", "value": LANGUAGES[language], "path": "/"}
    cookies = [chosen | everywhere | {"httpOnly": False, "sameSite": "Lax"}]
    kept = {}
    if person is not None:
        kept["luffy.signedIn"] = "earlier"
        cookies += [
            {"name": one.name, "value": one.value, "path": one.path}
            | everywhere
            | {"httpOnly": True, "sameSite": "Strict"}
            for one in person.log_in()
        ]
    entries = [{"name": name, "value": value} for name, value in kept.items()]
    return {"cookies": cookies, "origins": [{"origin": site.url, "localStorage": entries}]}
