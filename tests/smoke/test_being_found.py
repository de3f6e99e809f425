"""Search engines, and who shows links, find the pages and read what they are, without the app."""

from __future__ import annotations

import html
import json
import re

import pytest
import requests
from deployment import TIMEOUT_S, Deployment


def test_robots_lead_to_a_sitemap_that_leads_to_the_pages(
    deployment: Deployment, http: requests.Session
) -> None:
    robots = http.get(deployment.site("/robots.txt"), timeout=TIMEOUT_S)
    assert robots.status_code == 200
    assert "Disallow: /admin/" in robots.text
    (sitemap,) = re.findall(r"^Sitemap: (\S+)$", robots.text, re.MULTILINE)
    found = http.get(sitemap, timeout=TIMEOUT_S)
    assert found.status_code == 200
    assert found.headers["Content-Type"].startswith("application/xml")
    for address in re.findall(r"<loc>([^<]+)</loc>", found.text)[:5]:
        assert http.get(html.unescape(address), timeout=TIMEOUT_S).status_code == 200, address


@pytest.mark.sample_data
@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh-CN", "zh-CN")])
def test_a_courses_page_says_what_it_is_before_the_app_runs(
    deployment: Deployment, http: requests.Session, language: str, tag: str
) -> None:
    course = http.get(deployment.api("course/actual/"), timeout=TIMEOUT_S).json()["results"][0]
    page = http.get(
        deployment.site(f"/courses/{course['id']}"),
        headers={"Accept-Language": language},
        timeout=TIMEOUT_S,
    )
    assert page.status_code == 200
    assert f'<html lang="{tag}">' in page.text
    assert "Accept-Language" in page.headers["Vary"]
    (title,) = re.findall(r"<title>([^<]*)</title>", page.text)
    assert html.unescape(title).startswith(course["name"])
    (data,) = re.findall(r'<script type="application/ld\+json">([^<]*)</script>', page.text)
    assert json.loads(data)["name"] == course["name"]
    (picture,) = re.findall(r'<meta property="og:image" content="([^"]*)">', page.text)
    shown = http.get(html.unescape(picture), timeout=TIMEOUT_S)
    assert shown.headers["Content-Type"].startswith("image/")


def test_a_course_that_does_not_exist_has_no_page(
    deployment: Deployment, http: requests.Session
) -> None:
    page = http.get(deployment.site("/courses/999999999"), timeout=TIMEOUT_S)
    assert page.status_code == 404
    assert 'id="app"' in page.text


@pytest.mark.sample_data
def test_pictures_come_in_the_width_that_is_asked_for(
    deployment: Deployment, http: requests.Session
) -> None:
    course = http.get(deployment.api("course/actual/"), timeout=TIMEOUT_S).json()["results"][0]
    assert course["course_img_set"], "the step `pictures` of the deploy made none"
    sizes = []
    for copy in course["course_img_set"]:
        picture = http.get(deployment.site(copy["url"]), timeout=TIMEOUT_S)
        assert picture.status_code == 200, copy
        assert picture.headers["Content-Type"] == "image/webp"
        sizes.append(len(picture.content))
    assert sizes == sorted(sizes)
