import re

import httpx

from tests.api.conftest import Call

REFERENCE = {"/get/", "/pop/", "/all/", "/count/", "/delete/"}


async def test_the_page_asks_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy.replace("https:", "http:")
    linked = re.findall(r"""(?:src|href)="([^"]*)\"""", page.text)
    assert linked
    for address in linked:
        assert not re.match(r"\w+:(?!,)|//", address), address
        if not address.startswith("data:"):
            assert (await client.get(f"/{address}")).status_code == 200, address
    assert not re.search(r"<script(?![^>]* src=)", page.text), "nothing inline"
    assert "//" not in (await client.get("/docs/start.js")).text
    assert "validatorUrl: null" in (await client.get("/docs/start.js")).text
    style = (await client.get("/docs-assets/swagger-ui.css")).text
    assert not re.search(r"""url\(["']?(https?:)?//""", style)
    assert "@import" not in style


async def test_every_route_is_documented_whole(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    paths = document["paths"]
    assert REFERENCE | {"/healthz", "/readyz", "/metrics"} <= set(paths)
    v2 = {
        f"{method.upper()} {path.removeprefix('/api/v2')}"
        for path, operations in paths.items()
        for method in operations
        if path.startswith("/api/v2/")
    }
    assert v2 == {
        "GET /proxies",
        "POST /proxies",
        "GET /proxies/random",
        "GET /proxies/best",
        "POST /proxies/pop",
        "GET /proxies/{proxy}",
        "DELETE /proxies/{proxy}",
        "POST /proxies/{proxy}/report",
        "POST /import",
        "GET /export",
        "GET /stats",
        "GET /history",
        "GET /requests",
        "GET /facets",
        "GET /targets",
        "PUT /targets/{name}",
        "DELETE /targets/{name}",
        "GET /sources",
        "POST /try",
    }
    for path, operations in paths.items():
        for operation in operations.values():
            place = f"{path} {operation}"
            assert operation["summary"], place
            responses = operation["responses"]
            assert "422" not in responses, place
            assert "200" in responses, place
            for content in responses["200"]["content"].values():
                assert content["schema"], place
            if not path.endswith("z"):
                assert {"401", "403", "429"} <= set(responses), place
            if path.startswith("/api/v2/"):
                assert {"400", "503"} <= set(responses), place
                for parameter in operation.get("parameters", []):
                    assert parameter["schema"], place
    assert set(document["components"]["securitySchemes"]) == {"basic", "bearer", "key"}
    assert document["security"]


async def test_the_document_refers_to_nothing_that_is_missing(client: httpx.AsyncClient) -> None:
    text = (await client.get("/openapi.json")).text
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    names = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert names
    assert names <= set(schemas)


async def test_operations_say_that_trusted_callers_need_nothing(call: Call) -> None:
    document = (await call("127.0.0.1").get("/openapi.json")).json()
    assert {} in document["security"]
