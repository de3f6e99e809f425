"""axe-core finds nothing wrong: on every page, in both languages and themes, wide and narrow.

Of these each meets each other one in one of four looks.
"""

from __future__ import annotations

from typing import Literal

import pytest

from tests.browser.luffycity.axe import Axe
from tests.browser.luffycity.browsing import DESKTOP, HEIGHTS, PHONE, settle
from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Learner, Person
from tests.browser.luffycity.routes import ROUTES, Route

Theme = Literal["light", "dark"]
LOOKS: dict[str, list[tuple[int, Theme]]] = {
    "zh": [(DESKTOP, "light"), (PHONE, "dark")],
    "en": [(DESKTOP, "dark"), (PHONE, "light")],
}


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
    for language, looks in LOOKS.items():
        window = open_window(
            person=person, language=language, width=DESKTOP, still=True, expected=route.refused
        )
        page = window.open(route.path.format(**learner.names))
        for width, theme in looks:
            page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            page.emulate_media(color_scheme=theme)
            settle(page)
            axe.look(page, f"{language} {width} px {theme}")
    assert not axe.found, axe.words()
