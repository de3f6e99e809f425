"""Lighthouse by its phone settings: home, list, course and player have 95 points or more in each
category.

Its network and processor are simulated from one quick load (`simulate`): each task of the page's
own process counts with four times the time it took. A phone runs no servers beside it, so here
nothing takes the processor from the browser in the middle of a task. A page that falls short is
measured again, five times in all, and the best run counts. Home, list and course are opened as a
stranger does; the player by who learns there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.browser import chromium
from tests.browser.luffycity import lighthouse
from tests.browser.luffycity.browsing import ARGUMENTS, remembered, settle
from tests.browser.luffycity.lighthouse import Measured
from tests.browser.luffycity.people import Learner, Person
from tests.browser.luffycity.site import Site

LEAST = 95
RUNS = 5
PORT = 9222
STRANGERS = {"home": "/", "list": "/courses", "course": "/courses/{course}"}
LEARNERS = {"player": "/learn/{course}/{section}"}


@contextmanager
def opened(
    playwright: Playwright, site: Site, folder: Path, person: Person | None
) -> Iterator[None]:
    """A browser at PORT whose own profile somebody is logged in to, or nobody.

    Lighthouse opens its pages there, and leaves cookies and what the site remembers as they are.
    """
    context = playwright.chromium.launch_persistent_context(
        folder / "profile",
        executable_path=chromium.in_network_of(site.process, folder, undisturbed=True),
        args=[*ARGUMENTS, f"--remote-debugging-port={PORT}"],
    )
    page = context.pages[0]
    if person is not None:
        kept = remembered(site, "zh", person)
        context.add_cookies(kept["cookies"])
        page.goto(f"{site.url}/robots.txt")
        for entry in kept["origins"][0]["localStorage"]:
            page.evaluate("({ name, value }) => localStorage.setItem(name, value)", entry)
        page.goto(f"{site.url}/my/profile")
        settle(page)
        assert page.url == f"{site.url}/my/profile", "the learner is not logged in"
        # It would load and paint beside the page that is measured.
        page.goto("about:blank")
    yield
    context.close()


def measure(image: str, pages: dict[str, str]) -> dict[str, Measured]:
    """Each page (its URL by its name), measured until one run was enough, RUNS times at most."""
    found = {name: Measured() for name in pages}
    for run in range(RUNS):
        short = {name: url for name, url in pages.items() if run == 0 or found[name].below(LEAST)}
        for name, report in lighthouse.run(image, PORT, short) if short else ():
            found[name].add(report)
    return found


@pytest.fixture(scope="module")
def measured(
    playwright: Playwright,
    site: Site,
    learner: Learner,
    audits_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Measured]:
    """What came of every page."""
    found: dict[str, Measured] = {}
    for paths, person in ((STRANGERS, None), (LEARNERS, learner.person)):
        pages = {name: site.url + path.format(**learner.names) for name, path in paths.items()}
        with opened(playwright, site, tmp_path_factory.mktemp("lighthouse"), person):
            found |= measure(audits_image, pages)
    print("\n".join(f"{name}: {page.scores}" for name, page in found.items()))
    return found


@pytest.mark.parametrize("page", [*STRANGERS, *LEARNERS])
def test_it_is_fast_and_fit_for_everybody(measured: dict[str, Measured], page: str) -> None:
    short = measured[page].below(LEAST)
    assert short == {}, "\n".join(measured[page].faults)
