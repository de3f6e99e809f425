"""Which service answers where, and what callers see when none does."""

from __future__ import annotations

import json

import pytest
from conftest import Edge, StartEdge, docker
from test_refusals import assert_plain_page


@pytest.mark.parametrize(
    ("port", "path", "service_port"),
    [
        (8080, "/", 8080),
        (8080, "/settings.js", 8080),
        (8080, "/media/a.png", 8080),
        (8080, "/protected/section/a.mp4", 8080),
        (8080, "/course/1", 8080),
        (8080, "/apiary", 8080),
        (8080, "/api", 8000),
        (8080, "/api/v1/courses/", 8000),
        (8080, "/admin", 8000),
        (8080, "/admin/login/", 8000),
        (8080, "/static/admin.css", 8000),
        (8080, "/readyz", 8000),
        (8080, "/robots.txt", 8000),
        (8080, "/sitemap.xml", 8000),
        (8080, "/sitemap-courses.xml", 8000),
        (8080, "/sitemap", 8080),
        (8080, "/status", 8080),
        (8080, "/status/release.json", 8080),
        (8080, "/status/edge.json/", 8080),
        (8000, "/", 8000),
        (8000, "/api/v1/", 8000),
        (8000, "/media/a.png", 8080),
        (8000, "/protected/section/a.mp4", 8080),
        (8002, "/asdf7Kq", 8002),
        (8002, "/api/links/", 8002),
        (5010, "/", 5010),
        (5010, "/get/", 5010),
        (8009, "/farm/", 8009),
        (8010, "/", 8010),
        (8011, "/", 8011),
        (20000, "/", 20000),
        (20003, "/", 20003),
    ],
)
def test_service_behind_an_address(edge: Edge, port: int, path: str, service_port: int) -> None:
    response = edge.get(port, path)
    assert response.status_code == 200
    assert response.headers["x-answered-by"] == f"services:{service_port}"
    assert response.text.startswith(f"GET {path} ")


def test_services_own_name_and_version_stay_inside(edge: Edge) -> None:
    assert "server" not in edge.get(8080).headers


def test_log_is_json_without_queries(edge: Edge) -> None:
    edge.get(5010, '/get/?token=speak-no-evil&x="', headers={"X-Request-ID": "log-test-1"})
    edge.wait_for(lambda: "log-test-1" in edge.log(), "the request is in the log")
    lines = [line for line in edge.log().splitlines() if "log-test-1" in line]
    entry = json.loads(lines[0])
    assert (entry["level"], entry["message"], entry["request_id"]) == (
        "info",
        "request",
        "log-test-1",
    )
    assert entry["path"] == "/get/"
    assert entry["status"] == 200
    assert entry["client"] == "127.0.0.1"
    assert entry["peer"] == edge.network.gateway
    assert entry["server"].startswith("proxy_pool_api")
    assert entry["time"].endswith("Z")
    assert "speak-no-evil" not in edge.log()


@pytest.mark.parametrize(
    "name", ["user:speak-no-evil@10.0.0.1:80", "user%3Aspeak-no-evil%4010.0.0.1%3A80"]
)
def test_log_names_no_credentials_of_a_proxy(edge: Edge, name: str) -> None:
    for method, path in (("DELETE", ""), ("POST", "/report")):
        headers = {"X-Request-ID": f"log-test-{method}"}
        answer = edge.request(method, 5010, f"/api/v2/proxies/{name}{path}", headers=headers)
        assert answer.text.startswith(f"{method} /api/v2/proxies/{name}{path} "), answer.text
        edge.wait_for(lambda m=method: f"log-test-{m}" in edge.log(), "the request is in the log")
    lines = [line for line in edge.log().splitlines() if "log-test-POST" in line]
    assert json.loads(lines[0])["path"] == "/api/v2/proxies/***"
    assert "speak-no-evil" not in edge.log()


def test_refused_requests_and_the_farms_connections_are_logged_as_json(edge: Edge) -> None:
    edge.send(8080, b"GET / HTTP/1.0\r\n\r\n")
    edge.send(8101, b"no announcement\r\n")
    edge.get(20001)
    seen: set[str] = set()

    def all_seen() -> bool:
        for line in docker("logs", edge.name).stdout.splitlines():
            entry = json.loads(line) if line.startswith("{") else {}
            seen.update(
                {
                    f"{entry.get('frontend')} {entry.get('status')}",
                    f"{entry.get('frontend')} {entry.get('error')}",
                    f"{entry.get('frontend')} {entry.get('port')}",
                }
            )
        return {"site 400", "demo_farm 20001"} <= seen and any("PROXY" in entry for entry in seen)

    edge.wait_for(all_seen, "a refused request, a farm's connection and a missing announcement")


def test_behind_a_terminator_https_is_the_scheme(start: StartEdge) -> None:
    """What ends TLS in front speaks plain HTTP to the edge: a redirect to https would never end."""
    edge = start(public_scheme="https", demo_world=False)
    response = edge.get(8080, "/course/1?a=b", headers={"Host": "courses.example"})
    assert response.status_code == 200
    assert "max-age=" in response.headers["strict-transport-security"]
    arrived = dict(edge.arrived(edge.get(8000)))
    assert arrived["x-forwarded-proto"] == "https"


def test_plain_http_has_no_hsts(edge: Edge) -> None:
    assert "strict-transport-security" not in edge.get(8080).headers


def test_gone_service_gives_a_page_and_comes_back(start: StartEdge) -> None:
    """A service of its own network, so that stopping it disturbs no other test."""
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the service is found")
    service = edge.network.containers[0]
    docker("kill", service)
    try:
        edge.wait_for(lambda: edge.get(8080).status_code == 503, "the loss is noticed")
        answer = edge.send(8080, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert_plain_page(answer, 503)
        assert b"starting or being updated" in answer
        assert b"retry-after" in answer.lower()
        assert edge.get(8001, "/check/").status_code == 200
        assert edge.execute("edge-health").returncode == 0
    finally:
        docker("start", service)
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the return is noticed")


def test_service_that_appears_later_is_found(start: StartEdge) -> None:
    edge = start()
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the first one is found")
    late = edge.network.run_service("late", "luffycity")
    try:
        edge.wait_for(
            lambda: edge.get(8080).headers.get("x-answered-by") == "late:8080", "the late one"
        )
    finally:
        docker("rm", "--force", late)
    edge.wait_for(
        lambda: all(edge.get(8080).status_code == 200 for _ in range(10)), "only the first again"
    )
