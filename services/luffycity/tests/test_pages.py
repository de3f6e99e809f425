"""What a page's head says to who does not run the app, and what it says without the API."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any

import pytest
from container import Network, Site, StartSite, docker, run_to_end

CHINESE, ENGLISH = "zh-CN,zh;q=0.9", "en-GB,en;q=0.9"


class Page(HTMLParser):
    """A page as a browser reads it: its language, title, tags in the head, and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title, self.language = "", ""
        self.metas: dict[str, list[str]] = {}
        self.links: dict[str, list[str]] = {}
        self.scripts: list[dict[str, str | None]] = []
        self.data: list[str] = []
        self.first: dict[str, Any] = {"language": None, "answers": {}}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._inside = "first answers" if given.get("id") == "first-answers" else tag
        if tag == "html":
            self.language = given["lang"] or ""
        elif tag == "meta" and (name := given.get("name") or given.get("property")):
            self.metas.setdefault(name, []).append(given["content"] or "")
        elif tag == "link":
            kind = " ".join(filter(None, (given["rel"], given.get("as"))))
            self.links.setdefault(kind, []).append(given["href"] or "")
        elif tag == "script":
            self.scripts.append(given)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "title":
            self.title += data
        elif self._inside == "script":
            self.data.append(data)
        elif self._inside == "first answers":
            self.first = json.loads(data)


@pytest.fixture(scope="module")
def network(image: str) -> Iterator[Network]:
    with Network(image) as made:
        made.start_api()
        yield made


@pytest.fixture(scope="module")
def shop(image: str, media: Any, secrets: Any, network: Network) -> Iterator[Site]:
    """The site beside an API."""
    running = Site.start(image, media, secrets, network=network.name)
    yield running
    running.remove()


def page(site: Site, path: str, language: str = ENGLISH, status: int = 200) -> Page:
    sent = {
        "Host": "site.test:8080",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_For": "192.0.2.9",
        "Accept_Language": language,
    }
    answer = site.get(path, **sent)
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert '<div id="app">' in answer.text
    return Page(answer.text)


def once(values: list[str]) -> str:
    assert len(values) == 1, values
    return values[0]


# --- a course ----------------------------------------------------------------------------------

NAME = "</script><script>alert(1)</script> \"Knots\" & 'ropes' <!--"
BRIEF = 'Tie anything.</title> "'


def test_a_courses_head_says_what_the_course_is(shop: Site) -> None:
    found = page(shop, "/courses/1")
    assert found.title == f"{NAME} · Luffy Courses"
    assert once(found.metas["description"]) == BRIEF
    assert once(found.links["canonical"]) == "https://site.test:8080/courses/1"
    assert once(found.metas["og:url"]) == "https://site.test:8080/courses/1"
    assert once(found.metas["og:title"]) == found.title
    assert once(found.metas["og:description"]) == BRIEF
    assert once(found.metas["og:image"]) == 'https://site.test:8080/media/course/knots"><b>.png'
    assert once(found.metas["og:locale"]) == "en_US"
    assert "robots" not in found.metas


def test_a_courses_picture_is_asked_for_before_the_app_runs(shop: Site) -> None:
    text = shop.get("/courses/1").text
    assert once(Page(text).links["preload image"]) == '/media/course/knots"><b>.png'
    [ahead] = re.findall(r'<link rel="preload" as="image"[^>]*>', text)
    # An address or a width that is none is left out.
    assert ' imagesrcset="/media/sizes/knots%2C%20320&quot;.webp 320w" ' in ahead
    one_width = shop.get("/courses/16").text
    assert once(Page(one_width).links["preload image"]) == "https://pictures.test/a.png"
    assert "imagesrcset" not in one_width
    assert "preload image" not in page(shop, "/courses/10").links, "there is no picture"


