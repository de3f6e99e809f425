"""The OpenAPI document, the page that shows it, and requests made up from it."""

import re
from typing import Any

import pytest
import schemathesis
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.sms_provider import SmsProvider
from tests.stand import BASE_URL, Service

EXAMPLES = 15  # of each operation and mode
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Whom the answer is for expects a word, no JSON.
BARE = {("post /api/v1/order/success/", "200"): "text/plain"}
OF_THE_DOCUMENT = {"/api/v1/openapi.json", "/api/v1/docs/"}


def routes() -> set[str]:
    """Every address of the API, as the document writes them."""
    found = set()

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> None:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, path)
            else:
                found.add("/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path))

    walk(get_resolver().url_patterns, "")
    return {path for path in found if path.startswith("/api/")}


def takes_anything(operation: Any) -> bool:
    """Whether the description forbids no request: it has no body, and every parameter may be any
    text."""
    parameters = [*operation.query, *operation.headers, *operation.path_parameters]
    plain = all(one.definition.get("schema") == {"type": "string"} for one in parameters)
    return plain and not list(operation.body)


def test_every_route_is_described_whole(service: Service) -> None:
    answer = service.get("openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert set(paths) == routes() - OF_THE_DOCUMENT
    for path, operations in paths.items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            assert operation["summary"], place
            assert operation["operationId"], place
            assert set(operation["responses"]) >= {"200", "503"}, place
            for status, response in operation["responses"].items():
                if status != "204":
                    kind = BARE.get((place, status), "application/json")
                    assert response["content"][kind]["schema"], place


def test_the_page_is_there_and_asks_no_other_host(service: Service) -> None:
    page = service.get("docs/")
    assert page.status_code == 200
    asked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert asked
    for address in asked:
        assert not re.match(r"(https?:)?//", address), address
        file = service.get(address if address.startswith("/") else f"/api/v1/docs/{address}")
        assert file.status_code == 200, address
    script = service.get("docs/", params={"script": ""})
    assert script.status_code == 200
    assert "SwaggerUIBundle" in script.text
    assert not re.search(r"https?://(?!127\.0\.0\.1)", script.text)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_made_up_request_is_a_fault_of_ours(
    mode: GenerationMode, settled: Service, sms: SmsProvider
) -> None:
    schema: Any = schemathesis.openapi.from_url(f"{BASE_URL}/api/v1/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    assert {one.path for one in operations} == routes() - OF_THE_DOCUMENT
    asked = 0
    unasked: list[Any] = []
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode))
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            response = case.call(base_url=BASE_URL, timeout=20)
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Unsatisfiable:
            # It takes nothing: there is no request that its description forbids.
            unasked.append(operation)
    print(f"{asked} requests; none to {[one.label for one in unasked]}")
    assert asked >= EXAMPLES
    for operation in unasked:
        assert mode is GenerationMode.NEGATIVE, operation.label
        assert takes_anything(operation), operation.label
