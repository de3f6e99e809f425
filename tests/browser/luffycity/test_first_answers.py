"""A page brings the answers to what the app asks first: it does not ask for them again."""

from __future__ import annotations

import json

import pytest

from tests.browser.luffycity.conftest import OpenWindow
from tests.browser.luffycity.people import Learner

PAGES = {
    "home": ("/", 6),
    "list": ("/courses", 2),
    "course": ("/courses/{course}", 2),
    "player": ("/learn/{course}/{section}", 1),
}
"""Of each page: its address, and how many answers it brings."""
LOOKS = 5
"""What the API answers too late is left out, as on a busy machine that has just begun."""
SENT = "() => document.getElementById('first-answers')?.textContent ?? '{\"answers\": {}}'"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_what_came_with_a_page_is_not_asked_for(
    open_window: OpenWindow, learner: Learner, name: str, language: str
) -> None:
    path, count = PAGES[name]
    window = open_window(language=language)
    page = window.context.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    for _look in range(LOOKS):
        loaded.clear()
        window.go(page, path.format(**learner.names))
        sent = json.loads(page.evaluate(SENT))
        if len(sent["answers"]) == count:
            break
    assert len(sent["answers"]) == count
    asked = {url.partition("/api/v1/")[2] for url in loaded}
    assert not asked & set(sent["answers"])
    pictures = [url for url in loaded if "/media/" in url]
    assert len(pictures) == len(set(pictures)), "what is loaded ahead is what is shown"