def test_nothing_that_an_editor_writes_becomes_a_tag(shop: Site) -> None:
    found = page(shop, "/courses/1")
    inline = [script for script in found.scripts if "src" not in script]
    assert inline == [
        {"type": "application/ld+json"},
        {"type": "application/json", "id": "first-answers"},
    ], "data, which is never run"
    text = shop.get("/courses/1").text
    assert "<script>alert" not in text
    assert "<b>" not in text


def test_a_courses_data_is_what_search_engines_read(shop: Site) -> None:
    found = page(shop, "/courses/1")
    (text,) = [data for data in found.data if data.strip()]
    assert json.loads(text) == {
        "@context": "https://schema.org",
        "@type": "Course",
        "name": NAME,
        "description": BRIEF,
        "url": "https://site.test:8080/courses/1",
        "image": 'https://site.test:8080/media/course/knots"><b>.png',
        "provider": {
            "@type": "Organization",
            "name": "Luffy Courses",
            "url": "https://site.test:8080/",
        },
        "offers": {
            "@type": "Offer",
            "price": "39.00",
            "priceCurrency": "CNY",
            "category": "Paid",
            "url": "https://site.test:8080/courses/1",
        },
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": 4.5,
            "reviewCount": 2,
            "bestRating": 5,
            "worstRating": 1,
        },
    }


def test_a_free_course_without_picture_and_reviews_claims_none(shop: Site) -> None:
    found = page(shop, "/courses/10", CHINESE)
    assert found.title == "Free · Luffy 课堂"
    assert once(found.metas["description"]).startswith("由一线工程师讲授")
    assert "og:image" not in found.metas
    (text,) = [data for data in found.data if data.strip()]
    data = json.loads(text)
    assert (data["offers"]["category"], data["offers"]["price"]) == ("Free", "0.00")
    assert not {"aggregateRating", "image"} & set(data)


def test_what_makes_no_sense_is_left_out(shop: Site) -> None:
    found = page(shop, "/courses/15")
    assert "og:image" not in found.metas, "no address of another site without a scheme"
    assert len(once(found.metas["description"])) == 300
    (text,) = [data for data in found.data if data.strip()]
    assert "offers" not in json.loads(text)
    assert once(page(shop, "/courses/16").metas["og:image"]) == "https://pictures.test/a.png"


def test_a_course_with_many_details_has_its_head(shop: Site) -> None:
    assert page(shop, "/courses/13").title.endswith("<!-- · Luffy Courses")


def test_the_api_learns_who_asks_and_nothing_of_cookies_and_conditions(shop: Site) -> None:
    answer = shop.get(
        "/courses/2",
        Host="site.test",
        X_Forwarded_For="192.0.2.9",
        X_Forwarded_Proto="https",
        X_Request_ID="0123456789abcdef",
        Accept_Language="en",
        Cookie="luffy_refresh=secret",
        Authorization="jwt secret",
        If_None_Match='"x"',
        Range="bytes=0-10",
    )
    assert answer.status_code == 200
    seen = json.loads(Page(answer.text).title.removesuffix(" · Luffy Courses"))
    for name in ("Connection", "Content-Length"):
        seen.pop(name, None)
    assert seen == {
        "Host": "site.test",
        "Accept-Language": "en",
        "X-Forwarded-For": "192.0.2.9",
        "X-Forwarded-Proto": "https",
        "X-Request-ID": "0123456789abcdef",
    }


@pytest.mark.parametrize("path", ["/courses/404", "/courses/abc", "/courses/0", "/courses/01"])
def test_a_course_that_does_not_exist_is_missing_with_the_apps_page(shop: Site, path: str) -> None:
    found = page(shop, path, status=404)
    assert found.title == "This page is lost · Luffy Courses"
    assert once(found.metas["robots"]) == "noindex"
    assert "canonical" not in found.links
    assert shop.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("course", [4, 5, 7, 8, 9, 11, 12, 14])
def test_an_answer_that_is_no_course_leaves_a_plain_page(shop: Site, course: int) -> None:
    found = page(shop, f"/courses/{course}")
    assert found.title == "Luffy Courses · Learn to code by building"
    assert "canonical" not in found.links
    assert not [script for script in found.scripts if "src" not in script]


