"""The short-link service, as a visitor and as a caller without an account meet it."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
import requests
from deployment import TIMEOUT_S, Deployment

# The site asks for links every 20 seconds; a service that was just begun has missed one.
MADE_WITHIN_S = 60.0


def test_the_service_reaches_its_stores(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.links("/readyz"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"status": "ok", "mariadb": "ok", "redis": "ok"}


def test_a_code_that_is_none_is_a_clear_404(deployment: Deployment, http: requests.Session) -> None:
    for path in ("/no-such-link", "/no-such-link.svg"):
        answer = http.get(deployment.links(path), timeout=TIMEOUT_S, allow_redirects=False)
        assert answer.status_code == 404
        assert answer.json()["what_to_do"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/links/"), ("GET", "/api/links/")])
def test_links_are_made_by_accounts_alone(
    deployment: Deployment, http: requests.Session, method: str, path: str
) -> None:
    body = {"url": "https://example.org/"}
    answer = http.request(method, deployment.links(path), json=body, timeout=TIMEOUT_S)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_its_numbers_are_not_for_visitors(deployment: Deployment, http: requests.Session) -> None:
    assert http.get(deployment.links("/metrics"), timeout=TIMEOUT_S).status_code == 404


def test_its_api_is_described_without_another_host(
    deployment: Deployment, http: requests.Session
) -> None:
    page = http.get(deployment.links("/docs"), timeout=TIMEOUT_S)
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    document = http.get(deployment.links("/openapi.json"), timeout=TIMEOUT_S).json()
    assert "/api/links/" in document["paths"]


@pytest.mark.sample_data
def test_a_course_is_shared_by_a_short_link(deployment: Deployment, http: requests.Session) -> None:
    courses = http.get(deployment.api("course/actual/"), timeout=TIMEOUT_S).json()["results"]
    address = deployment.api(f"course/actual/{courses[0]['id']}/")
    deadline = time.monotonic() + MADE_WITHIN_S
    while (short_url := http.get(address, timeout=TIMEOUT_S).json()["short_url"]) is None:
        assert time.monotonic() < deadline, f"no short link within {MADE_WITHIN_S} s"
        time.sleep(1)
    # By the link's own name, which need not lead here from where the tests run.
    link = urlsplit(short_url)
    page, headers = deployment.links(link.path), {"Host": link.netloc}
    followed = http.get(page, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
    assert followed.status_code == 302, followed.text
    assert followed.headers["Location"].endswith(f"/courses/{courses[0]['id']}")
    assert followed.headers["Cache-Control"] == "no-store"
    picture = http.get(f"{page}.svg", headers=headers, timeout=TIMEOUT_S)
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert short_url in picture.text
