"""axe-core finds nothing wrong: on every page, in both languages and themes, wide and narrow."""

from __future__ import annotations

import pytest

from tests.browser.luffycity.axe import Axe
from tests.browser.luffycity.browsing import DESKTOP, HEIGHTS, LANGUAGES, PHONE, settle
from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Learner, Person
from tests.browser.luffycity.routes import ROUTES, Route


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_nothing_is_in_the_way(
    open_window: OpenWindow,
    audits_image: str,
    learner: Learner,
    newcomer: Person,
    route: Route,
) -> None:
    axe = Axe(audits_image)
    person = {"guest": None, "newcomer": newcomer, "learner": learner.person}[route.who]
    for language in LANGUAGES:
        window = open_window(
            person=person, language=language, width=DESKTOP, still=True, expected=route.refused
        )
        page = window.open(route.path.format(**learner.names))
        for width in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                settle(page)
                where = f"{language} {width} px {theme}"
                # Of the rules that look at colours nothing but colours is another in the dark.
                axe.look(page, where, colours_alone=theme == "dark")
    assert not axe.found, axe.words()
