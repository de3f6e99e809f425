"""The proxy pool beyond the reference's routes: its second API, its figures, its dashboard."""

from __future__ import annotations

import re

import requests
from deployment import TIMEOUT_S, Deployment


def test_statistics_tell_how_the_pool_is(deployment: Deployment, pool: requests.Session) -> None:
    answer = pool.get(deployment.pool("/api/v2/stats"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    assert answer.json()["good"] >= 0
    assert answer.json()["known"] >= answer.json()["good"]


def test_a_list_can_be_filtered_and_paged(deployment: Deployment, pool: requests.Session) -> None:
    query = "/api/v2/proxies?anonymity=elite&sort=latency&order=asc&limit=5"
    answer = pool.get(deployment.pool(query), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert len(page["items"]) == min(5, page["total"])
    assert {record["anonymous"] for record in page["items"]} <= {"elite"}
    latencies = [record["latency_ms"] for record in page["items"]]
    assert latencies == sorted(latencies)


def test_figures_can_be_collected(deployment: Deployment, pool: requests.Session) -> None:
    answer = pool.get(deployment.pool("/metrics"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    assert re.search(r"^# TYPE \w+ (gauge|counter)$", answer.text, re.MULTILINE), answer.text


def test_the_dashboard_is_served(deployment: Deployment, pool: requests.Session) -> None:
    headers = {"Accept": "text/html"}
    page = pool.get(deployment.pool("/"), headers=headers, timeout=TIMEOUT_S)
    assert page.status_code == 200, page.text
    assert page.headers["Content-Type"].startswith("text/html")
    assert_needs_no_other_host(page.text)


def test_the_apis_documentation_is_served(deployment: Deployment, pool: requests.Session) -> None:
    page = pool.get(deployment.pool("/docs"), timeout=TIMEOUT_S)
    assert page.status_code == 200, page.text
    assert_needs_no_other_host(page.text)
    schema = pool.get(deployment.pool("/openapi.json"), timeout=TIMEOUT_S)
    assert "/api/v2/proxies" in schema.json()["paths"]


def assert_needs_no_other_host(page: str) -> None:
    """The page loads no script, style or picture from elsewhere."""
    loaded = re.findall(
        r"""<(?:script|link|img)[^>]+(?:src|href)=["']?((?:https?:)?//[^"' >]+)""", page
    )
    assert loaded == []