def test_an_api_that_is_slow_is_not_waited_for(shop: Site) -> None:
    began = time.monotonic()
    assert page(shop, "/courses/3").title == "Luffy Courses · Learn to code by building"
    assert time.monotonic() - began < 2.5


def test_an_api_that_went_and_came_elsewhere_is_found_again(
    image: str, media: Any, secrets: Any
) -> None:
    with Network(image) as network:
        first = network.start_api()
        site = Site.start(image, media, secrets, network=network.name)
        try:
            assert page(site, "/courses/10").title == "Free · Luffy Courses"
            docker("rm", "--force", first)
            gone = page(site, "/courses/10")
            assert gone.title == "Luffy Courses · Learn to code by building"
            # Its address goes to another container, so that the API gets a new one.
            network.start_api(alias="another")
            network.start_api()
            end = time.monotonic() + 10
            while page(site, "/courses/10").title != "Free · Luffy Courses":
                assert time.monotonic() < end, "not found again in 10 s"
                time.sleep(0.2)
        finally:
            site.remove()


def test_what_the_api_does_wrong_stands_in_the_log(shop: Site) -> None:
    shop.get("/courses/4")
    told = [line["message"] for line in shop.log_lines() if "message" in line]
    assert any("/courses/4 comes without course/actual/4/ (" in line for line in told)


def test_an_api_elsewhere_gives_the_pictures_address(
    image: str, media: Any, secrets: Any, network: Network
) -> None:
    site = Site.start(image, media, secrets, "https://api.test/luffy", network=network.name)
    try:
        picture = once(page(site, "/courses/1").metas["og:image"])
        assert picture == 'https://api.test/media/course/knots"><b>.png'
    finally:
        site.remove()


def test_many_visitors_at_once_each_get_their_course(shop: Site) -> None:
    def one(number: int) -> str:
        return page(shop, f"/courses/{10 if number % 2 else 1}").title

    with ThreadPoolExecutor(16) as pool:
        titles = list(pool.map(one, range(400)))
    assert titles[1::2] == ["Free · Luffy Courses"] * 200
    assert titles[::2] == [f"{NAME} · Luffy Courses"] * 200


# --- what a page brings along ------------------------------------------------------------------

HOME = (
    "home/banner/",
    "course/category/",
    "course/actual/?page_size=4",
    "course/actual/?page_size=4&ordering=-pub_date",
    "course/actual/?page_size=4&ordering=-students",
    "course/actual/?page_size=4&free=true",
)
LIST = ("course/category/", "course/actual/?page=1&page_size=12")


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/", HOME),
        ("/?utm_source=mail", HOME),
        ("/courses", LIST),
        ("/courses/", LIST),
        ("/courses?ordering=price", ()),
        ("/courses/1", ("course/actual/1/", "course/chapter/?course_id=1")),
        ("/learn/1", ("course/actual/1/",)),
        ("/learn/1/8", ("course/actual/1/",)),
        ("/learn/1/x", ()),
        ("/search", ()),
        ("/login", ()),
    ],
)
def test_a_page_brings_the_answers_to_its_first_questions(
    shop: Site, path: str, asked: tuple[str, ...]
) -> None:
    first = page(shop, path, CHINESE).first
    assert set(first["answers"]) == set(asked)
    assert first["language"] == ("zh-CN" if asked else None)


def test_an_answer_comes_as_the_api_gave_it(shop: Site) -> None:
    first = page(shop, "/").first
    assert first["language"] == "en"
    assert first["answers"]["course/category/"] == [{"id": 1, "name": "Knots"}]
    assert first["answers"][HOME[2]]["results"] == [{"id": 1, "name": "<!-- & more"}]
    assert first["answers"]["home/banner/"]["result"][0]["title"] == "</script>"
    assert page(shop, "/courses/1").first["answers"]["course/actual/1/"]["name"] == NAME


