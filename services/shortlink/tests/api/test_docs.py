import re
from typing import Any

from shortlink.api.errors import error_response
from shortlink.problems import Problem

from tests.conftest import ALICE, Running


async def test_every_route_is_described(running: Running) -> None:
    document = (await running.client.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        *("/{code}", "/{code}.svg", "/healthz", "/readyz", "/metrics"),
        *("/api/links/", "/api/links/{code}", "/api/links/{code}/statistics"),
    }
    assert set(document["paths"]["/{code}"]) == {"get", "head"}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert "422" not in operation["responses"]
            needs = [{"basic": []}] if path.startswith("/api/") else [{}]
            assert operation["security"] == needs


async def test_answers_are_as_they_are_described(running: Running) -> None:
    document = (await running.client.get("/openapi.json")).json()

    def fields(name: str) -> set[str]:
        return set(document["components"]["schemas"][name]["properties"])

    made = (await running.make("https://example.org/")).json()
    assert set(made) == fields("LinkAnswer")
    page = (await running.client.get("/api/links/", auth=ALICE)).json()
    assert set(page) == fields("LinkList")
    used = await running.client.get(f"/api/links/{made['code']}/statistics", auth=ALICE)
    assert set(used.json()) == fields("LinkStatistics")
    refused = (await running.client.get("/unknown")).json()
    assert set(refused) == fields("Refusal")


async def test_the_page_asks_no_other_host(running: Running) -> None:
    page = await running.client.get("/docs")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page.text)
    for path in re.findall(r"(?:src|href)=\"(docs[^\"]+)\"", page.text):
        assert (await running.client.get(f"/{path}")).status_code == 200


async def test_the_index_says_where_to_look(running: Running) -> None:
    answer: dict[str, Any] = (await running.client.get("/")).json()
    assert answer["documentation"] == "/docs"


def test_an_error_says_what_to_do() -> None:
    answer = error_response(404, Problem("a", "b", "c", "d"))
    assert answer.headers["cache-control"] == "no-store"
