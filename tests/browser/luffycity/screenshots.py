"""Pictures of every page, for a person to look through: three widths, both languages and themes.

`scripts/screenshots` runs this.
"""

from __future__ import annotations

import argparse
import html
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

from deployment import Deployment
from playwright.sync_api import Browser, sync_playwright

from tests.browser.luffycity import browsing, people, stack
from tests.browser.luffycity.browsing import DESKTOP, HEIGHTS, LANGUAGES, PHONE, TABLET
from tests.browser.luffycity.people import Person
from tests.browser.luffycity.routes import ROUTES, Route
from tests.browser.luffycity.site import Site
from tests.playbook import REPOSITORY

WIDTHS = (PHONE, TABLET, DESKTOP)
THEMES = ("light", "dark")
FOLDER = REPOSITORY / ".cache/screenshots"
SHEET = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Every page of the course site</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem; }}
  section {{ margin-block: 2rem; }}
  ul {{ display: flex; gap: 1rem; overflow-x: auto; padding: 0; list-style: none; }}
  img {{ display: block; height: 24rem; border: 1px solid #8888; }}
</style>
<h1>Every page of the course site</h1>
{sections}
</html>
"""


def file_name(route: Route, language: str, theme: str, width: int) -> str:
    """What a picture is called: all of a page stand together."""
    return f"{route.name}-{language}-{theme}-{width}.png"


def photograph(
    browser: Browser, site: Site, route: Route, path: str, person: Person | None, folder: Path
) -> None:
    """Take all pictures of a page."""
    for language in LANGUAGES:
        with browsing.window(browser, site, person=person, language=language, still=True) as window:
            page = window.open(path)
            for theme, width in product(THEMES, WIDTHS):
                page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
                page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                page.evaluate("() => scrollTo(0, document.body.scrollHeight)")  # what loads lazily
                browsing.settle(page)
                page.evaluate("() => scrollTo(0, 0)")
                page.screenshot(
                    path=folder / file_name(route, language, theme, width), full_page=True
                )


def write_sheet(routes: list[Route], folder: Path) -> None:
    """Write `index.html`: every picture, small, under its page's name."""
    sections = []
    for route in routes:
        items = "".join(
            f'<li>{language} {theme} {width}<a href="{name}"><img src="{name}" loading="lazy" '
            f'alt="{route.name}, {language}, {theme}, {width} pixels wide"></a></li>'
            for language, theme, width in product(LANGUAGES, THEMES, WIDTHS)
            for name in (file_name(route, language, theme, width),)
        )
        title = html.escape(f"{route.name}: {route.path} ({route.who})")
        sections.append(f"<section><h2>{title}</h2><ul>{items}</ul></section>")
    (folder / "index.html").write_text(SHEET.format(sections="\n".join(sections)))


@contextmanager
def deployed(url: str, demo_url: str) -> Iterator[Site]:
    """The deployment at these addresses, or one of the tests' own."""
    if not url:
        try:
            yield stack.bring_up()
        finally:
            stack.remove()
        return
    parts, demo = urlsplit(url), urlsplit(demo_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deployment = Deployment(
        scheme=parts.scheme,
        host=parts.hostname or "",
        site_port=port,
        api_port=port,
        check_port=0,
        check_tls_port=0,
        shortlink_port=0,
        proxy_pool_port=0,
        gateway_port=0,
        demo_port=demo.port or 80,
    )
    yield Site(url.rstrip("/"), demo_url.rstrip("/"), deployment)


def arguments() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    parser.add_argument(
        "--url", default="", help="a running site, such as http://127.0.0.1; else one is brought up"
    )
    parser.add_argument(
        "--demo-url",
        default="http://127.0.0.1:8009",
        help="its cashier and SMS inbox (default: %(default)s)",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="default: %(default)s")
    parser.add_argument(
        "pages", nargs="*", metavar="PAGE", help="only these: names of tests/…/routes.py"
    )
    typed = parser.parse_args()
    known = {route.name for route in ROUTES}
    if unknown := set(typed.pages) - known:
        parser.error(f"expected pages among {', '.join(sorted(known))}; found {', '.join(unknown)}")
    return typed


def main() -> None:
    """Take the pictures, and say where they are."""
    typed = arguments()
    routes = [route for route in ROUTES if not typed.pages or route.name in typed.pages]
    typed.folder.mkdir(parents=True, exist_ok=True)
    with (
        deployed(typed.url, typed.demo_url) as site,
        people.newcomer(site) as newcomer,
        people.learner(site) as learner,
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
        browsing.launched(playwright, site, Path(folder)) as browser,
    ):
        who = {"guest": None, "newcomer": newcomer, "learner": learner.person}
        for route in routes:
            path = route.path.format(**learner.names)
            print(f"{route.name}: {path}", flush=True)
            photograph(browser, site, route, path, who[route.who], typed.folder)
    write_sheet(routes, typed.folder)
    print(f"Look at {typed.folder / 'index.html'}")


if __name__ == "__main__":
    main()
