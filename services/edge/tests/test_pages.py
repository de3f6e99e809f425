"""The error pages themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import TEMPLATES

PAGES = sorted(TEMPLATES.glob("*.http"))


def test_every_status_that_the_edge_gives_has_a_page() -> None:
    configuration = (TEMPLATES / "haproxy.cfg.j2").read_text()
    listed = re.search(r"for status in \[([\d, ]+)\]", configuration)
    assert listed is not None
    assert [page.stem for page in PAGES] == re.findall(r"\d+", listed[1])
    used = set(re.findall(r"deny_status (\d+)", configuration))
    assert used <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_is_short_html_that_names_no_program(page: Path) -> None:
    head, _, body = page.read_text().partition("\n\n")
    assert head.startswith(f"HTTP/1.1 {page.stem} ")
    assert "Content-Type: text/html; charset=utf-8" in head
    assert "Cache-Control: no-store" in head
    assert body.startswith("<!doctype html>")
    assert f"<title>{page.stem} " in body
    # HAProxy adds none, and a caller would wait for the close.
    assert f"Content-Length: {len(body.encode())}\n" in f"{head}\n"
    assert len(page.read_bytes()) < 1000
    assert not re.search(r"haproxy|nginx|server/|version", body, re.IGNORECASE)
