"""The demo world's list sites: what is read there is what was planted."""

import os
import time
from typing import Any

import httpx
import pytest
from proxypool.address import UpstreamRule, parse_networks
from proxypool.crawl import Crawl, crawl
from proxypool.fetch import new_session
from proxypool.source import Source

DEMO_URL = os.environ.get("DEMO_URL", "http://127.0.0.1:8009")
NEARBY = UpstreamRule(parse_networks("10.0.0.0/8,127.0.0.0/8,172.16.0.0/12,192.168.0.0/16"))
CELLS = {"host": "td:nth-child(1)", "port": "td:nth-child(2)", "protocol": "td:nth-child(3)"}
TABLE = {"type": "css", "rows": "table#proxies tbody tr"}
TABLE |= {"host": "td:nth-child(2)", "port": "td:nth-child(3)", "protocol": "td:nth-child(4)"}


async def read(path: str, parser: dict[str, str], **changes: object) -> Crawl:
    fields = {"name": "demo", "urls": [f"{DEMO_URL}/lists/{path}"], "parser": parser, **changes}
    async with new_session(NEARBY) as session:
        return await crawl(Source.model_validate(fields), session)


@pytest.mark.parametrize(
    ("path", "parser", "changes"),
    [
        ("table.html?page={page}", TABLE, {"pages": {"first": 1, "last": 9}}),
        ("proxies.json", {"type": "json", "path": "data.proxies", "protocol": "protocols"}, {}),
        (
            "hidden.html",
            {"type": "css", "rows": "table#hidden tbody tr", "decode": "base64", **CELLS},
            {},
        ),
        ("urls.txt", {"type": "text"}, {}),
        ("plain.txt", {"type": "text"}, {}),
    ],
)
async def test_what_is_listed_is_what_was_planted(
    path: str, parser: dict[str, str], changes: dict[str, Any]
) -> None:
    async with httpx.AsyncClient() as client:
        planted = (await client.get(f"{DEMO_URL}/farm/")).json()["proxies"]
    truth = {entry["proxy"]: entry["protocols"][0] for entry in planted}
    result = await read(path, parser, **changes)
    print(result.statistics())
    listed = {
        str(one.upstream): one.protocol
        for one in result.candidates
        if one.upstream.host not in ("127.0.0.1", "169.254.7.7")  # the noise of plain.txt
    }
    assert len(listed) >= 10
    assert set(listed) <= set(truth)
    if path != "plain.txt":
        assert listed == {proxy: truth[proxy] for proxy in listed}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("garbage", ""),
        ("huge", "larger than max_bytes"),
        ("endless", "larger than max_bytes"),
        ("slow", "not read within timeout_s"),
        ("bomb", "larger than max_bytes"),
        ("redirect-loop", "redirected more than 5 times"),
        ("wrong-encoding", "cannot be decompressed"),
    ],
)
async def test_a_page_as_it_should_not_be_ends_in_time(name: str, error: str) -> None:
    started = time.monotonic()
    result = await read(
        f"faults/{name}", {"type": "text"}, timeout_s=20.0 if name != "slow" else 2.0
    )
    print(f"{time.monotonic() - started:.1f} s: {result.error}")
    assert error in result.error
    assert result.error
    assert time.monotonic() - started < 60