@pytest.mark.parametrize("wish", ["slow", "large", "broken", "down"])
def test_an_answer_that_a_page_cannot_bring_is_left_out(shop: Site, wish: str) -> None:
    began = time.monotonic()
    found = Page(shop.get("/", X_Request_ID=wish).text)
    assert time.monotonic() - began < 0.85, "the slow one takes 0.9 s"
    assert set(found.first["answers"]) == set(HOME) - {"course/category/"}


def test_a_page_tells_what_it_came_without(shop: Site) -> None:
    shop.get("/", X_Request_ID="broken")
    told = [line["message"] for line in shop.log_lines() if "message" in line]
    assert any("/ comes without course/category/ (" in line for line in told)


def test_the_first_banner_is_asked_for_before_the_app_runs(shop: Site) -> None:
    text = shop.get("/").text
    assert once(Page(text).links["preload image"]) == "/media/sail.png"
    assert ' imagesrcset="/media/sail.320.webp 320w" ' in text


def test_a_picture_that_is_none_is_not_loaded_ahead(shop: Site) -> None:
    without_banners = shop.get("/", X_Request_ID="null")
    assert without_banners.status_code == 200
    assert "preload image" not in Page(without_banners.text).links
    assert "imagesrcset" not in shop.get("/courses/17").text
    assert page(shop, "/learn/17").links["preload image"]


def test_the_players_course_is_shown_before_its_video(shop: Site) -> None:
    found = page(shop, "/learn/1/8")
    assert once(found.links["preload image"]) == '/media/course/knots"><b>.png'
    assert "canonical" not in found.links


def test_without_the_api_a_page_brings_nothing_and_comes_all_the_same(site: Site) -> None:
    began = time.monotonic()
    found = page(site, "/")
    assert time.monotonic() - began < 1
    assert found.first["answers"] == {}


def test_an_api_elsewhere_is_asked_there(
    image: str, media: Any, secrets: Any, network: Network
) -> None:
    site = Site.start(image, media, secrets, "https://api.test/", network=network.name)
    try:
        assert page(site, "/").first["answers"] == {}
    finally:
        site.remove()


@pytest.mark.parametrize(
    ("path", "language", "some"),
    [
        ("/", ENGLISH, ["/assets/en-"]),
        ("/courses", CHINESE, ["/assets/CourseListPage-"]),
        ("/courses/7", ENGLISH, ["/assets/CoursePage-", "/assets/en-"]),
        ("/learn/7/8", CHINESE, ["/assets/PlayerPage-"]),
        ("/login", CHINESE, ["/assets/LoginPage-"]),
    ],
)
def test_a_page_names_the_files_that_it_needs(
    site: Site, path: str, language: str, some: list[str]
) -> None:
    links = page(site, path, language).links
    for start in some:
        assert [href for href in links["modulepreload"] if href.startswith(start)], links
    for href in links["modulepreload"]:
        assert site.get(href).status_code == 200, href


def test_a_page_in_the_apps_own_language_needs_no_other_file(site: Site) -> None:
    assert "modulepreload" not in page(site, "/", CHINESE).links


