"""`/sitemap.xml` and `/robots.txt`: whole, absolute, and of what visitors may see."""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from course import sitemaps
from course.models import Course

pytestmark = pytest.mark.django_db(transaction=True)

MakeCourse = Callable[..., Course]
SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def xml(client: Client, path: str, host: str = "localhost") -> ElementTree.Element:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Type"] == "application/xml"
    return ElementTree.fromstring(answer.content)  # noqa: S314 - our own


def locations(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SPACE}loc")]


def test_it_lists_the_pages_and_every_public_course(
    client: Client, make_course: MakeCourse
) -> None:
    first, second = make_course("one"), make_course("two")
    for fields in ({"is_show": False}, {"is_delete": True}, {"status": 1}):
        make_course("hidden", **fields)
    root = xml(client, "/sitemap.xml", "localhost:8000")
    assert root.tag == f"{SPACE}urlset"
    assert locations(root) == [
        "http://localhost:8000/",
        "http://localhost:8000/courses",
        f"http://localhost:8000/courses/{second.pk}",
        f"http://localhost:8000/courses/{first.pk}",
    ]
    changed = [element.text for element in root.iter(f"{SPACE}lastmod")]
    days = [timezone.localdate(row.updated_time).isoformat() for row in (second, first)]
    assert changed == days


def test_addresses_are_those_of_who_asks_also_from_the_cache(
    client: Client, make_course: MakeCourse, redis_keys: Callable[[], list[str]]
) -> None:
    make_course()
    before = set(redis_keys())
    for host in ("localhost", "testserver", "localhost:8000", "localhost:8001"):
        found = locations(xml(client, "/sitemap.xml", host))
        assert {address.split("/")[2] for address in found} == {host}
    assert len(set(redis_keys()) - before) == 1, "one, whoever asks"


def test_a_cached_one_needs_no_query_and_a_change_is_seen(
    client: Client, make_course: MakeCourse, django_assert_num_queries: Any
) -> None:
    make_course()
    xml(client, "/sitemap.xml")
    with django_assert_num_queries(0):
        assert len(locations(xml(client, "/sitemap.xml"))) == 3
    make_course("another")
    assert len(locations(xml(client, "/sitemap.xml"))) == 4


def test_it_is_in_parts_where_one_would_hold_too_much(
    client: Client, make_course: MakeCourse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sitemaps._Courses.limit <= 50_000, "as the protocol has it"
    monkeypatch.setattr(sitemaps._Courses, "limit", 2)
    for name in ("one", "two", "three"):
        make_course(name)
    root = xml(client, "/sitemap.xml")
    assert root.tag == f"{SPACE}sitemapindex"
    parts = locations(root)
    assert parts == [
        "http://localhost/sitemap-pages.xml",
        "http://localhost/sitemap-courses.xml",
        "http://localhost/sitemap-courses.xml?p=2",
    ]
    found = [address for part in parts for address in locations(xml(client, part[16:]))]
    assert len(found) == len(set(found)) == 2 + 3


@pytest.mark.parametrize(
    "path",
    [
        "/sitemap-none.xml",
        "/sitemap-courses.xml?p=2",
        "/sitemap-courses.xml?p=0",
        "/sitemap-courses.xml?p=-1",
        "/sitemap-courses.xml?p=x",
        "/sitemap-courses.xml?p=١",
        f"/sitemap-courses.xml?p={'9' * 5000}",
        "/sitemap.xml?p=2",
        "/sitemap-.xml",
    ],
)
def test_a_part_that_there_is_not_is_missing(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/sitemap.xml", "/sitemap-courses.xml", "/robots.txt"])
def test_they_are_read_and_nothing_else(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200
    assert client.get(path, headers={"Host": "elsewhere.test"}).status_code == 400


def test_robots_are_kept_from_what_is_not_theirs(client: Client) -> None:
    answer = client.get("/robots.txt", headers={"Host": "localhost:8000"})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert lines[0] == "User-agent: *"
    assert lines[-1] == "Sitemap: http://localhost:8000/sitemap.xml"
    closed = {line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")}
    assert closed >= {"/admin/", "/api/", "/my/", "/cart", "/checkout", "/login"}
    assert "/learn/" not in closed, "lessons that are free to try may be found; others say noindex"
    assert not any("/courses/1".startswith(path) or path in ("/", "/media/") for path in closed)


def test_the_scheme_is_the_sites(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for where in (sitemaps, sitemaps._Pages, sitemaps._Courses):
        name = "SCHEME" if where is sitemaps else "protocol"
        monkeypatch.setattr(where, name, "https")
    text = client.get("/sitemap.xml").content.decode()
    text += client.get("/robots.txt").content.decode()
    assert re.findall(r"(https?)://testserver", text) == ["https"] * 3
