"""Every address of a deployment answers, and answers what it should."""

from __future__ import annotations

import http.client as http_client
import ipaddress
import json

import pytest
import requests
from deployment import TIMEOUT_S, Deployment
from farm import judge_context


def test_the_front_page_is_the_course_site(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.site("/"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    assert 'id="app"' in answer.text


def test_the_front_page_loads_its_settings_and_scripts(
    deployment: Deployment, http: requests.Session
) -> None:
    settings = http.get(deployment.site("/settings.js"), timeout=TIMEOUT_S)
    assert settings.status_code == 200
    assert "javascript" in settings.headers["Content-Type"]
    page = http.get(deployment.site("/"), timeout=TIMEOUT_S).text
    script = page.split('type="module"', 1)[1].split('src="', 1)[1].split('"', 1)[0]
    assert http.get(deployment.site(script), timeout=TIMEOUT_S).status_code == 200, script


@pytest.mark.parametrize("path", ["home/banner/", "course/category/", "course/actual/"])
def test_the_api_answers_on_both_its_addresses(
    deployment: Deployment, http: requests.Session, path: str
) -> None:
    own_port = http.get(deployment.api(path), timeout=TIMEOUT_S)
    site_port = http.get(deployment.site("/api/v1/" + path), timeout=TIMEOUT_S)
    assert own_port.status_code == site_port.status_code == 200, own_port.text
    if path == "course/actual/":
        assert own_port.json()["count"] == site_port.json()["count"]
    else:
        assert own_port.json() == site_port.json()


@pytest.mark.sample_data
def test_a_listed_course_can_be_opened(deployment: Deployment, http: requests.Session) -> None:
    courses = http.get(deployment.api("course/actual/"), timeout=TIMEOUT_S).json()["results"]
    assert courses, "the course list is empty: was the sample data loaded, or are all hidden?"
    course = http.get(deployment.api(f"course/actual/{courses[0]['id']}/"), timeout=TIMEOUT_S)
    assert course.status_code == 200
    assert course.json()["name"] == courses[0]["name"]
    picture = http.get(deployment.site(courses[0]["course_img"]), timeout=TIMEOUT_S)
    assert picture.status_code == 200
    assert picture.headers["Content-Type"].startswith("image/")


def test_a_course_that_does_not_exist_is_a_clear_404(
    deployment: Deployment, http: requests.Session
) -> None:
    answer = http.get(deployment.api("course/actual/999999999/"), timeout=TIMEOUT_S)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_staff_login_page_answers(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.site("/admin/"), timeout=TIMEOUT_S)
    assert answer.status_code == 200
    assert 'name="csrfmiddlewaretoken"' in answer.text


def test_check_shows_the_callers_address(deployment: Deployment, http: requests.Session) -> None:
    plain = http.get(deployment.check(), timeout=TIMEOUT_S)
    assert plain.status_code == 200
    assert plain.headers["Content-Type"].startswith("text/plain")
    address = plain.text.strip()
    ipaddress.ip_address(address)
    as_json = http.get(deployment.check("?format=json"), timeout=TIMEOUT_S).json()
    assert as_json["ip"] == address
    assert "host" in [name.lower() for name, _ in as_json["headers"]]


def test_a_claimed_address_is_not_believed(deployment: Deployment, http: requests.Session) -> None:
    claimed = "203.0.113.77"
    answer = http.get(deployment.check(), headers={"X-Forwarded-For": claimed}, timeout=TIMEOUT_S)
    assert answer.text.strip() != claimed


def test_check_answers_the_same_over_tls(deployment: Deployment, http: requests.Session) -> None:
    """Its authority is private: who verifies is the pool, which has its certificate."""
    connection = http_client.HTTPSConnection(
        deployment.host,
        deployment.check_tls_port,
        timeout=TIMEOUT_S[1],
        context=judge_context(deployment),
    )
    connection.request("GET", "/check/?format=json")
    encrypted = json.loads(connection.getresponse().read())
    connection.close()
    plain = http.get(deployment.check("?format=json"), timeout=TIMEOUT_S).json()
    assert encrypted["ip"] == plain["ip"]
    assert ["host", f"{deployment.url_host}:{deployment.check_tls_port}"] in encrypted["headers"]


def test_the_pool_answers_as_its_clients_expect(
    deployment: Deployment, pool: requests.Session
) -> None:
    routes = pool.get(deployment.pool("/"), timeout=TIMEOUT_S).json()
    assert {route["url"] for route in routes["url"]} >= {
        "/get",
        "/pop",
        "/all",
        "/count",
        "/delete",
    }
    count = pool.get(deployment.pool("/count/"), timeout=TIMEOUT_S).json()
    assert set(count) >= {"count", "http_type", "source"}
    assert isinstance(pool.get(deployment.pool("/all/"), timeout=TIMEOUT_S).json(), list)


def test_an_unknown_host_is_refused(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(
        deployment.site("/"), headers={"Host": "somebody-else.invalid"}, timeout=TIMEOUT_S
    )
    assert 400 <= answer.status_code < 500, answer.status_code


@pytest.mark.demo_world
def test_the_demo_world_shows_its_page(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.demo("/"), timeout=TIMEOUT_S)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
