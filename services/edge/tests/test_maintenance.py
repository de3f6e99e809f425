"""While the engine has filled the two files, the course site is closed, and nothing else."""

from __future__ import annotations

import pytest
from conftest import Edge, Network, docker, render, start_edge


def close(edge: Edge, *let: str) -> None:
    """Close the site as the release engine does."""
    render(edge.folder)
    with (edge.folder / "maintenance.map").open("a") as closed:
        closed.write("closed yes\nretry_after 600\n")
    with (edge.folder / "maintenance.let").open("a") as allowed:
        allowed.writelines(f"{each}\n" for each in let)
    load(edge)


def load(edge: Edge) -> None:
    """Have the edge load what lies there, and wait until its master is at rest again."""
    count = edge.log().count("Former worker")
    edge.execute("edge-check-config")
    edge.execute("edge-save-state")
    docker("kill", "--signal", "USR2", edge.name)
    edge.wait_for(lambda: edge.log().count("Former worker") > count, "it is loaded", 40)


@pytest.fixture(scope="module")
def mine(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Edge:
    """An edge of this file's own."""
    edge = start_edge(network, tmp_path_factory.mktemp("maintenance"))
    edge.wait_for(lambda: edge.get(8080).status_code == 200, "the services are found")
    return edge


@pytest.fixture(scope="module")
def closed(mine: Edge) -> Edge:
    """The same, closed to all."""
    close(mine)
    return mine


@pytest.mark.parametrize(
    ("port", "path"), [(8080, "/"), (8080, "/course/1"), (8000, "/media/a.png")]
)
def test_a_page_in_two_languages_says_when_to_come_back(closed: Edge, port: int, path: str) -> None:
    answer = closed.get(port, path)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "600"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-maintenance"] == "on"
    assert answer.headers["x-request-id"]
    assert "closed for maintenance" in answer.content.decode()
    assert "网站维护中" in answer.content.decode()


@pytest.mark.parametrize(("port", "method"), [(8080, "GET"), (8000, "GET"), (8000, "POST")])
def test_the_api_says_it_in_json(closed: Edge, port: int, method: str) -> None:
    answer = closed.request(method, port, "/api/v1/course/actual/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "600")
    assert answer.headers["content-type"] == "application/json"
    assert (answer.json()["code"], answer.json()["error"]) == (503, "maintenance")


def test_pool_and_judge_go_on(closed: Edge) -> None:
    assert closed.get(5010, "/get/").status_code == 200
    assert closed.get(8001, "/check/").status_code == 200
    assert closed.get(20000).status_code == 200
    assert closed.execute("edge-health").returncode == 0


def test_it_lasts_over_a_restart_and_ends_with_the_files(mine: Edge) -> None:
    close(mine)
    docker("restart", mine.name)
    mine.wait_for(lambda: mine.get(8080).status_code == 503, "it answers again")
    assert mine.get(8080).headers["x-maintenance"] == "on"
    render(mine.folder)
    load(mine)
    mine.wait_for(lambda: mine.get(8080).status_code == 200, "it is open")
    assert "x-maintenance" not in mine.get(8080).headers


@pytest.mark.parametrize(
    ("let", "status"),
    [
        (("203.0.113.7/32", "127.0.0.0/8"), 200),
        (("127.0.0.1",), 200),
        (("203.0.113.7/32", "::1/128"), 503),
    ],
)
def test_who_is_let_in_is_let_in(mine: Edge, let: tuple[str, ...], status: int) -> None:
    # Callers of this host are told by the loopback address.
    close(mine, *let)
    assert mine.get(8080).status_code == status
    assert mine.get(8000, "/api/v1/").status_code == status
    forged = mine.get(8080, headers={"X-Forwarded-For": "203.0.113.7"})
    assert forged.status_code == status
