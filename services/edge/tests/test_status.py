"""/status/edge.json: what stands behind the edge, without a word too many."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Edge, StartEdge, docker

PATH = "/status/edge.json"
ONE = {"up": 1, "of": 1}
PRODUCTION = {"luffy_api", "luffycity", "proxy_pool_api", "proxy_pool_gateway", "shortlink"}


def services(edge: Edge) -> dict[str, Any]:
    found: dict[str, Any] = edge.get(8080, PATH).json()
    assert set(found) == {"services"}
    inner: dict[str, Any] = found["services"]
    return inner


def test_it_counts_each_services_containers(edge: Edge) -> None:
    expected = dict.fromkeys(PRODUCTION | {"demo", "demo_lab", "demo_farm"}, ONE)
    edge.wait_for(lambda: services(edge) == expected, "one container for each service")


def test_there_is_no_demo_world_in_production(public_edge: Edge) -> None:
    headers = {"Host": "courses.example"}
    answer = public_edge.get(8080, PATH, headers=headers)
    assert set(answer.json()["services"]) == PRODUCTION


def test_it_says_nothing_of_addresses_and_is_never_kept(edge: Edge) -> None:
    answer = edge.get(8080, PATH, headers={"X-Request-ID": "status-test-1"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == "status-test-1"
    assert edge.address.rpartition(".")[0] not in answer.text
    assert "8000" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_is_read_and_nothing_else(edge: Edge, method: str) -> None:
    assert edge.request(method, 8080, PATH).status_code == 405


def test_its_head_comes_without_a_body(edge: Edge) -> None:
    answer = edge.request("HEAD", 8080, PATH)
    assert (answer.status_code, answer.content) == (200, b"")


def test_it_is_on_the_sites_port_alone(edge: Edge) -> None:
    assert edge.get(8000, PATH).headers["x-answered-by"] == "services:8000"
    assert edge.get(8001, PATH).status_code == 404


def test_a_name_that_is_not_ours_is_told_nothing(edge: Edge) -> None:
    answer = edge.get(8080, PATH, headers={"Host": "elsewhere.test"})
    assert answer.status_code == 421


def test_it_tells_when_containers_come_and_go(start: StartEdge) -> None:
    edge = start()
    edge.wait_for(lambda: services(edge)["luffycity"] == ONE, "the first one is found")
    second = edge.network.run_service("second", "luffycity")
    try:
        edge.wait_for(lambda: services(edge)["luffycity"] == {"up": 2, "of": 2}, "both are up")
        docker("kill", second)
        edge.wait_for(lambda: services(edge)["luffycity"]["up"] == 1, "one is down")
        assert services(edge)["luffy_api"] == ONE
    finally:
        docker("rm", "--force", second)
    edge.wait_for(lambda: services(edge)["luffycity"] == ONE, "the other one is forgotten")


def test_it_answers_when_nothing_else_does(start: StartEdge) -> None:
    edge = start()
    edge.wait_for(lambda: services(edge)["luffy_api"] == ONE, "the services are found")
    service = edge.network.containers[0]
    docker("kill", service)
    try:
        edge.wait_for(
            lambda: {one["up"] for one in services(edge).values()} == {0}, "all of them are down"
        )
    finally:
        docker("start", service)
    edge.wait_for(lambda: services(edge)["luffy_api"]["up"] == 1, "they are back")
