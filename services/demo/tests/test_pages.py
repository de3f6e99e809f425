import re

import httpx
import pytest
from demo.lists import PAGE_SIZE
from demo.pages import build_app
from demo.settings import Settings
from starlette.types import Receive, Scope, Send

from tests.conftest import MakeSettings

ADDRESS = "172.30.0.9"


def client_of(settings: Settings) -> httpx.AsyncClient:
    """Pages asked at ADDRESS under the name `demo`; the farm does not run."""
    app = build_app(settings)

    async def at_address(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "server": (ADDRESS, 8009)}, receive, send)

    transport = httpx.ASGITransport(at_address)
    return httpx.AsyncClient(transport=transport, base_url="http://demo:8009")


@pytest.fixture
def client(make_settings: MakeSettings) -> httpx.AsyncClient:
    return client_of(make_settings())


async def truth_of(client: httpx.AsyncClient) -> list[dict[str, object]]:
    proxies: list[dict[str, object]] = (await client.get("/farm/")).json()["proxies"]
    return proxies


async def table_ports(client: httpx.AsyncClient) -> list[int]:
    ports = []
    for page in (1, 2, 3):
        text = (await client.get("/lists/table.html", params={"page": page})).text
        rows = re.findall(rf"<td> {ADDRESS} </td>\s*<td>(\d+)</td>", text)
        assert len(rows) <= PAGE_SIZE
        ports += [int(port) for port in rows]
    return ports


async def test_the_lists_give_the_address_that_they_were_asked_at(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/farm/")).json()["address"] == ADDRESS
    assert f"{ADDRESS}:20" in (await client.get("/lists/plain.txt")).text
    proxies = (await client.get("/lists/proxies.json")).json()["data"]["proxies"]
    assert {entry["ip"] for entry in proxies} == {ADDRESS}
    assert ADDRESS in (await client.get("/lists/table.html")).text


async def test_a_set_address_wins(make_settings: MakeSettings) -> None:
    async with client_of(make_settings(FARM_ADDRESS="192.0.2.5")) as client:
        assert (await client.get("/farm/")).json()["address"] == "192.0.2.5"
        assert ADDRESS not in (await client.get("/lists/plain.txt")).text


async def test_every_planted_proxy_is_on_a_list_and_no_list_has_all(
    client: httpx.AsyncClient,
) -> None:
    planted = {entry["port"] for entry in await truth_of(client)}
    table = set(await table_ports(client))
    text = (await client.get("/lists/plain.txt")).text
    plain = {int(port) for port in re.findall(rf"{ADDRESS}:(\d+)", text)}
    proxies = (await client.get("/lists/proxies.json")).json()["data"]["proxies"]
    json = {int(entry["port"]) for entry in proxies}
    assert table | plain | json == planted
    for listed in (table, plain, json):
        assert 0 < len(listed) < len(planted)


async def test_the_plain_text_is_noisy(client: httpx.AsyncClient) -> None:
    text = (await client.get("/lists/plain.txt")).text
    assert "999.1.1.1:99999" in text
    assert "127.0.0.1:8080" in text
    assert text.count("# again") >= 5


async def test_the_table_is_paged_and_empty_beyond_its_end(client: httpx.AsyncClient) -> None:
    first = (await client.get("/lists/table.html")).text
    assert first == (await client.get("/lists/table.html?page=1")).text
    assert 'href="?page=2"' in first
    beyond = await client.get("/lists/table.html?page=99")
    assert beyond.status_code == 200
    assert ADDRESS not in beyond.text


@pytest.mark.parametrize("page", ["0", "-1", "one", "1.5", "99999999999", "", "١"])
async def test_a_bad_page_number_is_told(page: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/lists/table.html", params={"page": page})
    assert answer.status_code == 400
    assert "expected a whole number" in answer.text


async def test_markup_in_a_bad_page_number_is_only_text(client: httpx.AsyncClient) -> None:
    answer = await client.get("/lists/table.html", params={"page": "<script>"})
    assert answer.headers["content-type"].startswith("text/plain")


async def test_the_truth_names_all_that_is_planted(client: httpx.AsyncClient) -> None:
    planted = await truth_of(client)
    assert len(planted) == 64
    assert set(planted[0]) == {"proxy", "port", "behaviour", "exit_ip", "delay_s", "usable"}
    for entry in planted:
        assert bool(entry["exit_ip"]) == entry["usable"] == (entry["behaviour"] in ("good", "slow"))


async def test_the_index_is_for_people_with_a_phone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert 'name="viewport"' in answer.text
    assert "lists/plain.txt" in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text


async def test_healthz(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
