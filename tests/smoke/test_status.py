"""What everybody may know of a deployment: which release runs, and what works. No more."""

from __future__ import annotations

import re

import requests
from deployment import TIMEOUT_S, Deployment


def test_the_release_that_runs_is_told(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.site("/status/release.json"), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json()
    assert set(found) == {"release", "since", "services"}
    assert re.fullmatch("[0-9a-f]+", found["release"])
    for service in ("edge", "luffy_api", "luffycity", "mariadb", "redis", "proxy_pool_api"):
        assert found["services"][service]["tag"], service
        assert "/" not in found["services"][service]["image"], "where it comes from"


def test_the_edge_tells_what_is_up(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.site("/status/edge.json"), timeout=TIMEOUT_S)
    services = answer.json()["services"]
    assert {"luffy_api", "luffycity", "proxy_pool_api", "proxy_pool_gateway"} <= set(services)
    for name, found in services.items():
        assert found["up"] == found["of"] >= 1, name


def test_the_site_tells_what_works(deployment: Deployment, http: requests.Session) -> None:
    answer = http.get(deployment.site("/api/v1/status/"), timeout=TIMEOUT_S)
    assert answer.status_code == 200
    result = answer.json()["result"]
    assert {name: part["state"] for name, part in result["parts"].items()} == {
        "database": "ok",
        "schema": "ok",
        "redis": "ok",
        "worker": "ok",
        "beat": "ok",
    }, result
