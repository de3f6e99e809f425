"""What Prometheus is told, of all processes together."""

import re

import requests

from tests.stand import BASE_URL, Service, wait_until

REQUESTS = "luffy_http_requests_total"
ROUTE = 'route="api/v1/course/category/"'


def told(name: str, *labels: str) -> float:
    """The sum of the series of `name` that have all of `labels`."""
    answer = requests.get(f"{BASE_URL}/metrics", timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    series = re.findall(rf"^{name}(\{{[^}}]*\}})? (\S+)$", answer.text, re.MULTILINE)
    return sum(float(value) for found, value in series if all(label in found for label in labels))


def test_requests_are_counted_by_route_over_all_processes(settled: Service) -> None:
    before = told(REQUESTS, ROUTE, 'status="200"')
    for _ in range(40):
        # A connection of its own each: they fall on both processes.
        assert settled.get("course/category/").status_code == 200
    assert told(REQUESTS, ROUTE, 'status="200"', 'method="GET"') == before + 40
    assert told("luffy_http_request_duration_seconds_count", ROUTE) >= 40
    assert told("luffy_cache_reads_total", 'group="course"', 'outcome="hit"') > 0


def test_made_up_paths_and_methods_are_one_series(settled: Service) -> None:
    before = told(REQUESTS, 'route="none"')
    for number in range(5):
        assert settled.get(f"/api/v1/nowhere/{number}/").status_code == 404
    assert requests.request("BREW", f"{BASE_URL}/api/v1/", timeout=20).status_code == 404
    assert told(REQUESTS, 'route="none"') == before + 6
    assert told(REQUESTS, 'method="other"') >= 1
    assert told(REQUESTS, "nowhere") == 0


def test_health_checks_are_not_counted(settled: Service) -> None:
    before = told(REQUESTS)
    for path in ("/healthz", "/readyz", "/metrics"):
        settled.get(path)
    assert told(REQUESTS) == before


def test_callers_from_outside_are_told_nothing(settled: Service) -> None:
    answer = settled.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert (answer.status_code, answer.content) == (404, b"")


def test_an_outage_of_redis_shows(settled: Service) -> None:
    before = told("luffy_cache_reads_total", 'outcome="away"')
    settled.redis_relay.cut()
    wait_until(
        lambda: (
            settled.get("course/category/").status_code == 200
            and told("luffy_cache_reads_total", 'outcome="away"') > before
        ),
        "a read without Redis",
    )
