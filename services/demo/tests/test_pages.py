import csv
import re
from base64 import b64decode
from ipaddress import ip_address, ip_network
from pathlib import Path

import httpx
import pytest
from demo.lists import PAGE_SIZE
from demo.pages import build_app
from demo.plan import plant, plant_wide
from demo.settings import Settings
from starlette.types import Receive, Scope, Send

from tests.conftest import MakeSettings

NETWORKS = Path(__file__).parent.parent / "networks.csv"
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
    urls = {
        int(line.rpartition(":")[2])
        for line in (await client.get("/lists/urls.txt")).text.splitlines()
    }
    assert table | plain | json | urls == planted
    for listed in (table, plain, json, urls):
        assert 0 < len(listed) < len(planted)
    hidden = {int(port) for port in re.findall(r"<td>(\d+)</td>", await hidden_page(client))}
    assert hidden == json


async def hidden_page(client: httpx.AsyncClient) -> str:
    return (await client.get("/lists/hidden.html")).text


async def test_addresses_are_hidden_in_a_script(client: httpx.AsyncClient) -> None:
    page = await hidden_page(client)
    assert ADDRESS not in page
    (address,) = set(re.findall(r'Base64\.decode\("([^"]+)"\)', page))
    assert b64decode(address).decode() == ADDRESS


async def test_locked_ones_stand_with_their_credentials_on_the_list_of_urls_alone(
    client: httpx.AsyncClient,
) -> None:
    locked = [entry for entry in await truth_of(client) if entry["username"]]
    lines = (await client.get("/lists/urls.txt")).text.splitlines()
    others = [
        (await client.get(path)).text
        for path in ("/lists/plain.txt", "/lists/proxies.json", "/lists/hidden.html")
    ]
    table = await table_ports(client)
    for entry in locked:
        assert sum(line.endswith(f"://{entry['proxy']}") for line in lines) == 1
        assert entry["port"] not in table
        assert not any(str(entry["port"]) in text for text in others)


async def test_the_lists_tell_protocols_as_list_sites_do(client: httpx.AsyncClient) -> None:
    truth = {entry["port"]: entry for entry in await truth_of(client)}

    def told(port: object) -> list[str]:
        protocols = truth[port]["protocols"]
        assert isinstance(protocols, list)
        return ["https" if protocol == "connect" else str(protocol) for protocol in protocols]

    for entry in (await client.get("/lists/proxies.json")).json()["data"]["proxies"]:
        assert entry["protocols"] == told(int(entry["port"]))
    page = (await client.get("/lists/table.html")).text
    rows = re.findall(r"<td>(\d+)</td>\s*<td>([A-Z0-9, ]+)</td>", page)
    assert len(rows) == PAGE_SIZE
    for port, protocols in rows:
        assert protocols.lower().split(", ") == told(int(port))
    for line in (await client.get("/lists/urls.txt")).text.splitlines():
        assert line.partition("://")[0] == told(int(line.rpartition(":")[2]))[0]


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


async def test_the_truth_names_all_that_is_planted(
    client: httpx.AsyncClient, make_settings: MakeSettings
) -> None:
    settings = make_settings()
    planted = plant(settings.farm_port_first, settings.farm_port_count, settings.farm_seed)
    told = (await client.get("/farm/")).json()
    assert told["total"] == 64
    assert told["proxies"] == [entry.truth(ADDRESS) for entry in planted]


async def test_the_truth_about_many_comes_in_pages(make_settings: MakeSettings) -> None:
    settings = make_settings(FARM_WIDE_PORT="30000", FARM_WIDE_COUNT="2500")
    expected = [entry.truth() for entry in plant_wide(30000, 2500, settings.farm_seed)]
    async with client_of(settings) as client:
        first = (await client.get("/farm/wide/")).json()
        assert (first["total"], first["offset"], first["limit"]) == (2500, 0, 1000)
        found = list(first["proxies"])
        for offset in (1000, 2000, 3000):
            page = (await client.get("/farm/wide/", params={"offset": offset})).json()
            found += page["proxies"]
        assert found == expected
        all_at_once = (await client.get("/farm/wide/?limit=100000")).json()["proxies"]
        assert all_at_once == expected
        dead = (await client.get("/farm/wide/?behaviour=dead&limit=5")).json()
        assert dead["total"] == sum(entry["behaviour"] == "dead" for entry in expected)
        assert {entry["behaviour"] for entry in dead["proxies"]} == {"dead"}
        lines = (await client.get("/lists/wide.txt?offset=10&limit=20")).text.splitlines()
        assert [line.partition("://")[2] for line in lines] == [
            entry["proxy"] for entry in expected[10:30]
        ]
        assert "farm/wide/" in (await client.get("/")).text


async def test_without_the_wide_farm_its_truth_is_empty(client: httpx.AsyncClient) -> None:
    assert (await client.get("/farm/wide/")).json()["proxies"] == []
    assert (await client.get("/lists/wide.txt")).text == ""
    assert "farm/wide/" not in (await client.get("/")).text


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "offset=x", "limit=0", "limit=100001", "limit=٣", "behaviour=best", "of=wide"],
)
@pytest.mark.parametrize("path", ["/farm/", "/farm/wide/", "/lists/wide.txt"])
async def test_a_bad_page_of_the_truth_is_told(
    path: str, query: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert "expected " in answer.text


async def test_networks_are_served_and_stand_in_the_file(client: httpx.AsyncClient) -> None:
    served = (await client.get("/farm/networks.csv")).text
    assert served == NETWORKS.read_text(encoding="utf-8")
    rows = list(csv.DictReader(served.splitlines()))
    assert list(rows[0]) == ["network", "country", "asn", "name"]
    for entry in await truth_of(client):
        if entry["exit_ip"]:
            ip = ip_address(str(entry["exit_ip"]))
            (row,) = [row for row in rows if ip in ip_network(row["network"])]
            assert (row["country"], row["asn"], row["name"]) == (
                entry["country"],
                str(entry["asn"]),
                entry["as_name"],
            )


async def test_a_farm_that_is_no_judge_has_no_authority(client: httpx.AsyncClient) -> None:
    assert (await client.get("/farm/ca.pem")).status_code == 404


async def test_the_index_is_for_people_with_a_phone(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert 'name="viewport"' in answer.text
    assert "lists/plain.txt" in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text


async def test_healthz(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