# --- every page --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "title", "canonical"),
    [
        ("/", "Luffy Courses · Learn to code by building", "https://site.test:8080/"),
        ("/courses", "Courses · Luffy Courses", "https://site.test:8080/courses"),
        ("/courses/?page=2", "Courses · Luffy Courses", "https://site.test:8080/courses"),
        ("/login", "Luffy Courses · Learn to code by building", None),
    ],
)
def test_other_pages_have_titles_and_descriptions(
    site: Site, path: str, title: str, canonical: str | None
) -> None:
    found = page(site, path)
    assert found.title == title
    assert len(once(found.metas["description"])) > 30
    assert found.links.get("canonical") == ([canonical] if canonical else None)


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("en", "en"),
        ("en-US,zh;q=0.9", "en"),
        ("zh-TW", "zh-CN"),
        ("ZH-Hans", "zh-CN"),
        ("de,en;q=0.5,zh;q=0.6", "zh-CN"),
        ("de, en;q=0.7", "en"),
        ("en;q=0,zh;q=0.1", "zh-CN"),
        ("de", "zh-CN"),
        ("*", "zh-CN"),
        ("", "zh-CN"),
        ("english", "zh-CN"),
        (";;;,,q=1;en", "zh-CN"),
        ("en;q=x,zh;q=0.1", "zh-CN"),
    ],
)
def test_the_language_is_the_callers(site: Site, asked: str, language: str) -> None:
    answer = site.get("/", Accept_Language=asked)
    assert Page(answer.text).language == language
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("cookie", "language"),
    [
        ("luffy_locale=zh-CN", "zh-CN"),
        ("a=b; luffy_locale=zh-CN; c=d", "zh-CN"),
        ("luffy_locale=tlh", "en"),
        ('luffy_locale="><script>', "en"),
        ("other_luffy_locale=zh-CN", "en"),
    ],
)
def test_a_language_that_the_visitor_chose_is_kept(site: Site, cookie: str, language: str) -> None:
    answer = site.get("/", Accept_Language=ENGLISH, Cookie=cookie)
    assert Page(answer.text).language == language
    assert "Cookie" in answer.headers["Vary"]


def test_a_deployment_has_a_language_of_its_own(start: StartSite) -> None:
    site = start(language="en")
    assert Page(site.get("/", Accept_Language="de").text).language == "en"
    assert Page(site.get("/", Accept_Language="zh").text).language == "zh-CN"


@pytest.mark.parametrize("language", ["", "de", 'en"; x', "zh-Hans"])
def test_a_language_that_no_page_has_is_refused(image: str, secrets: Any, language: str) -> None:
    refused = run_to_end(image, secrets, language=language)
    assert refused.returncode == 78
    message = json.loads(refused.stderr)["message"]
    assert re.match(r"LANGUAGE_CODE: expected zh-hans or en, found '.*'; set LANGUAGE", message)


def test_an_unchanged_page_is_not_sent_again_and_another_languages_is(shop: Site) -> None:
    first = shop.get("/courses/10", Accept_Language="en")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    again = shop.get("/courses/10", Accept_Language="en", If_None_Match=f'"x", {tag}')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    other = shop.get("/courses/10", Accept_Language="zh", If_None_Match=tag)
    assert (other.status_code, Page(other.text).language) == (200, "zh-CN")


@pytest.mark.parametrize("host", ['a"><script>', "a b", "a/../b", "a@b", "user:pw@a"])
def test_a_name_that_is_none_gives_no_address(site: Site, host: str) -> None:
    answer = site.raw("/courses", f"X-Forwarded-Host: {host}")
    assert host.encode() not in answer
    answer = site.raw("/courses", host=host)
    assert b'rel="canonical"' not in answer
    assert b"<script>\r" not in answer


def test_pages_are_sent_compressed(site: Site) -> None:
    answer = site.get("/", Accept_Encoding="gzip", Accept_Language="en")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert {"Accept-Language", "Accept-Encoding"} <= set(answer.headers["Vary"].split(", "))
    assert Page(answer.text).language == "en"


# --- which release runs ------------------------------------------------------------------------


def test_the_release_is_told_and_never_kept(start: StartSite, tmp_path: Any) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "release.json").write_text('{"release": "abc"}')
    site = start(public=tmp_path)
    answer = site.get("/status/release.json")
    assert answer.json() == {"release": "abc"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")
    # As the release engine replaces it: by a rename.
    (tmp_path / "new").write_text('{"release": "def"}')
    (tmp_path / "new").rename(tmp_path / "release.json")
    assert site.get("/status/release.json").json() == {"release": "def"}
    (tmp_path / "other.json").write_text("{}")
    assert site.get("/status/other.json").status_code == 404
    (tmp_path / "release.json").unlink()
    assert site.get("/status/release.json").status_code == 404
